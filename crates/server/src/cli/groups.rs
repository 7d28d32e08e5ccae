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
    /// List the groups' offsets and lag
    List {
        /// One line per partition
        #[arg(long)]
        partitions: bool,
        #[command(flatten)]
        shop: ShopArgs,
    },
    /// Move a group; without --yes, only show which events would be skipped or repeated
    Reset(Box<ResetArgs>),
}

#[derive(Debug, Clone, Args)]
pub struct ResetArgs {
    #[arg(value_name = "GROUP")]
    pub group: String,
    #[command(flatten)]
    pub to: ResetTarget,
    /// Only this topic
    #[arg(long, value_name = "TOPIC")]
    pub topic: Option<String>,
    /// Only this partition
    #[arg(long, value_name = "P", value_parser = clap::value_parser!(i32).range(0..))]
    pub partition: Option<i32>,
    /// Carry it out
    #[arg(long, requires = "reason")]
    pub yes: bool,
    /// Reason, for the log
    #[arg(long, value_name = "TEXT")]
    pub reason: Option<String>,
    #[command(flatten)]
    pub shop: ShopArgs,
}

/// A reset to the end of the log is missing on purpose: it would skip waiting events unseen.
#[derive(Debug, Clone, Args)]
#[group(required = true, multiple = false)]
pub struct ResetTarget {
    /// To this offset of one partition
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(i64).range(0..))]
    pub to_offset: Option<i64>,
    /// To the first event at or after this time, such as 2026-11-21T12:00:00Z
    #[arg(long, value_name = "TIME", value_parser = super::moment)]
    pub to_time: Option<String>,
    /// To the offset that the broker's own tools have committed
    #[arg(long)]
    pub to_committed: bool,
}
