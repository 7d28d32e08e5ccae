//! `doorbuster order` on the command line.

use clap::{Args, Subcommand};

use super::{ListArgs, MomentArgs, ShopArgs, moment};

#[derive(Debug, Clone, Args)]
pub struct OrderArgs {
    #[command(subcommand)]
    pub act: OrderCommand,
}

#[derive(Debug, Clone, Subcommand)]
pub enum OrderCommand {
    /// List orders, newest first
    List {
        /// Only orders of this user
        #[arg(long, value_name = "ID")]
        user: Option<i64>,
        /// Only orders with a line of this product
        #[arg(long, value_name = "ID")]
        product: Option<i64>,
        /// Only orders with a coupon of this campaign
        #[arg(long, value_name = "ID")]
        coupon: Option<i64>,
        /// Only orders with this status, such as PREPARING
        #[arg(long, value_name = "STATUS")]
        status: Option<String>,
        /// Only orders with this outcome, such as COMPLETED
        #[arg(long, value_name = "OUTCOME")]
        outcome: Option<String>,
        /// Only orders placed at this time or later
        #[arg(long, value_name = "TIME", value_parser = moment)]
        from: Option<String>,
        /// Only orders placed before this time
        #[arg(long, value_name = "TIME", value_parser = moment)]
        to: Option<String>,
        #[command(flatten)]
        list: Box<ListArgs>,
    },
    /// Show one order with its items, payment and shipment
    Show {
        #[arg(value_name = "NUMBER")]
        order: String,
        #[command(flatten)]
        shop: ShopArgs,
    },
    /// Cancel an order
    Cancel {
        #[arg(value_name = "NUMBER")]
        order: String,
        /// Reason, which the customer sees
        #[arg(long, value_name = "TEXT")]
        reason: Option<String>,
        #[command(flatten)]
        shop: ShopArgs,
    },
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
        /// Reason, for the trail
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
