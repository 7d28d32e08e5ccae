//! An event on its way out of the outbox.

use domain::time::Timestamp;

use crate::events::event::Event;
use crate::events::trace::TraceParent;

/// An event with its place in the outbox.
#[derive(Clone, Debug, PartialEq)]
pub struct Outgoing {
    pub shard: usize,
    pub seq: i64,
    pub id: String,
    pub event: Event,
    /// The order's version after it; only an order's own events have one.
    pub version: Option<i64>,
    /// The trace of the request that caused it.
    pub trace: Option<TraceParent>,
    pub at: Timestamp,
}
