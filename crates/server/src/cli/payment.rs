//! `doorbuster payment` on the command line.

use clap::{Args, Subcommand};

use super::ShopArgs;

#[derive(Debug, Clone, Args)]
pub struct PaymentArgs {
    #[command(subcommand)]
    pub act: PaymentCommand,
}

#[derive(Debug, Clone, Subcommand)]
pub enum PaymentCommand {
    /// List payments of which a refund or a void got stuck, newest first
    Stuck {
        /// So many at most
        #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=100))]
        limit: u32,
        #[command(flatten)]
        shop: ShopArgs,
    },
    /// Ask the provider once more to give back what is stuck
    Retry {
        #[arg(value_name = "ID")]
        payment: String,
        #[command(flatten)]
        shop: ShopArgs,
    },
    /// Say that what is stuck was given back without the provider
    Resolve {
        #[arg(value_name = "ID")]
        payment: String,
        /// Why, for the record
        #[arg(long, value_name = "TEXT")]
        reason: String,
        /// Where it can be found: the number of a bank transfer, of a case at the provider
        #[arg(long, value_name = "TEXT")]
        reference: String,
        #[command(flatten)]
        shop: ShopArgs,
    },
}
