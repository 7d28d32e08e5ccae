//! Commands about a whole store on the command line.

use std::path::PathBuf;

use clap::Args;

use super::SettingsArgs;

#[derive(Debug, Clone, Args)]
pub struct BackupArgs {
    /// File to write. An earlier backup of this name is replaced when the new one is complete
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Audit the copy; exit code 1 if it violates a law
    #[arg(long)]
    pub verify: bool,
    #[command(flatten)]
    pub settings: SettingsArgs,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Clone, Args)]
pub struct RestoreArgs {
    /// Backup to put back. Its checksum is always compared
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Audit the copy before it is put in place; nothing is restored if it violates a law
    #[arg(long)]
    pub verify: bool,
    #[command(flatten)]
    pub settings: SettingsArgs,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Clone, Args)]
pub struct DoctorArgs {
    #[command(flatten)]
    pub settings: SettingsArgs,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Clone, Args)]
pub struct MoveArgs {
    /// Empty database to move the data folder into: mysql://user:password@host:3306/name
    #[arg(long, value_name = "URL", required_unless_present = "from", conflicts_with = "from")]
    pub to: Option<String>,
    /// Database to move into the data folder, which must be empty or missing
    #[arg(long, value_name = "URL")]
    pub from: Option<String>,
    #[command(flatten)]
    pub settings: SettingsArgs,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Clone, Args)]
pub struct VerifyArgs {
    /// The proof, as `GET /api/drops/{id}/proof` answers it
    #[arg(value_name = "FILE")]
    pub proof: PathBuf,
    /// A receipt that must be in the proof, as `GET /api/orders/{orderNumber}/receipt` answers it
    #[arg(long, value_name = "FILE")]
    pub receipt: Option<PathBuf>,
    /// A root that was published, as `GET /api/drops/root` answered it then
    #[arg(long, value_name = "FILE")]
    pub root: Option<PathBuf>,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}
