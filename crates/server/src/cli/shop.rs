//! The options that select a shop and a page of it.

mod developer;
mod trail;

use clap::Args;

use super::SettingsArgs;

pub use developer::{ListenArgs, TriggerArgs};
pub use trail::TrailArgs;

/// The options that select a shop: by address, by profile, or by data folder, whether or not it is being served.
#[derive(Debug, Clone, Args)]
pub struct ShopArgs {
    /// Address of a running server, such as http://127.0.0.1:8080
    #[arg(long, value_name = "URL", env = "DOORBUSTER_URL")]
    pub url: Option<String>,
    /// Admin token for it; default: a token signed with the shop's secret. Safer in DOORBUSTER_TOKEN or a profile,
    /// because other users of the machine see arguments
    #[arg(long, value_name = "TOKEN", env = "DOORBUSTER_TOKEN", hide_env_values = true)]
    pub token: Option<String>,
    /// Profile with an address and a token, from profiles.toml in ~/.config/doorbuster; it replaces --url
    #[arg(long, value_name = "NAME", env = "DOORBUSTER_PROFILE")]
    pub profile: Option<String>,
    #[command(flatten)]
    pub settings: SettingsArgs,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}

impl ShopArgs {
    /// Returns the shop that the environment names, or the one in the default folder.
    pub(crate) fn of_environment() -> ShopArgs {
        let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        ShopArgs {
            url: variable("DOORBUSTER_URL"),
            token: variable("DOORBUSTER_TOKEN"),
            profile: variable("DOORBUSTER_PROFILE"),
            settings: SettingsArgs::default(),
            json: false,
        }
    }
}

/// The options of a list.
#[derive(Debug, Clone, Args)]
pub struct ListArgs {
    /// Maximum number to list
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub limit: u32,
    /// Continue behind a page, with its nextCursor
    #[arg(long, value_name = "CURSOR")]
    pub cursor: Option<String>,
    #[command(flatten)]
    pub shop: ShopArgs,
}
