//! The arguments of `doorbuster demo` and `doorbuster rehearse`.

use std::path::PathBuf;

use clap::Args;

use super::SettingsArgs;

/// The default seed of a demo shop.
pub(super) const SEED: &str = "1";

#[derive(Debug, Clone, Args)]
pub struct DemoArgs {
    /// Seed of products, campaigns and customers: the same seed makes the same shop
    #[arg(long, value_name = "N", default_value = SEED)]
    pub seed: u64,
    /// Customers of the sale
    #[arg(long, value_name = "N", default_value_t = 20_000, value_parser = clap::value_parser!(u64).range(1..=200_000))]
    pub customers: u64,
    /// Coupons of the sale; there are goods for eight of ten coupons
    #[arg(long, value_name = "N", default_value_t = 1_000, value_parser = clap::value_parser!(u64).range(1..=200_000))]
    pub quantity: u64,
    /// Over how many seconds the requests of the sale are spread
    #[arg(long, value_name = "SECONDS", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=300))]
    pub seconds: u64,
    /// Connections that all customers share
    #[arg(long, value_name = "N", default_value_t = 64, value_parser = clap::value_parser!(u16).range(1..=1_000))]
    pub connections: u16,
    /// Keep the folder of the shop; with --data-dir it is always kept
    #[arg(long)]
    pub keep: bool,
    /// Keep serving the shop on server.listen after the sale, until it is stopped
    #[arg(long)]
    pub serve: bool,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub settings: SettingsArgs,
}

#[derive(Debug, Clone, Args)]
pub struct RehearseArgs {
    /// The script: the drop, its customers and the machines; see docs/rehearsal.md and examples/drop.toml
    #[arg(value_name = "FILE")]
    pub script: PathBuf,
    /// Measure this machine first, for about fifteen seconds, instead of the script's speeds
    #[arg(long)]
    pub calibrate: bool,
    /// Seed of the customers; default: the script's
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// Play the script alone, without trials of other rates and numbers of processes
    #[arg(long)]
    pub no_advice: bool,
    /// Write a page with plots to this file
    #[arg(long, value_name = "FILE")]
    pub page: Option<PathBuf>,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}
