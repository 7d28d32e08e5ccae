//! The event log that needs no broker: the outbox read in place, a partition for each of its shards.
//!
//! An event's offset is its number in the shard, from 1. A group's position is the first offset that it has not taken
//! in: 0, as long as it never committed, is as good as 1.

use std::future::ready;
use std::sync::Arc;

use app::event::{Event, EventKind};
use app::outbox::{SHARDS, parse_uuid};
use app::ports::{Delivery, EventLog, Fetched, Pending, Poison, StoreError};
use app::reactions::Group;
use app::relay::Outgoing;
use app::rows::{EventId, OffsetKey, Partition};
use domain::ids::OrderId;
use rusqlite::{Connection, Result, Row};

use super::commits_seen::CommitsSeen;
use super::outbox::outgoing;
use super::records::{Cells, select_outgoing};
use super::store::find;
use crate::words;

/// Events looked at with one statement.
const PAGE: i64 = 1_024;

pub struct SqliteLog {
    connection: Connection,
    commits_seen: Arc<CommitsSeen>,
}

impl SqliteLog {
    pub(super) const fn new(connection: Connection, commits_seen: Arc<CommitsSeen>) -> SqliteLog {
        SqliteLog { connection, commits_seen }
    }

    /// Looks on until something is found, so that an empty answer means the end of the log.
    fn look(&self, key: OffsetKey, from: i64, limit: usize) -> Result<Fetched> {
        let mut fetched = Fetched { next: from, ..Fetched::default() };
        while fetched.deliveries.is_empty() && fetched.next <= self.commits_seen.last(key.partition.number) {
            let looked_at = fetched.next;
            self.look_at_page(key, limit, &mut fetched)?;
            if fetched.next == looked_at {
                break;
            }
        }
        Ok(fetched)
    }

    fn look_at_page(&self, key: OffsetKey, limit: usize, fetched: &mut Fetched) -> Result<()> {
        let mut statement = self.connection.prepare_cached(
            "SELECT seq, type, id, payload, occurred_at, event_key FROM event
             WHERE shard = ?1 AND seq >= ?2 ORDER BY seq LIMIT ?3",
        )?;
        let mut rows = statement.query((key.partition.number, fetched.next, PAGE))?;
        while let Some(row) = rows.next()?
            && fetched.deliveries.len() < limit.max(1)
        {
            let mut cells = Cells::of(row);
            let offset: i64 = cells.take()?;
            let kind: String = cells.take()?;
            // What this program does not know, no group of it asks for.
            if let Some(kind) = EventKind::from_name(&kind).filter(|kind| key.group.subscribes_to(*kind)) {
                fetched.deliveries.push(delivery(key.partition, offset, kind, cells)?);
            }
            fetched.next = offset + 1;
        }
        Ok(())
    }
}

fn delivery(partition: Partition, offset: i64, kind: EventKind, mut cells: Cells<'_>) -> Result<Delivery> {
    let id: String = cells.take()?;
    let id = parse_uuid(&id).ok_or_else(|| cells.broken("an event's id is no UUID"))?;
    let payload: String = cells.take()?;
    let at = cells.at()?;
    let key: String = cells.take()?;
    let poison = |error: serde_json::Error| {
        let (topic, kind, error) = (kind.topic(), kind.name().to_owned(), error.to_string());
        Poison { topic, key, kind, payload: payload.clone(), error }
    };
    let event = Event::parse(kind, &payload).map_err(poison);
    Ok(Delivery { partition, offset, id: EventId(id), event, at, gap: None })
}

fn position(row: &Row<'_>) -> Result<i64> {
    row.get(0)
}

/// All events of an order, in order.
pub(super) fn events_of(connection: &Connection, order: OrderId) -> Result<Vec<Outgoing>> {
    let sql = select_outgoing!(
        "order_event_run CROSS JOIN event ON position BETWEEN first_position AND last_position \
         WHERE order_event_run.order_id = ?1 ORDER BY first_position, position"
    );
    let mut statement = connection.prepare_cached(sql)?;
    statement.query_map([order.0], outgoing)?.collect()
}

/// Where all groups stand; places of groups and topics that this program does not know are left out.
pub(super) fn positions(connection: &Connection) -> Result<Vec<(OffsetKey, i64)>> {
    let sql = "SELECT consumer_group, topic, partition, position FROM consumer_offset";
    let mut statement = connection.prepare_cached(sql)?;
    let known = statement.query_map([], |row| {
        let (group, topic): (String, String) = (row.get(0)?, row.get(1)?);
        let key = words::offset_key(&group, &topic, row.get(2)?);
        Ok(key.map(|key| (key, row.get(3))))
    })?;
    known.filter_map(|row| row.transpose().map(|row| row.and_then(|(key, position)| Ok((key, position?))))).collect()
}

impl EventLog for SqliteLog {
    fn partitions(&mut self, _group: Group) -> Pending<'_, std::result::Result<Vec<Partition>, StoreError>> {
        let numbers = (0..).take(SHARDS);
        Box::pin(ready(Ok(numbers.map(|number| Partition { topic: None, number }).collect())))
    }

    fn position(&mut self, key: OffsetKey) -> Pending<'_, std::result::Result<i64, StoreError>> {
        let sql = "SELECT position FROM consumer_offset WHERE consumer_group = ?1 AND topic = ?2 AND partition = ?3";
        let topic = key.partition.topic.map_or("", app::topic::Topic::name);
        let found = find(&self.connection, sql, (key.group.name(), topic, key.partition.number), position);
        Box::pin(ready(found.map(Option::unwrap_or_default).map_err(|error| StoreError(error.to_string()))))
    }

    fn events_of(&mut self, order: OrderId) -> Pending<'_, std::result::Result<Vec<Outgoing>, StoreError>> {
        let found = events_of(&self.connection, order);
        Box::pin(ready(found.map_err(|error| StoreError(error.to_string()))))
    }

    fn positions(&mut self) -> Pending<'_, std::result::Result<Vec<(OffsetKey, i64)>, StoreError>> {
        let found = positions(&self.connection);
        Box::pin(ready(found.map_err(|error| StoreError(error.to_string()))))
    }

    fn fetch(
        &mut self,
        key: OffsetKey,
        from: i64,
        limit: usize,
    ) -> Pending<'_, std::result::Result<Fetched, StoreError>> {
        let fetched = self.look(key, from, limit);
        Box::pin(ready(fetched.map_err(|error| StoreError(error.to_string()))))
    }
}
