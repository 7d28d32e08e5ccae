//! The outbox in commit order, with the hashes that prove it.

use std::collections::BTreeMap;

use app::audit::{EventFacts, LogFacts, ShardFacts};
use app::outbox::ShardHead;
use app::views::ShardPlace;
use rusqlite::{Connection, Result, Row};

use crate::embedded::log::positions;
use crate::embedded::outbox::shard_place;
use crate::embedded::records::{Cells, select_relayed};
use crate::embedded::store::carrier;
use crate::passed_over;

/// Hashes that were kept, by shard and number.
type Roots = BTreeMap<(usize, i64), Vec<[u8; 32]>>;

pub(super) fn read(connection: &Connection, each: &mut dyn FnMut(EventFacts)) -> Result<LogFacts> {
    let roots = roots(connection)?;
    let mut statement = connection
        .prepare("SELECT id, shard, seq, event_key, type, payload, occurred_at FROM event ORDER BY position")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        each(event(row, &roots)?);
    }
    Ok(LogFacts {
        shards: shards(connection, &roots)?,
        carrier: carrier(connection)?,
        relayed: relayed(connection)?,
        positions: positions(connection)?,
        repeated: repeated(connection)?,
        strangers: strangers(connection)?,
        passed_over: passed_over(connection)?,
    })
}

/// Identities that several events have, and marks of what is no event: so many are named.
const NAMED_MAX: i64 = 10;

fn repeated(connection: &Connection) -> Result<Vec<String>> {
    let sql = "SELECT id FROM event GROUP BY id HAVING count(*) > 1 LIMIT ?1";
    connection.prepare(sql)?.query_map([NAMED_MAX], |row| row.get(0))?.collect()
}

fn strangers(connection: &Connection) -> Result<Vec<(String, String)>> {
    let sql = "SELECT consumer_group, event_id FROM inbox WHERE event_id NOT IN (SELECT id FROM event) LIMIT ?1";
    connection.prepare(sql)?.query_map([NAMED_MAX], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
}

fn passed_over(connection: &Connection) -> Result<Vec<(String, String)>> {
    let mut found = vec![];
    for select in passed_over::selects(carrier(connection)?, NAMED_MAX as usize) {
        let mut select = connection.prepare(&select)?;
        let rows = select.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        found.extend(rows.collect::<Result<Vec<_>>>()?);
    }
    Ok(found)
}

/// Shards that no relay of ours ever held are brought out by somebody else, or by nobody.
fn relayed(connection: &Connection) -> Result<Vec<ShardPlace>> {
    let sql = select_relayed!("WHERE epoch > 0 ORDER BY relay_shard.shard");
    connection.prepare(sql)?.query_map([], shard_place)?.collect()
}

fn event(row: &Row<'_>, roots: &Roots) -> Result<EventFacts> {
    let mut cells = Cells::of(row);
    let id = cells.take()?;
    let (shard, seq) = (cells.take::<i64>()?, cells.take()?);
    let shard = usize::try_from(shard).unwrap_or(usize::MAX);
    Ok(EventFacts {
        id,
        shard,
        seq,
        key: cells.take()?,
        kind: cells.take()?,
        payload: cells.take()?,
        at: cells.at()?,
        root: roots.get(&(shard, seq)).and_then(|kept| kept.first().copied()),
    })
}

fn roots(connection: &Connection) -> Result<Roots> {
    let mut roots = Roots::new();
    let mut statement = connection.prepare("SELECT shard, seq, hash FROM daily_root")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let shard = usize::try_from(row.get::<_, i64>(0)?).unwrap_or(usize::MAX);
        roots.entry((shard, row.get(1)?)).or_default().push(row.get(2)?);
    }
    Ok(roots)
}

fn shards(connection: &Connection, roots: &Roots) -> Result<Vec<ShardFacts>> {
    let mut statement = connection.prepare("SELECT shard, seq, hash FROM outbox_shard ORDER BY shard")?;
    let shards = statement.query_map([], |row| {
        let shard = usize::try_from(row.get::<_, i64>(0)?).unwrap_or(usize::MAX);
        let kept = roots.iter().filter(|((of, _), _)| *of == shard).map(|(_, kept)| kept.len()).sum();
        Ok(ShardFacts { shard, head: ShardHead { seq: row.get(1)?, hash: row.get(2)? }, roots: kept })
    })?;
    shards.collect()
}

/// Events of orders that no run leads to, and runs that lead to what is not their order's.
pub(super) fn out_of_reach(connection: &Connection) -> Result<Option<String>> {
    let sql = "SELECT (SELECT count(*) FROM event WHERE order_id IS NOT NULL),
                      (SELECT count(*) FROM order_event_run AS run CROSS JOIN event
                           ON position BETWEEN first_position AND last_position WHERE event.order_id = run.order_id),
                      (SELECT coalesce(sum(last_position - first_position + 1), 0) FROM order_event_run)";
    let (events, reached, led_to): (i64, i64, i64) =
        connection.query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    let is_whole = events == reached && reached == led_to;
    Ok((!is_whole).then(|| {
        format!(
            "order_event_run: {events} events are of orders, {reached} are found by their order, of {led_to} looked at"
        )
    }))
}
