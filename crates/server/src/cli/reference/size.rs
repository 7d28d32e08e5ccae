//! Arguments of `doorbuster size`.

use clap::{Args, ValueEnum};

#[derive(Debug, Clone, Args)]
pub struct SizeArgs {
    /// Orders per second at the peak
    #[arg(long, value_name = "N", value_parser = positive)]
    pub orders_per_second: f64,
    /// Coupons issued per second at the peak
    #[arg(long, value_name = "N", default_value = "0", value_parser = positive)]
    pub coupons_per_second: f64,
    /// Days whose orders are kept
    #[arg(long, value_name = "N", value_parser = positive)]
    pub days: f64,
    /// Share of a day with that peak, in percent: a sale of 15 minutes is 1
    #[arg(long, value_name = "PERCENT", default_value = "100", value_parser = percent)]
    pub busy_percent: f64,
    /// Connections open at once
    #[arg(long, value_name = "N", default_value = "1000", value_parser = positive)]
    pub connections: f64,
    /// One process with its own store, or processes over MySQL, Kafka and Redis
    #[arg(long, value_name = "NAME", value_enum, default_value_t = StackArg::Embedded)]
    pub stack: StackArg,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum StackArg {
    Embedded,
    Cluster,
}

fn positive(text: &str) -> Result<f64, String> {
    text.parse()
        .ok()
        .filter(|number: &f64| (0.0..=1e9).contains(number))
        .ok_or_else(|| "must be a number from 0 to 1000000000".to_owned())
}

fn percent(text: &str) -> Result<f64, String> {
    text.parse()
        .ok()
        .filter(|number: &f64| (0.0..=100.0).contains(number))
        .ok_or_else(|| "must be a number from 0 to 100".to_owned())
}
