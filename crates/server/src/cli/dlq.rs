//! `doorbuster dlq` on the command line.

use clap::{Args, Subcommand};

use super::SettingsArgs;

#[derive(Debug, Clone, Args)]
pub struct DlqArgs {
    #[command(subcommand)]
    pub act: DlqCommand,
}

#[derive(Debug, Clone, Subcommand)]
pub enum DlqCommand {
    /// List dead letters, newest first
    List {
        /// Handled and dropped ones as well
        #[arg(long)]
        all: bool,
        /// So many at most
        #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=100))]
        limit: u32,
        #[command(flatten)]
        shop: ShopArgs,
    },
    /// Show one: where it came from, what it says, what befell it
    Show {
        #[arg(value_name = "NUMBER", value_parser = number())]
        letter: i64,
        #[command(flatten)]
        shop: ShopArgs,
    },
    /// Correct what it says; what it said before is kept
    Edit {
        #[arg(value_name = "NUMBER", value_parser = number())]
        letter: i64,
        /// The event's JSON
        #[arg(long, value_name = "JSON")]
        payload: String,
        /// Why, for the record
        #[arg(long, value_name = "TEXT")]
        reason: String,
        #[command(flatten)]
        shop: ShopArgs,
    },
    /// Have it handled now, by its own group alone
    Resend {
        #[arg(value_name = "NUMBER", value_parser = number())]
        letter: i64,
        /// Why, for the record
        #[arg(long, value_name = "TEXT")]
        reason: String,
        #[command(flatten)]
        shop: ShopArgs,
    },
    /// Decide that it need not be handled
    Drop {
        #[arg(value_name = "NUMBER", value_parser = number())]
        letter: i64,
        /// Why, for the record
        #[arg(long, value_name = "TEXT")]
        reason: String,
        #[command(flatten)]
        shop: ShopArgs,
    },
}

fn number() -> clap::builder::RangedI64ValueParser<i64> {
    clap::value_parser!(i64).range(1..)
}

/// Which shop is meant: the one at an address, or the one in the data folder, whether it is served or not.
#[derive(Debug, Clone, Args)]
pub struct ShopArgs {
    /// Address of a running server, such as http://127.0.0.1:8080
    #[arg(long, value_name = "URL")]
    pub url: Option<String>,
    /// An admin's token for it; one is signed with the shop's secret unless given
    #[arg(long, value_name = "TOKEN", requires = "url")]
    pub token: Option<String>,
    #[command(flatten)]
    pub settings: SettingsArgs,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}
