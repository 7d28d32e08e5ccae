//! What developers and CI run: `cargo xtask test`.

use std::process::{Command, ExitCode};

mod tidy;

const USAGE: &str = "usage: cargo xtask test [--crash-rounds N] | cargo xtask lint

test    everything that proves the shop: all tests of all crates; nothing else needs to be installed
lint    formatting and clippy, warnings refused";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match words.as_slice() {
        ["test"] => test(None),
        ["test", "--crash-rounds", rounds] => test(Some(rounds)),
        ["lint"] => lint(),
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    if done { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn test(crash_rounds: Option<&str>) -> bool {
    let mut command = cargo(&["test", "--workspace"]);
    if let Some(rounds) = crash_rounds {
        command.env("DOORBUSTER_CRASH_ROUNDS", rounds);
    }
    run(command)
}

fn lint() -> bool {
    run(cargo(&["fmt", "--all", "--check"]))
        && run(cargo(&["clippy", "--workspace", "--all-targets", "--", "--deny", "warnings"]))
}

fn cargo(arguments: &[&str]) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(arguments);
    command
}

fn run(mut command: Command) -> bool {
    match command.status() {
        Ok(status) => status.success(),
        Err(error) => {
            eprintln!("{command:?} did not start: {error}");
            false
        }
    }
}
