//! `cargo xtask test`: runs every test, with the real services that are available, and counts the skipped ones.

use std::fs;
use std::io;
use std::path::PathBuf;
use std::process::Command;

use xtask::addresses::{SKIPS, Service, TOOL};

use crate::services::{self, Wanted};
use crate::{cargo, run};

/// The variable of Rust's test harness for the number of tests that run at once.
const THREADS: &str = "RUST_TEST_THREADS";

/// The options of `cargo xtask test`.
#[derive(Clone, Debug, Default)]
pub(crate) struct TestRun {
    pub(crate) crash_rounds: Option<String>,
    pub(crate) install: bool,
    /// Treats a test that is skipped for lack of a service as a failure.
    pub(crate) require_services: bool,
}

impl TestRun {
    pub(crate) fn run(&self) -> io::Result<bool> {
        let up = services::up(Wanted { brokers: 1, install: self.install })?;
        let missing: Vec<&str> = up.missing().into_iter().map(Service::name).collect();
        if self.require_services && !missing.is_empty() {
            eprintln!("FAILED: these services are required and not available: {}", missing.join(", "));
            return Ok(false);
        }
        let skips = skips_file();
        if skips.exists() {
            fs::remove_file(&skips)?;
        }
        let mut command = cargo(&["test", "--workspace", "--no-fail-fast"]);
        if has_openssl() {
            command.args(["--features", "adapters/kafka-tls,server/kafka-tls"]);
        }
        command.envs(up.environment()).env(SKIPS, &skips);
        // These addresses are for the tests, not for the shops that tests start.
        for service in Service::ALL {
            command.env_remove(service.given_by());
        }
        if std::env::var_os(THREADS).is_none() {
            command.env(THREADS, threads().to_string());
        }
        if let Some(rounds) = &self.crash_rounds {
            command.env("DOORBUSTER_CRASH_ROUNDS", rounds);
        }
        let passed = run(command);
        let skipped = fs::read_to_string(&skips).unwrap_or_default();
        report(&skipped);
        let is_complete = skipped.lines().all(|line| line.starts_with(TOOL));
        if up.started_any() {
            services::down()?;
        }
        Ok(passed && (is_complete || !self.require_services))
    }
}

/// Tests of a whole shop wait for its timers and services more than half of their time.
fn threads() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from) * 2
}

/// Returns whether programs can be linked with the system's OpenSSL.
fn has_openssl() -> bool {
    let asked = Command::new("pkg-config").args(["--exists", "openssl"]).status();
    asked.is_ok_and(|status| status.success())
}

fn skips_file() -> PathBuf {
    std::env::temp_dir().join(format!("doorbuster-skips-{}", std::process::id()))
}

/// Prints the skipped tests.
fn report(skipped: &str) {
    let count = skipped.lines().count();
    if count > 0 {
        eprintln!("\nSKIPPED {count} tests, because a service or a tool was not available:");
        skipped.lines().for_each(|line| eprintln!("  {line}"));
    }
}
