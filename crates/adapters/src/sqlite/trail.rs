//! The store's events for trailing groups: one partition, in the order of commits.
//!
//! Positions are numbered without a gap and need no index on shards, which the inline executor does without.

use std::future::ready;
use std::sync::Arc;

use app::events::event::EventKind;
use app::log::reactions::Group;
use app::ports::trail::SCANNED_MAX;
use app::ports::{BoxFuture, Slice, StoreError, Trail, WantedSlice};
use app::state::rows::{OffsetKey, Partition};
use rusqlite::{Connection, Result};

use super::cells::{SqliteCells, find};
use super::store::LogSync;
use crate::records::{Cells as _, delivery};

/// The one partition of the store's events.
pub(super) const WHOLE: Partition = Partition { topic: None, number: 0 };

pub struct SqliteTrail {
    connection: Connection,
    /// `None` where commits need not be durable.
    sync: Option<Arc<LogSync>>,
}

impl SqliteTrail {
    pub(super) const fn new(connection: Connection, sync: Option<Arc<LogSync>>) -> SqliteTrail {
        SqliteTrail { connection, sync }
    }

    fn offset(&self, group: Group) -> Result<i64> {
        let sql = "SELECT position FROM consumer_offset WHERE consumer_group = ?1 AND topic = '' AND partition = ?2";
        Ok(find(&self.connection, sql, (group.name(), WHOLE.number))?.unwrap_or(0))
    }

    fn read(&self, key: OffsetKey, wanted: &WantedSlice<'_>) -> Result<Slice> {
        let from = wanted.from.first().map_or(1, |(_, from)| (*from).max(1));
        let last = last(&self.connection)?;
        let until = last.min(from.saturating_add(SCANNED_MAX - 1));
        if from > last {
            return Ok(Slice { is_end: true, ..Slice::default() });
        }
        let limit = wanted.limit.max(1);
        let deliveries = self.deliveries(key, &(from..until + 1), wanted.kinds, limit)?;
        let next = match deliveries.last() {
            Some(newest) if deliveries.len() == limit => newest.offset + 1,
            _ => until + 1,
        };
        Ok(Slice { deliveries, next: vec![(key, next)], is_end: next > last })
    }

    fn deliveries(
        &self,
        key: OffsetKey,
        range: &std::ops::Range<i64>,
        kinds: &[EventKind],
        limit: usize,
    ) -> Result<Vec<app::ports::Delivery>> {
        let Some(numbers) = self.numbers(kinds)? else { return Ok(vec![]) };
        // A row of another kind is passed after its first column. The numbers change rarely, so the statement stays prepared.
        let sql = format!(
            "SELECT position, type, id, payload, occurred_at, event_key, traceparent FROM event WHERE position IN
                 (SELECT position FROM event_row WHERE position >= ?1 AND position < ?2 AND kind IN ({numbers})
                  ORDER BY position LIMIT ?3)
             ORDER BY position"
        );
        let mut statement = self.connection.prepare_cached(&sql)?;
        let mut rows = statement.query((range.start, range.end, i64::try_from(limit).unwrap_or(i64::MAX)))?;
        let mut deliveries = vec![];
        while let Some(row) = rows.next()? {
            let mut cells = SqliteCells::of(row);
            let (offset, kind) = (cells.take()?, cells.word(EventKind::ALL, EventKind::name)?);
            deliveries.push(delivery(key.partition, offset, kind, &mut cells)?);
        }
        Ok(deliveries)
    }

    /// Returns the numbers under which the store has these kinds of event, between commas; `None` without any.
    fn numbers(&self, kinds: &[EventKind]) -> Result<Option<String>> {
        let mut statement = self.connection.prepare_cached("SELECT kind, type FROM event_kind ORDER BY kind")?;
        let mut rows = statement.query([])?;
        let mut numbers = vec![];
        while let Some(row) = rows.next()? {
            let name = row.get_ref(1)?.as_str()?;
            if kinds.iter().any(|kind| kind.name() == name) {
                numbers.push(row.get::<_, i64>(0)?.to_string());
            }
        }
        Ok((!numbers.is_empty()).then(|| numbers.join(",")))
    }
}

/// Returns the position of the last event; 0 without any.
pub(super) fn last(connection: &Connection) -> Result<i64> {
    // An incremental audit hides the table of this name.
    let sql = "SELECT coalesce(max(position), 0) FROM main.event_row";
    Ok(find(connection, sql, [])?.unwrap_or(0))
}

fn stored<T>(answer: Result<T>) -> std::result::Result<T, StoreError> {
    answer.map_err(|error| StoreError::Failed(error.to_string()))
}

impl Trail for SqliteTrail {
    fn offsets(&mut self, group: Group) -> BoxFuture<'_, std::result::Result<Vec<(OffsetKey, i64)>, StoreError>> {
        let key = OffsetKey { group, partition: WHOLE };
        Box::pin(ready(stored(self.offset(group)).map(|offset| vec![(key, offset)])))
    }

    fn slice<'a>(&'a mut self, wanted: WantedSlice<'a>) -> BoxFuture<'a, std::result::Result<Slice, StoreError>> {
        let Some((key, _)) = wanted.from.first() else { return Box::pin(ready(Ok(Slice::default()))) };
        Box::pin(ready(stored(self.read(*key, &wanted))))
    }

    fn await_durable(&mut self) -> BoxFuture<'_, std::result::Result<(), StoreError>> {
        let durable =
            self.sync.as_ref().map_or(Ok(()), |sync| sync.wrote().reach().map(|_| ()).map_err(StoreError::Failed));
        Box::pin(ready(durable))
    }
}
