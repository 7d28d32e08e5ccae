//! `doorbuster groups` on the command line.

use clap::{Args, Subcommand};

use super::ShopArgs;

#[derive(Debug, Clone, Args)]
pub struct GroupsArgs {
    #[command(subcommand)]
    pub act: GroupsCommand,
}

#[derive(Debug, Clone, Subcommand)]
pub enum GroupsCommand {
    /// List where groups stand, and how much waits for them
    List {
        /// Partition by partition
        #[arg(long)]
        partitions: bool,
        #[command(flatten)]
        shop: ShopArgs,
    },
    /// Move a group; without --yes, only say which events would be skipped or repeated
    Reset(Box<ResetArgs>),
}

#[derive(Debug, Clone, Args)]
pub struct ResetArgs {
    #[arg(value_name = "GROUP")]
    pub group: String,
    #[command(flatten)]
    pub to: ResetTarget,
    /// Only in this topic
    #[arg(long, value_name = "TOPIC")]
    pub topic: Option<String>,
    /// Only in this partition
    #[arg(long, value_name = "P", value_parser = clap::value_parser!(i32).range(0..))]
    pub partition: Option<i32>,
    /// Do it
    #[arg(long, requires = "reason")]
    pub yes: bool,
    /// Why, for the log
    #[arg(long, value_name = "TEXT")]
    pub reason: Option<String>,
    #[command(flatten)]
    pub shop: ShopArgs,
}

/// There is no "to the latest": it would skip whatever waits, without a look at it.
#[derive(Debug, Clone, Args)]
#[group(required = true, multiple = false)]
pub struct ResetTarget {
    /// To this offset of one partition
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(i64).range(0..))]
    pub to_offset: Option<i64>,
    /// To the first event that is not older, such as 2026-11-21T12:00:00Z
    #[arg(long, value_name = "TIME", value_parser = super::moment)]
    pub to_time: Option<String>,
    /// To where the broker's own tools have set it
    #[arg(long)]
    pub to_committed: bool,
}
