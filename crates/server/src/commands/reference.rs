//! `doorbuster completions` and `doorbuster manual`: the files that packages install beside the program.

pub(super) mod size;

use std::process::ExitCode;

use clap::{Command, CommandFactory as _};
use clap_complete::CompleteEnv;
use clap_complete::engine::{ArgValueCandidates, CompletionCandidate};
use clap_complete::env::Shells;

use super::admin::client::ids;
use super::{Error, print};
use crate::cli::{Cli, CompletionsArgs, ManualArgs};

/// A completion script calls the program with this variable, at each press of the key.
const COMPLETE: &str = "DOORBUSTER_COMPLETE";

/// Commands and the names of their arguments that are ids, with what lists the ids.
type Lister = fn() -> Vec<CompletionCandidate>;
const IDS: [(&str, &str, Lister); 5] = [
    ("product", "id", ids::products),
    ("coupon", "id", ids::coupons),
    ("order", "order", ids::orders),
    ("payment", "payment", ids::stuck_payments),
    ("dlq", "letter", ids::dead_letters),
];

/// Answers a completion script and ends the process; returns if none asked.
pub fn complete() {
    CompleteEnv::with_factory(with_ids).var(COMPLETE).complete();
}

pub(super) fn completions(args: &CompletionsArgs) -> Result<ExitCode, Error> {
    let shell = args.shell.to_string();
    let mut script = vec![];
    let shells = Shells::builtins();
    let completer = shells.completer(&shell);
    let completer = completer.ok_or_else(|| Error::Usage(format!("there are no completions for {shell}")))?;
    completer.write_registration(COMPLETE, "doorbuster", "doorbuster", "doorbuster", &mut script)?;
    print(String::from_utf8_lossy(&script).trim_end())
}

pub(super) fn manual(args: &ManualArgs) -> Result<ExitCode, Error> {
    std::fs::create_dir_all(&args.folder)?;
    clap_mangen::generate_to(Cli::command(), &args.folder)?;
    Ok(ExitCode::SUCCESS)
}

fn with_ids() -> Command {
    IDS.iter().fold(Cli::command(), |cli, (command, argument, list)| {
        cli.mut_subcommand(command, |command| listing(command, argument, *list))
    })
}

/// Completes an argument of a command, and of the commands inside.
fn listing(command: Command, argument: &str, list: Lister) -> Command {
    let inner: Vec<String> = command.get_subcommands().map(|inner| inner.get_name().to_owned()).collect();
    let has_argument = command.get_arguments().any(|known| known.get_id() == argument);
    let command = inner
        .into_iter()
        .fold(command, |command, name| command.mut_subcommand(name, |inner| listing(inner, argument, list)));
    if !has_argument {
        return command;
    }
    command.mut_arg(argument, |known| known.add(ArgValueCandidates::new(list)))
}
