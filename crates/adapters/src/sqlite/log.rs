//! The event log without a broker: reads the outbox in place, with a partition for each of its shards.
//!
//! An event's offset is its number in the shard, starting at 1. A group's position is the first offset that it has not
//! taken in; the position 0 of a group without commits equals 1.

use std::future::ready;
use std::sync::Arc;

use app::events::event::EventKind;
use app::events::outbox::SHARDS;
use app::log::reactions::Group;
use app::log::relay::Outgoing;
use app::ports::{BoxFuture, EventLog, Fetched, OutboxSlot, StoreError, StoredEvent};
use app::state::rows::{OffsetKey, Partition};
use domain::ids::OrderId;
use rusqlite::{Connection, Result};

use super::cells::{SqliteCells, find, find_all, from_row};
use super::commits_seen::CommitsSeen;
use crate::records::{Cells as _, delivery};
use crate::selects::{SELECT_POSITIONS, select_outgoing};
use crate::words::topic_cell;

/// The most events read with one statement.
const PAGE: i64 = 1_024;

pub struct SqliteLog {
    connection: Connection,
    commits_seen: Arc<CommitsSeen>,
}

impl SqliteLog {
    pub(super) const fn new(connection: Connection, commits_seen: Arc<CommitsSeen>) -> SqliteLog {
        SqliteLog { connection, commits_seen }
    }

    /// Reads until an event is found, so that an empty answer means the end of the log.
    fn read(&self, key: OffsetKey, from: i64, limit: usize) -> Result<Fetched> {
        let mut fetched = Fetched { next: from, ..Fetched::default() };
        while fetched.deliveries.is_empty() && fetched.next <= self.commits_seen.last(key.partition.number) {
            let before = fetched.next;
            self.read_page(key, limit, &mut fetched)?;
            if fetched.next == before {
                break;
            }
        }
        Ok(fetched)
    }

    fn read_page(&self, key: OffsetKey, limit: usize, fetched: &mut Fetched) -> Result<()> {
        let mut statement = self.connection.prepare_cached(
            "SELECT seq, type, id, payload, occurred_at, event_key, traceparent FROM event
             WHERE shard = ?1 AND seq >= ?2 ORDER BY seq LIMIT ?3",
        )?;
        let mut rows = statement.query((key.partition.number, fetched.next, PAGE))?;
        while let Some(row) = rows.next()?
            && fetched.deliveries.len() < limit.max(1)
        {
            let mut cells = SqliteCells::of(row);
            let offset: i64 = cells.take()?;
            let kind: String = cells.take()?;
            // No group of this program subscribes to events that it does not know.
            if let Some(kind) = EventKind::from_name(&kind).filter(|kind| key.group.subscribes_to(*kind)) {
                fetched.deliveries.push(delivery(key.partition, offset, kind, &mut cells)?);
            }
            fetched.next = offset + 1;
        }
        Ok(())
    }
}

/// Returns all events of an order, in order.
pub(super) fn events_of(connection: &Connection, order: OrderId) -> Result<Vec<Outgoing>> {
    let sql = select_outgoing!(
        "order_event_run CROSS JOIN event ON position BETWEEN first_position AND last_position \
         WHERE order_event_run.order_id = ?1 ORDER BY first_position, position"
    );
    find_all(connection, sql, [order.0])
}

/// Returns the offsets of all groups; those of unknown groups and topics are left out.
pub(super) fn positions(connection: &Connection) -> Result<Vec<(OffsetKey, i64)>> {
    let mut statement = connection.prepare_cached(SELECT_POSITIONS)?;
    statement.query_map([], from_row)?.filter_map(Result::transpose).collect()
}

impl EventLog for SqliteLog {
    fn partitions(&mut self, _group: Group) -> BoxFuture<'_, std::result::Result<Vec<Partition>, StoreError>> {
        let numbers = (0..).take(SHARDS);
        Box::pin(ready(Ok(numbers.map(|number| Partition { topic: None, number }).collect())))
    }

    fn position(&mut self, key: OffsetKey) -> BoxFuture<'_, std::result::Result<i64, StoreError>> {
        let sql = "SELECT position FROM consumer_offset WHERE consumer_group = ?1 AND topic = ?2 AND partition = ?3";
        let topic = topic_cell(key.partition);
        let found = find(&self.connection, sql, (key.group.name(), topic, key.partition.number));
        Box::pin(ready(
            found.map(Option::<i64>::unwrap_or_default).map_err(|error| StoreError::Failed(error.to_string())),
        ))
    }

    fn events_of(&mut self, order: OrderId) -> BoxFuture<'_, std::result::Result<Vec<Outgoing>, StoreError>> {
        let found = events_of(&self.connection, order);
        Box::pin(ready(found.map_err(|error| StoreError::Failed(error.to_string()))))
    }

    fn written<'a>(
        &'a mut self,
        slots: &'a [OutboxSlot],
    ) -> BoxFuture<'a, std::result::Result<Vec<StoredEvent>, StoreError>> {
        let sql = "SELECT shard, seq, id, type, payload FROM event WHERE shard = ?1 AND seq = ?2";
        let find = |slot: &OutboxSlot| find(&self.connection, sql, (slot.shard, slot.seq)).transpose();
        let found: Result<Vec<StoredEvent>> = slots.iter().filter_map(find).collect();
        Box::pin(ready(found.map_err(|error| StoreError::Failed(error.to_string()))))
    }

    fn positions(&mut self) -> BoxFuture<'_, std::result::Result<Vec<(OffsetKey, i64)>, StoreError>> {
        let found = positions(&self.connection);
        Box::pin(ready(found.map_err(|error| StoreError::Failed(error.to_string()))))
    }

    fn fetch(
        &mut self,
        key: OffsetKey,
        from: i64,
        limit: usize,
    ) -> BoxFuture<'_, std::result::Result<Fetched, StoreError>> {
        let fetched = self.read(key, from, limit);
        Box::pin(ready(fetched.map_err(|error| StoreError::Failed(error.to_string()))))
    }
}
