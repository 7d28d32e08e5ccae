//! `doorbuster doctor`: examines the machine, the folder and the services, and says what to do.

mod finding;
mod machine;
mod secrets;
mod services;

use std::fmt::Write as _;
use std::process::ExitCode;

use serde::Serialize;

use crate::cli::DoctorArgs;
use crate::commands::output::table::counted;
use crate::commands::{Error, print, settings};
use finding::{Finding, Status};

/// The JSON output of the command.
#[derive(Serialize)]
struct Output {
    checks: Vec<Finding>,
    /// How many checks found something.
    found: usize,
}

pub(in crate::commands) fn run(args: &DoctorArgs) -> Result<ExitCode, Error> {
    let config = settings(&args.settings)?;
    let mut checks = machine::examine(&config);
    checks.extend(services::examine(&config));
    let found = checks.iter().filter(|check| check.status == Status::Found).count();
    let output = Output { checks, found };
    if args.json {
        print(&serde_json::to_string(&output).map_err(std::io::Error::from)?)?;
    } else {
        print(&text(&output))?;
    }
    Ok(if found == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn text(output: &Output) -> String {
    let mut text = String::new();
    for Finding { check, status, detail, next } in &output.checks {
        let _ = writeln!(text, "{:<8} {check:<18} {detail}", status.word());
        if let Some(next) = next {
            let _ = writeln!(text, "{:<8} {:<18} next: {next}", "", "");
        }
    }
    let _ = write!(text, "{}", counted(output.found, "finding"));
    text
}
