//! `doorbuster export` and `archive` on the command line.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::{SettingsArgs, ShopArgs};

#[derive(Debug, Clone, Args)]
pub struct ExportArgs {
    /// Kind of rows
    #[arg(value_enum)]
    pub what: ExportKind,
    /// Only what happened from this time on, such as 2026-11-21T12:00:00Z
    #[arg(long, value_name = "TIME", value_parser = super::moment)]
    pub since: Option<String>,
    /// Form of a row
    #[arg(long, value_enum, default_value_t = ExportFormat::Ndjson)]
    pub format: ExportFormat,
    /// Print one JSON object per line, like --format ndjson, and errors as JSON
    #[arg(long, conflicts_with = "format")]
    pub json: bool,
    #[command(flatten)]
    pub settings: SettingsArgs,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ExportKind {
    /// Everything that ever happened, oldest first
    Events,
    /// Orders, newest first
    Orders,
    /// Issued coupons, oldest first
    Coupons,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ExportFormat {
    /// One JSON object per line
    Ndjson,
    /// Comma-separated values with a header line (RFC 4180)
    Csv,
}

#[derive(Debug, Clone, Args)]
pub struct ArchiveArgs {
    #[command(flatten)]
    pub what: ArchiveAction,
    #[command(flatten)]
    pub shop: ShopArgs,
}

#[derive(Debug, Clone, Args)]
#[group(required = true, multiple = false)]
pub struct ArchiveAction {
    /// Move events from before this time, such as 2026-01-01T00:00:00Z, to files in the folder `archive` of the data folder
    #[arg(long, value_name = "TIME", value_parser = super::moment)]
    pub before: Option<String>,
    /// Check that the files in this folder are all archived events, unchanged
    #[arg(long, value_name = "FOLDER")]
    pub verify: Option<PathBuf>,
}
