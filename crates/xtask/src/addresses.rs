//! Addresses of the real services for tests, and the record of tests that are skipped without them.
//!
//! The variables differ from the program's own (`DATABASE_URL` …), so that a shop started by a test does not pick up a
//! service by itself.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::PathBuf;

/// An external service that tests use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Service {
    /// MariaDB or MySQL: `mysql://user:password@host:port/`, with the right to create databases.
    Mysql,
    /// Bootstrap addresses, separated by commas.
    Kafka,
    /// `redis://host:port/`.
    Redis,
    /// The payment provider's own mock: `http://host:port`.
    Stripe,
}

/// The variable with the folder of Apache Kafka's jars, for tests that start their own brokers or run its tools.
pub const KAFKA_JARS: &str = "DOORBUSTER_TEST_KAFKA_JARS";

/// The variable with a file that gets one line per skipped test. The line of a test that lacks a module of Python begins
/// with [`TOOL`]: no shop needs it.
pub const SKIPS: &str = "DOORBUSTER_TEST_SKIPS";

/// The prefix of the line of a test that was skipped because a tool was not available.
pub const TOOL: &str = "tool: ";

impl Service {
    pub const ALL: [Service; 4] = [Service::Mysql, Service::Kafka, Service::Redis, Service::Stripe];

    pub const fn name(self) -> &'static str {
        match self {
            Service::Mysql => "mysql",
            Service::Kafka => "kafka",
            Service::Redis => "redis",
            Service::Stripe => "stripe",
        }
    }

    /// The variable with the address for tests.
    pub const fn variable(self) -> &'static str {
        match self {
            Service::Mysql => "DOORBUSTER_TEST_MYSQL",
            Service::Kafka => "DOORBUSTER_TEST_KAFKA",
            Service::Redis => "DOORBUSTER_TEST_REDIS",
            Service::Stripe => "DOORBUSTER_TEST_STRIPE",
        }
    }

    /// The variable with the address of an existing service.
    pub const fn given_by(self) -> &'static str {
        match self {
            Service::Mysql => "DATABASE_URL",
            Service::Kafka => "KAFKA_BROKERS",
            Service::Redis => "REDIS_URL",
            Service::Stripe => "STRIPE_MOCK_URL",
        }
    }
}

/// Returns the address of a service for a test. Without one, it prints and records the skip, and the test returns:
/// `let Some(url) = address(Service::Mysql, "what the test shows") else { return };`
pub fn address(service: Service, test: &str) -> Option<String> {
    given(service.variable(), service.name(), test)
}

/// Returns the folder of Apache Kafka's jars, or records a skip.
pub fn kafka_jars(test: &str) -> Option<PathBuf> {
    given(KAFKA_JARS, "kafka jars", test).map(PathBuf::from)
}

/// The variable with a Python interpreter for tests that read what the shop writes with other programs.
pub const PYTHON: &str = "DOORBUSTER_TEST_PYTHON";

/// Returns a Python interpreter that has a module, or records a skip.
pub fn python_with(module: &str, test: &str) -> Option<PathBuf> {
    let python = std::env::var_os(PYTHON).map_or_else(|| PathBuf::from("python3"), PathBuf::from);
    let import = std::process::Command::new(&python).args(["-c", &format!("import {module}")]).output();
    let has_it = import.is_ok_and(|output| output.status.success());
    if !has_it {
        note_skip(&format!("{TOOL}{test}: no Python with {module}"));
    }
    has_it.then_some(python)
}

/// Records the skip of a test that needs a cargo feature.
pub fn skip_without(feature: &str, test: &str) {
    note_skip(&format!("{TOOL}{test}: built without the cargo feature {feature}"));
}

fn given(variable: &str, what: &str, test: &str) -> Option<String> {
    let given = std::env::var(variable).ok().filter(|value| !value.is_empty());
    if given.is_none() {
        note_skip(&format!("{test}: no {what}"));
    }
    given
}

pub(crate) fn note_skip(line: &str) {
    eprintln!("SKIPPED {line} (`cargo xtask test` starts it)");
    let Some(path) = std::env::var_os(SKIPS) else { return };
    let noted = OpenOptions::new().create(true).append(true).open(path).and_then(|mut file| writeln!(file, "{line}"));
    // The count of skipped tests must be complete.
    noted.expect("the file of skipped tests is writable");
}
