//! `doorbuster order` on the command line.

use clap::{Args, Subcommand};

use super::ShopArgs;

#[derive(Debug, Clone, Args)]
pub struct OrderArgs {
    #[command(subcommand)]
    pub act: OrderCommand,
}

#[derive(Debug, Clone, Subcommand)]
pub enum OrderCommand {
    /// List orders whose compensation got stuck, newest first
    Stuck {
        /// So many at most
        #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=100))]
        limit: u32,
        #[command(flatten)]
        shop: ShopArgs,
    },
    /// Ask the participants of a stuck order again to give back what it holds
    Resume {
        #[arg(value_name = "NUMBER")]
        order: String,
        /// Why, for the log
        #[arg(long, value_name = "TEXT")]
        reason: Option<String>,
        #[command(flatten)]
        shop: ShopArgs,
    },
    /// Have the shop itself give back what a stuck order holds, and settle it
    Resolve {
        #[arg(value_name = "NUMBER")]
        order: String,
        /// Why, for the record
        #[arg(long, value_name = "TEXT")]
        reason: String,
        #[command(flatten)]
        shop: ShopArgs,
    },
    /// Decide about a refund that waits for the shop, and take in what comes back
    Refund {
        #[command(subcommand)]
        act: RefundCommand,
    },
}

#[derive(Debug, Clone, Subcommand)]
pub enum RefundCommand {
    /// Give the price back
    Approve {
        #[arg(value_name = "NUMBER")]
        order: String,
        /// What becomes of the goods
        #[arg(long, value_name = "WHAT", default_value = "awaited", value_parser = ["awaited", "returned", "written-off"])]
        goods: String,
        #[command(flatten)]
        shop: ShopArgs,
    },
    /// Leave the order as it was
    Reject {
        #[arg(value_name = "NUMBER")]
        order: String,
        /// Why; the customer is told
        #[arg(long, value_name = "TEXT")]
        reason: String,
        #[command(flatten)]
        shop: ShopArgs,
    },
    /// Say that all refunded goods of an order arrived
    Arrived {
        #[arg(value_name = "NUMBER")]
        order: String,
        /// They are lost, or worth nothing any more
        #[arg(long)]
        write_off: bool,
        #[command(flatten)]
        shop: ShopArgs,
    },
}
