//! Events in their places, and the groups that read them in place.

use std::ops::Range;

use app::events::event::EventKind;
use app::log::groups::{COUNTED_MAX, Extent, LogInspector, Passage, SHOWN_MAX};
use app::log::reactions::Group;
use app::log::relay::Outgoing;
use app::ports::views::{OutboxViews, Reading, ShardPlace};
use app::state::rows::{OffsetKey, OffsetMove, Partition};
use domain::ids::OrderId;
use domain::time::Timestamp;
use rusqlite::{Connection, Result};

use super::{SqliteViews, sql_limit};
use crate::selects::{select_outgoing, select_relayed};
use crate::sqlite::cells::{find, find_all, from_row};
use crate::sqlite::log::{events_of, positions};
use crate::sqlite::store::heads;
use crate::sqlite::trail::{WHOLE, last};

impl OutboxViews for SqliteViews {
    fn positions(&self) -> Reading<'_, Vec<(OffsetKey, i64)>> {
        self.read(positions)
    }

    fn shards(&self) -> Reading<'_, Vec<ShardPlace>> {
        self.read(|connection| {
            let sql = select_relayed!("ORDER BY outbox_shard.shard");
            find_all(connection, sql, [])
        })
    }

    fn outgoing(&self, shard: usize, after: i64, limit: usize) -> Reading<'_, Vec<Outgoing>> {
        self.read(move |connection| {
            let sql = select_outgoing!("event WHERE shard = ?1 AND seq > ?2 ORDER BY seq LIMIT ?3");
            find_all(connection, sql, (shard as i64, after, sql_limit(limit)))
        })
    }

    fn outgoing_of(&self, order: OrderId) -> Reading<'_, Vec<Outgoing>> {
        self.read(move |connection| events_of(connection, order))
    }

    fn last_before(&self, shard: usize, moment: Timestamp) -> Reading<'_, i64> {
        self.read(move |connection| Ok(first_since(connection, shard as i64, moment)? - 1))
    }
}

/// Returns the number of a shard's first event that is not older, or the number of its next event.
fn first_since(connection: &Connection, shard: i64, moment: Timestamp) -> Result<i64> {
    let sql = "SELECT seq FROM event WHERE shard = ?1 AND occurred_at >= ?2 ORDER BY seq LIMIT 1";
    if let Some(first) = find(connection, sql, (shard, moment.micros()))? {
        return Ok(first);
    }
    let head = "SELECT seq + 1 FROM outbox_shard WHERE shard = ?1";
    Ok(find(connection, head, [shard])?.unwrap_or(1))
}

/// The log is the outbox itself, a partition for each shard; trailing groups read it as a whole.
impl LogInspector for SqliteViews {
    fn extents(&self, group: Group) -> Reading<'_, Vec<Extent>> {
        self.read(move |connection| {
            if group.is_trailing() {
                return Ok(vec![Extent { partition: WHOLE, begin: 1, end: last(connection)? + 1, committed: None }]);
            }
            let extent = |(number, head): (i32, &app::events::outbox::ShardHead)| {
                let partition = Partition { topic: None, number };
                Extent { partition, begin: 1, end: head.seq + 1, committed: None }
            };
            Ok((0..).zip(&heads(connection)?).map(extent).collect())
        })
    }

    fn offset_at(&self, partition: Partition, moment: Timestamp) -> Reading<'_, i64> {
        self.read(move |connection| first_since(connection, i64::from(partition.number), moment))
    }

    fn between(&self, key: OffsetKey, offsets: Range<i64>) -> Reading<'_, Passage> {
        self.read(move |connection| {
            let mut statement = connection.prepare_cached(
                "SELECT seq, id, type, event_key, aggregatetype, aggregateid, occurred_at FROM event
                 WHERE shard = ?1 AND seq >= ?2 AND seq < ?3 ORDER BY seq LIMIT ?4",
            )?;
            let limit = sql_limit(COUNTED_MAX);
            let mut rows = statement.query((key.partition.number, offsets.start, offsets.end, limit))?;
            let mut passage = Passage { is_whole: offsets.end - offsets.start <= limit, ..Passage::default() };
            while let Some(row) = rows.next()? {
                let Some(kind) = EventKind::from_name(row.get_ref(2)?.as_str()?) else { continue };
                if !key.group.subscribes_to(kind) {
                    continue;
                }
                passage.events += 1;
                if passage.shown.len() < SHOWN_MAX {
                    passage.shown.push(from_row(row)?);
                }
            }
            Ok(passage)
        })
    }

    fn publish_offsets(&self, _moves: Vec<OffsetMove>) -> Reading<'_, ()> {
        Box::pin(std::future::ready(Ok(())))
    }
}
