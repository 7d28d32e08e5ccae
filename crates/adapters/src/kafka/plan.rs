//! The comparison of a broker's topics with the wanted ones, and why it fails.

use app::events::topic::Wanted;

/// A topic whose keys are spread over another number of partitions than wanted. Another number sends keys to other
/// partitions while their earlier events are still in the old ones (trap T7 of the sources), so only a repartition
/// changes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Difference {
    pub wanted: Wanted,
    /// Number of partitions over which keys are spread now.
    pub spread: i32,
    /// Number of partitions on the broker.
    pub found: i32,
}

/// Differences between the broker and the wanted topics.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    pub missing: Vec<Wanted>,
    /// Topics with fewer partitions than their keys are spread over.
    pub short: Vec<Difference>,
    pub different: Vec<Difference>,
    pub as_wanted: Vec<Wanted>,
}

/// The state of a topic, for `doorbuster doctor`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExaminedTopic {
    /// With the prefix.
    pub name: String,
    pub partitions: usize,
    /// Replicas of the partition with the fewest.
    pub replicas: usize,
    /// In-sync replicas of the partition with the fewest.
    pub in_sync: usize,
    /// The topic's `min.insync.replicas`: every acknowledged record is in at least so many replicas.
    pub in_sync_min: usize,
}

/// Why a call to the brokers failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BrokerError {
    /// The brokers refuse this program, or it refuses their certificate: only other settings or rights help.
    #[error("{0}")]
    Denied(String),
    #[error("{0}")]
    Failed(String),
}

impl From<String> for BrokerError {
    fn from(why: String) -> BrokerError {
        BrokerError::Failed(why)
    }
}
