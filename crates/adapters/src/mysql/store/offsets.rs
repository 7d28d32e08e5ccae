//! Assigns events their places at the ends of their shards, as the last step of a commit.

use std::collections::BTreeSet;

use app::events::outbox::{self, SHARDS, ShardHead};
use app::ports::Commit;
use mysql_async::Value;

use crate::mysql::cells::from_row;
use crate::mysql::failure::{Failure, Result};
use crate::mysql::sql::{Insert, Script, is_in};

pub(in crate::mysql) const SELECT_HEADS: &str = "SELECT shard, seq, hash FROM outbox_shard";

/// More events than a shard can ever have.
const SEQ_MAX: i64 = 1 << 60;

/// Locks the shards that the commit's events belong to, in order.
pub(super) fn lock(commit: &Commit<'_>) -> Option<String> {
    let shards: BTreeSet<usize> = commit.rows.events.iter().map(|event| outbox::shard_of(&event.event.key())).collect();
    let shards: Vec<i64> = (0..).zip(0..SHARDS).filter(|(_, shard)| shards.contains(shard)).map(|(id, _)| id).collect();
    let condition = is_in("shard", shards.iter().copied());
    (!shards.is_empty())
        .then(|| format!("{SELECT_HEADS} FORCE INDEX (PRIMARY) WHERE {condition} ORDER BY shard FOR UPDATE"))
}

pub(in crate::mysql) fn heads(rows: Vec<Vec<Value>>) -> Result<[ShardHead; SHARDS]> {
    let mut heads = [ShardHead::default(); SHARDS];
    for row in rows {
        let (shard, found): (i64, ShardHead) = from_row(row)?;
        if !(0..SEQ_MAX).contains(&found.seq) {
            return Err(Failure::unreadable(format!(
                "the shard {shard} has the number {}, which no commit gave it",
                found.seq
            )));
        }
        let head = usize::try_from(shard).ok().and_then(|shard| heads.get_mut(shard));
        *head.ok_or_else(|| Failure::unreadable(format!("the shard {shard} does not exist")))? = found;
    }
    Ok(heads)
}

/// `heads` are those of the shards that the commit has locked.
pub(super) fn write_events(script: &mut Script, commit: &Commit<'_>, heads: &mut [ShardHead; SHARDS]) {
    let before = *heads;
    let records = outbox::seal(heads, &commit.rows.events);
    let mut insert = Insert::new(
        script,
        "INSERT INTO event (id, aggregatetype, aggregateid, type, payload, topic, event_key, shard, seq, order_id, \
         version, cause, traceparent, occurred_at) VALUES ",
        "",
    )
    .awaiting(records.len());
    for (event, record) in commit.rows.events.iter().zip(&records) {
        insert.row(&[
            &record.id,
            &record.aggregatetype,
            &record.aggregateid,
            &record.kind,
            &record.payload,
            &record.topic.name(),
            &record.key,
            &(record.shard as i64),
            &record.seq,
            &event.order.map(|order| order.0),
            &event.version,
            &event.cause,
            &record.trace,
            &event.at,
        ]);
    }
    drop(insert);
    write_heads(script, commit, &before, heads);
}

/// Writes only the shards that got an event.
fn write_heads(script: &mut Script, commit: &Commit<'_>, before: &[ShardHead; SHARDS], after: &[ShardHead; SHARDS]) {
    let touched = || (0_i64..).zip(before.iter().zip(after)).filter(|(_, (before, after))| before != after);
    let mut shard_head = Insert::new(
        script,
        "INSERT INTO outbox_shard (shard, seq, hash) VALUES ",
        " ON DUPLICATE KEY UPDATE seq = VALUES(seq), hash = VALUES(hash)",
    );
    touched().for_each(|(shard, (_, head))| shard_head.row(&[&shard, &head.seq, &head.hash]));
    drop(shard_head);
    let day = outbox::day(commit.now);
    let mut daily_root = Insert::new(
        script,
        "INSERT INTO daily_root (day, shard, seq, hash) VALUES ",
        " ON DUPLICATE KEY UPDATE seq = VALUES(seq), hash = VALUES(hash)",
    );
    touched().for_each(|(shard, (_, head))| daily_root.row(&[&day, &shard, &head.seq, &head.hash]));
}
