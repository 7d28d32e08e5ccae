//! The outbox in commit order, with the hashes that prove it.

use app::audit::{Archived, EventFacts, LogFacts, ShardFacts};
use app::ports::views::ShardPlace;
use rusqlite::{Connection, Result};

use crate::passed_over;
use crate::selects::select_relayed;
use crate::snapshot::{Roots, SELECT_EVENTS, SELECT_WHOLE_FROM};
use crate::sqlite::cells::from_row;
use crate::sqlite::log::positions;
use crate::sqlite::store::carrier;
use crate::sqlite::trail::last;

pub(super) fn read(
    connection: &Connection,
    archived: Option<Archived>,
    each: &mut dyn FnMut(EventFacts),
) -> Result<LogFacts> {
    let roots = roots(connection, archived)?;
    let mut statement = connection.prepare(SELECT_EVENTS)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        each(roots.with(from_row(row)?));
    }
    Ok(LogFacts {
        shards: shards(connection, &roots)?,
        carrier: carrier(connection)?,
        relayed: relayed(connection)?,
        positions: positions(connection)?,
        trail_end: Some(last(connection)?),
        repeated: repeated(connection)?,
        strangers: strangers(connection)?,
        passed_over: passed_over(connection)?,
    })
}

/// The most repeated ids and marks without an event that are named.
const NAMED_MAX: i64 = 10;

fn repeated(connection: &Connection) -> Result<Vec<String>> {
    let sql = "SELECT id FROM event WHERE position IN
                   (SELECT max(position) FROM event_row GROUP BY event_row.id HAVING count(*) > 1) LIMIT ?1";
    connection.prepare(sql)?.query_map([NAMED_MAX], from_row)?.collect()
}

fn strangers(connection: &Connection) -> Result<Vec<(String, String)>> {
    let sql = "SELECT consumer_group, event_id FROM inbox WHERE event_id NOT IN (SELECT id FROM event) LIMIT ?1";
    connection.prepare(sql)?.query_map([NAMED_MAX], from_row)?.collect()
}

fn passed_over(connection: &Connection) -> Result<Vec<(String, String)>> {
    let mut found = vec![];
    for select in passed_over::selects(carrier(connection)?, NAMED_MAX as usize) {
        let mut select = connection.prepare(&select)?;
        let rows = select.query_map([], from_row)?;
        found.extend(rows.collect::<Result<Vec<_>>>()?);
    }
    Ok(found)
}

/// Shards that no relay of this shop ever held have another publisher, or none.
fn relayed(connection: &Connection) -> Result<Vec<ShardPlace>> {
    let sql = select_relayed!("WHERE epoch > 0 ORDER BY relay_shard.shard");
    connection.prepare(sql)?.query_map([], from_row)?.collect()
}

fn roots(connection: &Connection, archived: Option<Archived>) -> Result<Roots> {
    let mut roots = Roots::without(archived);
    for row in connection.prepare(SELECT_WHOLE_FROM)?.query_map([], from_row)? {
        let (shard, whole_from) = row?;
        roots.begin(shard, whole_from);
    }
    let mut statement = connection.prepare("SELECT shard, seq, hash FROM daily_root")?;
    for row in statement.query_map([], from_row)? {
        let (shard, head) = row?;
        roots.keep(shard, head);
    }
    Ok(roots)
}

fn shards(connection: &Connection, roots: &Roots) -> Result<Vec<ShardFacts>> {
    let mut statement = connection.prepare("SELECT shard, seq, hash FROM outbox_shard ORDER BY shard")?;
    let heads = statement.query_map([], from_row)?;
    heads.map(|head| head.map(|(shard, head)| roots.shard(shard, head))).collect()
}

/// Returns an error text if events of orders are in no run, or runs contain events of another order.
pub(super) fn out_of_reach(connection: &Connection) -> Result<Option<String>> {
    let sql = "SELECT (SELECT count(*) FROM event WHERE order_id IS NOT NULL),
                      (SELECT count(*) FROM order_event_run AS run CROSS JOIN event
                           ON position BETWEEN first_position AND last_position WHERE event.order_id = run.order_id),
                      (SELECT coalesce(sum(last_position - first_position + 1), 0) FROM order_event_run)";
    let (events, reached, led_to): (i64, i64, i64) = connection.query_row(sql, [], from_row)?;
    let is_whole = events == reached && reached == led_to;
    Ok((!is_whole).then(|| {
        format!(
            "order_event_run: {events} events are of orders, {reached} are in a run of their order, of {led_to} in runs"
        )
    }))
}
