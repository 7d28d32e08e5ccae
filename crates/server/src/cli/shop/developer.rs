//! `doorbuster listen` and `doorbuster trigger` on the command line.

use clap::Args;

use super::ShopArgs;

#[derive(Debug, Clone, Args)]
pub struct ListenArgs {
    /// Address that gets a POST for each event, such as http://localhost:3000/hooks
    #[arg(long, value_name = "URL")]
    pub forward_to: Option<String>,
    /// Event types, separated by commas; default: all
    #[arg(long, value_name = "TYPES", value_delimiter = ',')]
    pub event_types: Vec<String>,
    /// Secret to sign with, such as that of a webhook endpoint; default: a new one
    #[arg(long, value_name = "SECRET", requires = "forward_to")]
    pub secret: Option<String>,
    /// Print the body of each event
    #[arg(long)]
    pub print: bool,
    #[command(flatten)]
    pub shop: ShopArgs,
}

#[derive(Debug, Clone, Args)]
pub struct TriggerArgs {
    /// Event type, such as order.completed
    #[arg(value_name = "TYPE")]
    pub event_type: String,
    /// Also in a shop that was not filled with --demo: products, campaigns and orders of the trial stay in it
    #[arg(long)]
    pub any_shop: bool,
    #[command(flatten)]
    pub shop: ShopArgs,
}
