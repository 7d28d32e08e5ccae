//! `cargo xtask test`: every test, with the real services where they can be had, and a count of what could not be run.

use std::fs;
use std::io;
use std::path::PathBuf;

use xtask::addresses::{SKIPS, Service};

use crate::services::{self, Wanted};
use crate::{cargo, run};

/// How the tests are wanted.
#[derive(Clone, Debug, Default)]
pub(crate) struct TestRun {
    pub(crate) crash_rounds: Option<String>,
    pub(crate) install: bool,
    /// Whether a test that was skipped is a failure.
    pub(crate) require_services: bool,
}

impl TestRun {
    pub(crate) fn run(&self) -> io::Result<bool> {
        let up = services::up(Wanted { brokers: 1, install: self.install })?;
        let missing: Vec<&str> = up.missing().into_iter().map(Service::name).collect();
        if self.require_services && !missing.is_empty() {
            eprintln!("FAILED: these services are required and could not be had: {}", missing.join(", "));
            return Ok(false);
        }
        let skips = skips_file();
        if skips.exists() {
            fs::remove_file(&skips)?;
        }
        let mut command = cargo(&["test", "--workspace"]);
        command.envs(up.environment()).env(SKIPS, &skips);
        // Given to us to run tests with, not to the shops that tests start.
        for service in Service::ALL {
            command.env_remove(service.given_by());
        }
        if let Some(rounds) = &self.crash_rounds {
            command.env("DOORBUSTER_CRASH_ROUNDS", rounds);
        }
        let passed = run(command);
        let skipped = fs::read_to_string(&skips).unwrap_or_default();
        let is_complete = report(&skipped);
        if up.started_any() {
            services::down()?;
        }
        Ok(passed && (is_complete || !self.require_services))
    }
}

fn skips_file() -> PathBuf {
    std::env::temp_dir().join(format!("doorbuster-skips-{}", std::process::id()))
}

/// Says loudly what was not shown. Whether nothing was skipped.
fn report(skipped: &str) -> bool {
    let count = skipped.lines().count();
    if count > 0 {
        eprintln!("\nSKIPPED {count} tests, because a service was not there:");
        skipped.lines().for_each(|line| eprintln!("  {line}"));
    }
    count == 0
}
