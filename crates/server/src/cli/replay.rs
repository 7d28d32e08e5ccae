//! `doorbuster replay` on the command line.

use clap::Args;

use super::SettingsArgs;

#[derive(Debug, Clone, Args)]
pub struct ReplayArgs {
    #[command(flatten)]
    pub what: ReplaySelection,
    /// With --from-position: only this shard
    #[arg(long, value_name = "S", requires = "from_position")]
    pub shard: Option<usize>,
    /// Only records of this topic
    #[arg(long, value_name = "TOPIC")]
    pub topic: Option<String>,
    /// Publish only records that are missing on their topic
    #[arg(long)]
    pub only_missing: bool,
    /// Only show what is missing and what would be published
    #[arg(long)]
    pub dry_run: bool,
    #[command(flatten)]
    pub settings: SettingsArgs,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Clone, Args)]
#[group(required = true, multiple = false)]
pub struct ReplaySelection {
    /// Events from this time on, such as 2026-11-21T12:00:00Z
    #[arg(long, value_name = "TIME", value_parser = super::moment)]
    pub since: Option<String>,
    /// Events from this position of their outbox shard on
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(i64).range(1..))]
    pub from_position: Option<i64>,
    /// Events of this order; requests to participants are listed under the participants
    #[arg(long, value_name = "NUMBER")]
    pub order: Option<String>,
}
