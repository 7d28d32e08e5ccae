//! Arguments of `doorbuster size`.

use clap::{Args, ValueEnum};

#[derive(Debug, Clone, Args)]
pub struct SizeArgs {
    /// Orders per second at the peak
    #[arg(long, value_name = "N", value_parser = up_to(1e9))]
    pub orders_per_second: f64,
    /// Coupons issued per second at the peak
    #[arg(long, value_name = "N", default_value = "0", value_parser = up_to(1e9))]
    pub coupons_per_second: f64,
    /// Days whose orders are kept
    #[arg(long, value_name = "N", value_parser = up_to(1e9))]
    pub days: f64,
    /// Share of a day with that peak, in percent: a sale of 15 minutes is 1
    #[arg(long, value_name = "PERCENT", default_value = "100", value_parser = up_to(100.0))]
    pub busy_percent: f64,
    /// Connections open at once
    #[arg(long, value_name = "N", default_value = "1000", value_parser = up_to(1e9))]
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

/// Returns a parser of numbers from 0 to a limit.
fn up_to(most: f64) -> impl Fn(&str) -> Result<f64, String> + Clone + Send + Sync + 'static {
    move |text: &str| {
        text.parse()
            .ok()
            .filter(|number: &f64| (0.0..=most).contains(number))
            .ok_or_else(|| format!("must be a number from 0 to {most}"))
    }
}
