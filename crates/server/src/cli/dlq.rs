//! `doorbuster dlq` on the command line.

use clap::{Args, Subcommand};

use super::ShopArgs;

#[derive(Debug, Clone, Args)]
pub struct DlqArgs {
    #[command(subcommand)]
    pub act: DlqCommand,
}

#[derive(Debug, Clone, Subcommand)]
pub enum DlqCommand {
    /// List dead letters, newest first
    List {
        /// Include handled and dropped ones
        #[arg(long)]
        all: bool,
        /// Maximum number to list
        #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=100))]
        limit: u32,
        #[command(flatten)]
        shop: ShopArgs,
    },
    /// Show one dead letter: origin, payload and history
    Show {
        #[arg(value_name = "NUMBER", value_parser = number())]
        letter: i64,
        #[command(flatten)]
        shop: ShopArgs,
    },
    /// Replace the payload; the old one is kept
    Edit {
        #[arg(value_name = "NUMBER", value_parser = number())]
        letter: i64,
        /// New payload: the event's JSON
        #[arg(long, value_name = "JSON")]
        payload: String,
        /// Reason, for the record
        #[arg(long, value_name = "TEXT")]
        reason: String,
        #[command(flatten)]
        shop: ShopArgs,
    },
    /// Handle it again now, by its own group only
    Resend {
        #[arg(value_name = "NUMBER", value_parser = number())]
        letter: i64,
        /// Reason, for the record
        #[arg(long, value_name = "TEXT")]
        reason: String,
        #[command(flatten)]
        shop: ShopArgs,
    },
    /// Close it without handling it
    Drop {
        #[arg(value_name = "NUMBER", value_parser = number())]
        letter: i64,
        /// Reason, for the record
        #[arg(long, value_name = "TEXT")]
        reason: String,
        #[command(flatten)]
        shop: ShopArgs,
    },
}

fn number() -> clap::builder::RangedI64ValueParser<i64> {
    clap::value_parser!(i64).range(1..)
}
