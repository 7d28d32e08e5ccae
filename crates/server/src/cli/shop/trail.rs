//! `doorbuster trail` on the command line.

use clap::Args;

use super::ListArgs;
use crate::cli::moment;

#[derive(Debug, Clone, Args)]
pub struct TrailArgs {
    /// Only acts of this user
    #[arg(long, value_name = "ID", value_parser = clap::value_parser!(i64).range(1..))]
    pub by: Option<i64>,
    /// Only acts on this, a path below /api/admin/ or its beginning: orders/ORD-7M3K9Q2XWP4T, or products
    #[arg(long, value_name = "PATH")]
    pub subject: Option<String>,
    /// Only acts of this kind, an operationId of the API such as resolveOrder
    #[arg(long, value_name = "NAME")]
    pub action: Option<String>,
    /// Only acts at this time or later
    #[arg(long, value_name = "TIME", value_parser = moment)]
    pub since: Option<String>,
    /// Only acts before this time
    #[arg(long, value_name = "TIME", value_parser = moment)]
    pub until: Option<String>,
    #[command(flatten)]
    pub list: ListArgs,
}
