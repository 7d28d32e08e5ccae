//! What each command does, one file per command.

use std::io::{self, Write};
use std::process::ExitCode;

use crate::cli::{Cli, Command, SettingsArgs};
use crate::config::Config;
use crate::security::secret;
use crate::system::{data_dir, io_error, logging};
use crate::{config, wiring};

pub mod admin;
mod bench;
mod config_print;
mod demo;
pub mod demo_shop;
pub mod output;
mod serve;
mod sim;
mod token;

pub(crate) use admin::running::ADDRESS_FILE;

/// Why a command could not do its work; its text says what to do next.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Config(#[from] config::Error),
    #[error(transparent)]
    Logging(#[from] logging::Error),
    #[error(transparent)]
    DataDir(#[from] data_dir::Error),
    #[error(transparent)]
    Secret(#[from] secret::Error),
    #[error("cannot listen on {address}: {}", io_error::of(cause))]
    Listen { address: String, cause: io::Error },
    #[error("{}", io_error::of(.0))]
    Io(#[from] io::Error),
    #[error("there is no server of ours at {address}: {}", io_error::of(cause))]
    Unreachable { address: String, cause: io::Error },
    #[error(transparent)]
    Wiring(#[from] wiring::Error),
    #[error("not with an address that others can reach: {0}")]
    Weak(String),
    #[error("the first admin could not be made: {0}")]
    Admin(String),
    #[error(transparent)]
    Store(#[from] app::ports::StoreError),
    #[error("the measurement came to nothing: {0}")]
    Bench(#[from] ::bench::Error),
    #[error(transparent)]
    Demo(#[from] crate::commands::demo_shop::Error),
    #[error("{0}")]
    Usage(String),
    #[error("the running server did not do it: {0}")]
    Running(String),
    #[error("{0}")]
    Refused(output::failure::Refusal),
    #[error("{0}")]
    Failed(String),
    #[error("it was interrupted")]
    Interrupted,
}

/// Runs one command to its end.
pub fn run(cli: Cli) -> ExitCode {
    let done = match cli.command.unwrap_or(Command::Serve(cli.serve)) {
        Command::Serve(args) => serve::run(&args),
        Command::Audit(args) => admin::audit::run(&args),
        Command::Dlq(args) => admin::dlq::run(&args),
        Command::Order(args) => admin::order::run(&args),
        Command::Payment(args) => admin::payment::run(&args),
        Command::Groups(args) => admin::groups::run(&args),
        Command::Replay(args) => admin::replay::run(&args),
        Command::Bench(args) => bench::run(&args),
        Command::Demo(args) => demo::run(&args),
        Command::Sim(args) => sim::run(&args),
        Command::Topics(args) => admin::topics::run(&args),
        Command::Token(args) => token::run(&args),
        Command::Config(args) => config_print::run(&args),
    };
    done.unwrap_or_else(|error| {
        note(&error.told(is_json()));
        error.exit_code()
    })
}

/// Ends with what is wrong with the command line itself.
pub fn refuse(error: &clap::Error) -> ExitCode {
    output::failure::of_command_line(error, is_json())
}

/// Whether what is printed is for a machine: known also of a command line that cannot be understood.
fn is_json() -> bool {
    std::env::args_os().any(|argument| argument == "--json")
}

/// The settings in force, of which the command line has the last word.
fn settings(args: &SettingsArgs) -> Result<Config, Error> {
    let mut config = Config::load(args.config.as_deref(), utf8_environment())?;
    if let Some(data_dir) = &args.data_dir {
        config.server.data_dir.clone_from(data_dir);
    }
    Ok(config)
}

/// A variable that is not text is not one of ours.
fn utf8_environment() -> impl Iterator<Item = (String, String)> {
    std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
}

/// Prints a result; a reader that has seen enough and closed the pipe is no failure.
fn print(text: &str) -> Result<ExitCode, Error> {
    match writeln!(io::stdout(), "{text}") {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error.into()),
        Ok(()) | Err(_) => Ok(ExitCode::SUCCESS),
    }
}

/// A line for whoever watches; a closed terminal is no failure.
fn note(line: &str) {
    let _closed = writeln!(io::stderr(), "{line}");
}
