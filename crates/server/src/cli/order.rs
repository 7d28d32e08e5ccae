//! `doorbuster order` on the command line.

use clap::{Args, Subcommand};

use super::{MomentArgs, ShopArgs};

#[derive(Debug, Clone, Args)]
pub struct OrderArgs {
    #[command(subcommand)]
    pub act: OrderCommand,
}

#[derive(Debug, Clone, Subcommand)]
pub enum OrderCommand {
    /// List orders with a stuck compensation, newest first
    Stuck {
        /// Maximum number to list
        #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=100))]
        limit: u32,
        #[command(flatten)]
        shop: ShopArgs,
    },
    /// Ask the participants of a stuck order again to restore what it holds
    Resume {
        #[arg(value_name = "NUMBER")]
        order: String,
        /// Reason, for the log
        #[arg(long, value_name = "TEXT")]
        reason: Option<String>,
        #[command(flatten)]
        shop: ShopArgs,
    },
    /// Restore what a stuck order holds directly, and end its compensation
    Resolve {
        #[arg(value_name = "NUMBER")]
        order: String,
        /// Reason, for the record
        #[arg(long, value_name = "TEXT")]
        reason: String,
        #[command(flatten)]
        shop: ShopArgs,
    },
    /// Show an order as it was at a moment, computed from the events alone, and the events up to it
    History {
        #[arg(value_name = "NUMBER")]
        order: String,
        #[command(flatten)]
        moment: MomentArgs,
        #[command(flatten)]
        shop: ShopArgs,
    },
    /// Show each event of an order below its cause, with the rule that decided
    Why {
        #[arg(value_name = "NUMBER")]
        order: String,
        #[command(flatten)]
        shop: ShopArgs,
    },
    /// Decide on a refund request, and record returned goods
    Refund {
        #[command(subcommand)]
        act: RefundCommand,
    },
}

#[derive(Debug, Clone, Subcommand)]
pub enum RefundCommand {
    /// Approve: refund the price
    Approve {
        #[arg(value_name = "NUMBER")]
        order: String,
        /// State of the goods
        #[arg(long, value_name = "WHAT", default_value = "awaited", value_parser = ["awaited", "returned", "written-off"])]
        goods: String,
        #[command(flatten)]
        shop: ShopArgs,
    },
    /// Reject: the order stays as it was
    Reject {
        #[arg(value_name = "NUMBER")]
        order: String,
        /// Reason, which the customer sees
        #[arg(long, value_name = "TEXT")]
        reason: String,
        #[command(flatten)]
        shop: ShopArgs,
    },
    /// Record that all refunded goods of an order arrived
    Arrived {
        #[arg(value_name = "NUMBER")]
        order: String,
        /// The goods are lost or worthless
        #[arg(long)]
        write_off: bool,
        #[command(flatten)]
        shop: ShopArgs,
    },
}
