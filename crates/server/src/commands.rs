//! The commands, one file each.

use std::process::ExitCode;

use crate::cli::{Cli, Command};

pub mod admin;
mod bench;
mod config_print;
mod demo;
pub mod demo_shop;
pub(crate) mod developer;
mod environment;
mod error;
pub mod output;
mod reference;
mod serve;
mod sim;
mod token;
mod upkeep;

pub use error::{Error, Left};
pub use reference::complete;

use environment::{environment, settings};
use output::terminal::{note, print};

/// Runs a command to its end.
pub fn run(cli: Cli) -> ExitCode {
    let done = match cli.command.unwrap_or(Command::Serve(cli.serve)) {
        Command::Serve(args) => serve::run(&args),
        Command::Audit(args) => admin::audit::run(&args),
        Command::Archive(args) => admin::archive::run(&args),
        Command::Backup(args) => upkeep::backup::run(&args),
        Command::Restore(args) => upkeep::restore::run(&args),
        Command::Doctor(args) => upkeep::doctor::run(&args),
        Command::Move(args) => upkeep::moving::run(&args),
        Command::Dlq(args) => admin::dlq::run(&args),
        Command::Order(args) => admin::order::run(&args),
        Command::Coupon(args) => admin::catalogue::coupons(&args),
        Command::Product(args) => admin::catalogue::products(&args),
        Command::User(args) => admin::catalogue::users(&args),
        Command::Export(args) => admin::export::run(&args),
        Command::Payment(args) => admin::payment::run(&args),
        Command::Groups(args) => admin::groups::run(&args),
        Command::Replay(args) => admin::replay::run(&args),
        Command::Bench(args) => bench::run(&args),
        Command::Demo(args) => demo::run(&args),
        Command::Sim(args) => sim::run(&args),
        Command::Rehearse(args) => sim::rehearse::run(&args),
        Command::Listen(args) => developer::listen::run(&args),
        Command::Trail(args) => admin::history::trail::run(&args),
        Command::Trigger(args) => developer::trigger::run(&args),
        Command::Topics(args) => admin::topics::run(&args),
        Command::Size(args) => reference::size::run(&args),
        Command::Token(args) => token::run(&args),
        Command::Config(args) => config_print::run(&args),
        Command::Verify(args) => upkeep::verify::run(&args),
        Command::Health(args) => admin::health::run(&args),
        Command::Completions(args) => reference::completions(&args),
        Command::Manual(args) => reference::manual(&args),
    };
    done.unwrap_or_else(|error| {
        note(&error.report(is_json()));
        error.exit_code()
    })
}

/// Reports an invalid command line and returns the exit code.
pub fn refuse(error: &clap::Error) -> ExitCode {
    output::failure::of_command_line(error, is_json())
}

/// Returns true if output should be JSON. Read from the raw arguments, because the command line may not parse.
fn is_json() -> bool {
    std::env::args_os().any(|argument| argument == "--json")
}
