//! `doorbuster audit`: proves that everything adds up, beside a running server or on a stopped store.

use std::fmt::Write as _;
use std::process::ExitCode;

use app::audit::{Audit, inspect};
use app::ports::Clock;

use super::{Error, print, running, settings};
use crate::cli::AuditArgs;
use crate::config::Config;
use crate::data_dir::{self, DataDir};
use crate::secret::Secret;
use crate::wiring;

pub(super) fn run(args: &AuditArgs) -> Result<ExitCode, Error> {
    let config = settings(&args.settings)?;
    if args.repair {
        repair(&config)?;
    }
    let audit = examine(&config)?;
    if args.json {
        print(&serde_json::to_string(&audit).map_err(std::io::Error::from)?)?;
    } else {
        print(&table(&audit))?;
    }
    Ok(if audit.is_clean() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Audits the store as it is now.
pub(super) fn examine(config: &Config) -> Result<Audit, Error> {
    let mut snapshot = wiring::snapshot(config)?;
    Ok(inspect(snapshot.as_mut(), wiring::clock().now())?.audit)
}

/// Goes through the server where one runs: there is one writer, and it is not this process.
fn repair(config: &Config) -> Result<(), Error> {
    let folder = &config.server.data_dir;
    match DataDir::open(folder) {
        Ok(data_dir) => {
            let secret = Secret::of_this_process()?;
            wiring::repair(config, &secret, data_dir.path())?;
            Ok(())
        }
        Err(data_dir::Error::Served(_)) => running::repair(config),
        Err(error) => Err(error.into()),
    }
}

fn table(audit: &Audit) -> String {
    let mut text = String::new();
    for law in &audit.laws {
        let mark = if law.violations == 0 { "ok" } else { "BROKEN" };
        let _ = writeln!(text, "{:>3}  {:<70} {:>10} checked  {mark}", law.law, law.name, law.checked);
        for example in &law.examples {
            let _ = writeln!(text, "       {example}");
        }
    }
    let next = if audit.is_clean() { "" } else { "; `doorbuster audit --repair` puts derived figures right" };
    let _ = write!(text, "{} violations{next}", audit.violations);
    text
}
