//! `doorbuster coupon`, `product` and `user`: the past of each.

use clap::{Args, Subcommand};

use super::ShopArgs;

#[derive(Debug, Clone, Args)]
pub struct PastArgs {
    #[command(subcommand)]
    pub act: PastCommand,
}

#[derive(Debug, Clone, Subcommand)]
pub enum PastCommand {
    /// Show the state at a moment, computed from the events alone, and the events up to it
    History {
        #[arg(value_name = "ID", value_parser = clap::value_parser!(i64).range(1..))]
        id: i64,
        #[command(flatten)]
        moment: MomentArgs,
        #[command(flatten)]
        shop: ShopArgs,
    },
}

/// The moment of a history.
#[derive(Debug, Clone, Args)]
pub struct MomentArgs {
    /// Moment, such as 2026-11-21T12:00:00Z; default: now
    #[arg(long, value_name = "TIME", value_parser = super::moment)]
    pub as_of: Option<String>,
    /// Maximum number of events to show, oldest first
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub limit: u32,
}
