//! Assigns events their places at the ends of their shards, as the last step of a commit.

use app::events::outbox::{self, SHARDS, ShardHead};
use app::ports::Commit;
use domain::ids::OrderId;
use rusqlite::{Connection, Result, params};
use rustc_hash::FxHashMap;

use crate::sqlite::cells::{Run as _, find, find_all};

/// The words that many events share, each set with its number in the store. Cleared when a transaction fails, because
/// its new numbers were rolled back.
#[derive(Debug, Default)]
pub(super) struct Kinds(FxHashMap<Words, i64>);

/// Aggregate type, type, topic and cause.
type Words = (&'static str, &'static str, &'static str, &'static str);

impl Kinds {
    pub(super) fn forget(&mut self) {
        self.0.clear();
    }

    fn number(&mut self, connection: &Connection, words: Words) -> Result<i64> {
        if let Some(known) = self.0.get(&words) {
            return Ok(*known);
        }
        let stored = "SELECT kind FROM event_kind WHERE aggregatetype = ?1 AND type = ?2 AND topic = ?3 AND cause = ?4";
        let add = "INSERT INTO event_kind (aggregatetype, type, topic, cause) VALUES (?1, ?2, ?3, ?4)";
        let number = match find(connection, stored, words)? {
            Some(number) => number,
            None => {
                connection.prepare_cached(add)?.run(words)?;
                connection.last_insert_rowid()
            }
        };
        self.0.insert(words, number);
        Ok(number)
    }
}

pub(in crate::sqlite) fn heads(connection: &Connection) -> Result<[ShardHead; SHARDS]> {
    let mut heads = [ShardHead::default(); SHARDS];
    let found: Vec<(i64, ShardHead)> = find_all(connection, "SELECT shard, seq, hash FROM outbox_shard", [])?;
    for (shard, found) in found {
        let head = usize::try_from(shard).ok().and_then(|shard| heads.get_mut(shard));
        *head.ok_or(rusqlite::Error::IntegralValueOutOfRange(0, shard))? = found;
    }
    Ok(heads)
}

pub(super) fn write_events(
    connection: &Connection,
    commit: &Commit<'_>,
    heads: &mut [ShardHead; SHARDS],
    kinds: &mut Kinds,
) -> Result<()> {
    let events = &commit.rows.events;
    if events.is_empty() {
        return Ok(());
    }
    let before = *heads;
    let records = outbox::seal(heads, events);
    let mut insert = connection.prepare_cached(
        "INSERT INTO event_row (kind, id, aggregateid, payload, event_key, shard, seq, order_id, version, traceparent,
                                occurred_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
    )?;
    let mut runs = Runs::default();
    for (event, record) in events.iter().zip(&records) {
        let words = (record.aggregatetype, record.kind, record.topic.name(), event.cause);
        insert.run(params![
            kinds.number(connection, words)?,
            event.id.0.to_be_bytes(),
            record.aggregateid,
            record.payload,
            record.key,
            record.shard as i64,
            record.seq,
            event.order.map(|order| order.0),
            event.version,
            record.trace,
            event.at.micros(),
        ])?;
        runs.add(event.order, connection.last_insert_rowid());
    }
    runs.write(connection)?;
    write_heads(connection, commit, &before, heads)
}

/// Consecutive events of one order each.
#[derive(Default)]
struct Runs {
    ended: Vec<Run>,
    last: Option<Run>,
}

struct Run {
    order: OrderId,
    first: i64,
    last: i64,
}

impl Runs {
    fn add(&mut self, order: Option<OrderId>, position: i64) {
        match (&mut self.last, order) {
            (Some(run), Some(order)) if run.order == order && run.last + 1 == position => run.last = position,
            (last, order) => {
                let next = order.map(|order| Run { order, first: position, last: position });
                self.ended.extend(std::mem::replace(last, next));
            }
        }
    }

    fn write(self, connection: &Connection) -> Result<()> {
        let sql = "INSERT INTO order_event_run (order_id, first_position, last_position) VALUES (?1, ?2, ?3)";
        let mut insert = connection.prepare_cached(sql)?;
        for Run { order, first, last } in self.ended.into_iter().chain(self.last) {
            insert.run((order.0, first, last))?;
        }
        Ok(())
    }
}

/// Writes only the shards that got an event.
fn write_heads(
    connection: &Connection,
    commit: &Commit<'_>,
    before: &[ShardHead; SHARDS],
    after: &[ShardHead; SHARDS],
) -> Result<()> {
    let day = outbox::day(commit.now);
    let mut shard_head = connection.prepare_cached(
        "INSERT INTO outbox_shard (shard, seq, hash) VALUES (?1, ?2, ?3)
         ON CONFLICT DO UPDATE SET seq = excluded.seq, hash = excluded.hash",
    )?;
    let mut daily_root = connection.prepare_cached(
        "INSERT INTO daily_root (day, shard, seq, hash) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT DO UPDATE SET seq = excluded.seq, hash = excluded.hash",
    )?;
    for (shard, head) in (0_i64..).zip(after).filter(|(shard, head)| before[*shard as usize] != **head) {
        shard_head.run((shard, head.seq, head.hash.as_slice()))?;
        daily_root.run((&day, shard, head.seq, head.hash.as_slice()))?;
    }
    Ok(())
}
