//! `doorbuster completions` and `doorbuster manual`: the files that packages install beside the program.

use std::process::ExitCode;

use clap::CommandFactory as _;

use super::{Error, print};
use crate::cli::{Cli, CompletionsArgs, ManualArgs};

pub(super) fn completions(args: &CompletionsArgs) -> Result<ExitCode, Error> {
    let mut script = vec![];
    clap_complete::generate(args.shell, &mut Cli::command(), "doorbuster", &mut script);
    print(String::from_utf8_lossy(&script).trim_end())
}

pub(super) fn manual(args: &ManualArgs) -> Result<ExitCode, Error> {
    std::fs::create_dir_all(&args.folder)?;
    clap_mangen::generate_to(Cli::command(), &args.folder)?;
    Ok(ExitCode::SUCCESS)
}
