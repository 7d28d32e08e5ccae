//! The brokers, and how clients talk to them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use app::events::topic::DeadLetterNames;
use app::log::reactions::Group;

/// Settings that trade delay for size. Every tuning waits for all in-sync replicas and has an idempotent producer: no
/// business event is published with less (trap T9 of the sources).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tuning {
    /// Sends and fetches at once.
    #[default]
    Prompt,
    /// Source 001: batches of 16 KiB within 5 ms, lz4; consumers fetch at least 1 KiB.
    Throughput,
    /// Source 002: batches of 16 KiB within 10 ms, snappy; consumers fetch at least 1 KiB.
    Compact,
}

impl Tuning {
    /// The longest time for which a record is in flight to the broker; the library drops it after that.
    pub const fn in_flight_max(self) -> Duration {
        match self {
            Tuning::Prompt => Duration::from_secs(30),
            Tuning::Throughput | Tuning::Compact => Duration::from_secs(120),
        }
    }
}

/// Settings that replace those of the tuning.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Overrides {
    /// `none`, `lz4` or `snappy`.
    pub compression: Option<&'static str>,
    pub linger_ms: Option<u64>,
    pub batch_bytes: Option<u64>,
    pub buffer_kb: Option<u64>,
    pub fetch_min_bytes: Option<u64>,
    pub fetch_wait_ms: Option<u64>,
    /// The most records of a partition that one fetch returns.
    pub poll_max: Option<usize>,
}

/// A consumer group on the brokers, where it differs from the default.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupShape {
    /// The group's name on the brokers instead of its own.
    pub name: Option<String>,
    /// Number of members of the group in each process.
    pub members: usize,
}

/// The brokers' addresses, and how clients talk to them.
#[derive(Clone, Debug, Default)]
pub struct Cluster {
    pub brokers: String,
    pub tuning: Tuning,
    /// Prefix of the name of every topic and group, so that several shops can share brokers.
    pub prefix: String,
    /// How topics of dead letters are named.
    pub dead_letters: DeadLetterNames,
    pub overrides: Overrides,
    /// Settings of librdkafka under its own names, for every client. They do not replace those that the shop's guarantees need.
    pub properties: BTreeMap<String, String>,
    /// Groups that differ from the default.
    pub groups: BTreeMap<Group, GroupShape>,
    /// Source of this shop's events; events of other sources are skipped.
    pub source: Arc<str>,
}
