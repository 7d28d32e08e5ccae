//! Where tests find the real services, and how they say that one was not there.
//!
//! The variables are not the program's own (`DATABASE_URL` …): a test that starts the shop must not have it choose a
//! service by itself.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::PathBuf;

/// A program that tests need and cannot carry along.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Service {
    /// MariaDB or MySQL: `mysql://user:password@host:port/`, with the right to create databases.
    Mysql,
    /// Bootstrap addresses, with commas.
    Kafka,
    /// `redis://host:port/`.
    Redis,
    /// The payment provider's own mock: `http://host:port`.
    Stripe,
}

/// The folder of Apache Kafka's jars, for tests that start brokers of their own or run its tools.
pub const KAFKA_JARS: &str = "DOORBUSTER_TEST_KAFKA_JARS";

/// A file that takes one line per test that was skipped.
pub const SKIPS: &str = "DOORBUSTER_TEST_SKIPS";

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

    /// The variable in which tests find the address.
    pub const fn variable(self) -> &'static str {
        match self {
            Service::Mysql => "DOORBUSTER_TEST_MYSQL",
            Service::Kafka => "DOORBUSTER_TEST_KAFKA",
            Service::Redis => "DOORBUSTER_TEST_REDIS",
            Service::Stripe => "DOORBUSTER_TEST_STRIPE",
        }
    }

    /// The variable by which somebody who has the service already gives its address.
    pub const fn given_by(self) -> &'static str {
        match self {
            Service::Mysql => "DATABASE_URL",
            Service::Kafka => "KAFKA_BROKERS",
            Service::Redis => "REDIS_URL",
            Service::Stripe => "STRIPE_MOCK_URL",
        }
    }
}

/// The address of a service for the test of this name. Without one the skip is said and counted, and the test returns:
/// `let Some(url) = address(Service::Mysql, "what the test shows") else { return };`
pub fn address(service: Service, test: &str) -> Option<String> {
    given(service.variable(), service.name(), test)
}

/// The same for Apache Kafka's jars.
pub fn kafka_jars(test: &str) -> Option<PathBuf> {
    given(KAFKA_JARS, "kafka jars", test).map(PathBuf::from)
}

fn given(variable: &str, what: &str, test: &str) -> Option<String> {
    let given = std::env::var(variable).ok().filter(|value| !value.is_empty());
    if given.is_none() {
        note_skip(what, test);
    }
    given
}

fn note_skip(what: &str, test: &str) {
    let line = format!("{test}: no {what}");
    eprintln!("SKIPPED {line} (`cargo xtask test` brings it up)");
    let Some(path) = std::env::var_os(SKIPS) else { return };
    let noted = OpenOptions::new().create(true).append(true).open(path).and_then(|mut file| writeln!(file, "{line}"));
    // Whoever counts must be able to rely on the count.
    noted.expect("a skipped test is written down");
}
