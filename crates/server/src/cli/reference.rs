//! `doorbuster completions` and `doorbuster manual` on the command line.

mod size;

use std::path::PathBuf;

use clap::Args;
use clap_complete::Shell;

pub use size::{SizeArgs, StackArg};

#[derive(Debug, Clone, Args)]
pub struct CompletionsArgs {
    /// The shell
    #[arg(value_enum)]
    pub shell: Shell,
}

#[derive(Debug, Clone, Args)]
pub struct ManualArgs {
    /// Folder of the pages; created if missing
    #[arg(value_name = "FOLDER")]
    pub folder: PathBuf,
}
