//! `doorbuster health` on the command line.

use clap::Args;

use super::SettingsArgs;

#[derive(Debug, Clone, Args)]
pub struct HealthArgs {
    /// Address of the server, such as http://127.0.0.1:8080; default: the server of the data folder
    #[arg(long, value_name = "URL")]
    pub url: Option<String>,
    /// Longest wait for the answer, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 3, value_parser = clap::value_parser!(u64).range(1..=60))]
    pub within: u64,
    #[command(flatten)]
    pub settings: SettingsArgs,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}
