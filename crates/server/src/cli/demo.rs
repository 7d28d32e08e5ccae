//! The arguments of `doorbuster demo`.

use clap::Args;

use super::SettingsArgs;

/// What a demonstration is filled from, unless another seed is given.
pub(super) const SEED: &str = "1";

#[derive(Debug, Clone, Args)]
pub struct DemoArgs {
    /// What products, campaigns and customers are made from: the same seed, the same shop
    #[arg(long, value_name = "N", default_value = SEED)]
    pub seed: u64,
    /// Customers who come to the sale
    #[arg(long, value_name = "N", default_value_t = 20_000, value_parser = clap::value_parser!(u64).range(1..=200_000))]
    pub customers: u64,
    /// Coupons of the sale; eight of ten who have one also get the goods
    #[arg(long, value_name = "N", default_value_t = 1_000, value_parser = clap::value_parser!(u64).range(1..=200_000))]
    pub quantity: u64,
    /// Over how long the requests of the sale are spread
    #[arg(long, value_name = "SECONDS", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=300))]
    pub seconds: u64,
    /// Connections that the crowd shares
    #[arg(long, value_name = "N", default_value_t = 64, value_parser = clap::value_parser!(u16).range(1..=1_000))]
    pub connections: u16,
    /// Leave the folder of the shop where it is; with --data-dir it is always left
    #[arg(long)]
    pub keep: bool,
    /// Leave the shop open on server.listen when the sale is over, until it is told to stop
    #[arg(long)]
    pub serve: bool,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub settings: SettingsArgs,
}
