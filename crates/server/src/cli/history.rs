//! The options of a history.

use clap::Args;

/// The moment of a history.
#[derive(Debug, Clone, Args)]
pub struct MomentArgs {
    /// Moment, such as 2026-11-21T12:00:00Z; default: now
    #[arg(long, value_name = "TIME", value_parser = super::moment)]
    pub as_of: Option<String>,
    /// Maximum number of events to show, oldest first
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub limit: u32,
}
