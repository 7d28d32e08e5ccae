//! The move of a group, kept in its answer: a retry under the same key gets what the first request did.

use domain::time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::events::wire_time;

/// The move of a group in one partition, and the events that it skips or repeats.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PartitionMoved {
    /// `None` for the store's own log, which has no topics.
    pub topic: Option<String>,
    pub partition: i32,
    pub from: i64,
    pub to: i64,
    pub events: usize,
    /// True if all events were counted.
    pub is_whole: bool,
    /// The first of the events.
    pub shown: Vec<EventPassed>,
}

/// An event that the move skips or repeats.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EventPassed {
    pub offset: i64,
    pub id: String,
    pub kind: String,
    pub key: String,
    /// The order that it is about, by its public number.
    pub order: Option<String>,
    #[serde(with = "wire_time")]
    pub at: Timestamp,
}

impl PartitionMoved {
    pub const fn skips(&self) -> bool {
        self.to > self.from
    }
}
