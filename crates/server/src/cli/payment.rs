//! `doorbuster payment` on the command line.

use clap::{Args, Subcommand};

use super::{ListArgs, ShopArgs};

#[derive(Debug, Clone, Args)]
pub struct PaymentArgs {
    #[command(subcommand)]
    pub act: PaymentCommand,
}

#[derive(Debug, Clone, Subcommand)]
pub enum PaymentCommand {
    /// List payments in one state, newest first
    List {
        /// The state, such as STUCK
        #[arg(long, value_name = "STATE", default_value = "STUCK")]
        state: String,
        #[command(flatten)]
        list: ListArgs,
    },
    /// Show one payment
    Show {
        #[arg(value_name = "ID")]
        payment: String,
        #[command(flatten)]
        shop: ShopArgs,
    },
    /// List payments with a stuck refund or void, newest first
    Stuck {
        /// Maximum number to list
        #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=100))]
        limit: u32,
        #[command(flatten)]
        shop: ShopArgs,
    },
    /// Ask the provider once more for the stuck refund or void
    Retry {
        #[arg(value_name = "ID")]
        payment: String,
        #[command(flatten)]
        shop: ShopArgs,
    },
    /// Record that the money was returned without the provider
    Resolve {
        #[arg(value_name = "ID")]
        payment: String,
        /// Reason, for the record
        #[arg(long, value_name = "TEXT")]
        reason: String,
        /// Reference: the number of a bank transfer, or of a case at the provider
        #[arg(long, value_name = "TEXT")]
        reference: String,
        #[command(flatten)]
        shop: ShopArgs,
    },
}
