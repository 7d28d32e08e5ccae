//! The port to the log of committed events.

use domain::ids::OrderId;
use domain::time::Timestamp;

use crate::events::event::Event;
use crate::events::outgoing::Outgoing;
use crate::events::topic::Topic;
use crate::events::trace::TraceParent;
use crate::log::group::Group;
use crate::log::versions::Gap;
use crate::ports::error::StoreError;
use crate::ports::future::BoxFuture;
use crate::state::rows::{EventId, Message, OffsetKey, Partition};

/// An event as a consumer group receives it.
#[derive(Clone, Debug, PartialEq)]
pub struct Delivery {
    pub partition: Partition,
    pub offset: i64,
    /// Zero where a record has none.
    pub id: EventId,
    pub event: Result<Event, Poison>,
    /// The trace of the request that caused it.
    pub trace: Option<TraceParent>,
    pub at: Timestamp,
    /// Missing earlier events of the same order.
    pub gap: Option<Gap>,
    pub origin: Origin,
}

/// How an event came to a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// It was read from the store, where only the shop writes.
    Store,
    /// A broker delivered it as a record, which names the event's place in the store.
    Record(OutboxSlot),
}

/// The place of an event in the outbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OutboxSlot {
    pub shard: i64,
    pub seq: i64,
}

impl OutboxSlot {
    /// The place of a record that names none.
    pub const NOWHERE: OutboxSlot = OutboxSlot { shard: -1, seq: 0 };
}

/// An event in its place in the store, not yet parsed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredEvent {
    pub slot: OutboxSlot,
    pub id: EventId,
    pub kind: String,
    pub payload: String,
}

/// A record that this program cannot parse as an event. It is dead-lettered for every group that receives it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Poison {
    pub topic: Topic,
    pub key: String,
    /// The event's name in the record.
    pub kind: String,
    /// As text; other bytes are written as `0x…`.
    pub payload: String,
    pub error: String,
}

impl Message {
    /// Returns the message of a delivery. The payload of an event is the same to the byte as in the outbox.
    pub fn of(delivery: &Delivery) -> Message {
        let Delivery { partition, offset, id, event, trace, at, gap: _, origin: _ } = delivery;
        let (topic, key, kind, payload) = match event {
            Ok(event) => (event.kind().topic(), event.key(), event.kind().name().to_owned(), event.payload()),
            Err(Poison { topic, key, kind, payload, .. }) => (*topic, key.clone(), kind.clone(), payload.clone()),
        };
        Message {
            topic,
            partition: partition.number,
            offset: *offset,
            id: *id,
            key: key.into(),
            kind: kind.into(),
            payload: payload.into(),
            trace: *trace,
            at: *at,
        }
    }
}

/// The log of committed events: ordered in each partition.
///
/// # Errors
///
/// [`StoreError`] when the log cannot be read.
pub trait EventLog {
    /// Returns the partitions that this process consumes for a group.
    fn partitions(&mut self, group: Group) -> BoxFuture<'_, Result<Vec<Partition>, StoreError>>;

    /// Returns a group's offset in the store; 0 when it never committed.
    fn position(&mut self, key: OffsetKey) -> BoxFuture<'_, Result<i64, StoreError>>;

    /// Returns all stored events of an order, in order.
    fn events_of(&mut self, order: OrderId) -> BoxFuture<'_, Result<Vec<Outgoing>, StoreError>>;

    /// Returns the events that the store has in these slots; empty slots are left out.
    fn written<'a>(&'a mut self, slots: &'a [OutboxSlot]) -> BoxFuture<'a, Result<Vec<StoredEvent>, StoreError>>;

    /// Returns the offsets of all groups that ever committed.
    fn positions(&mut self) -> BoxFuture<'_, Result<Vec<(OffsetKey, i64)>, StoreError>>;

    /// Reads up to `limit` events from an offset on. No events: the end.
    fn fetch(&mut self, key: OffsetKey, from: i64, limit: usize) -> BoxFuture<'_, Result<Fetched, StoreError>>;
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Fetched {
    pub deliveries: Vec<Delivery>,
    /// The offset of the next read; events of other topics are skipped.
    pub next: i64,
}
