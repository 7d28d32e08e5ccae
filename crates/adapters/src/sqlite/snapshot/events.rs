//! The outbox in commit order, and the runs through which the events of an order are found.

use app::audit::{Archived, EventFacts, LogFacts};
use rusqlite::{Connection, Error, Result};

use crate::snapshot::log::{self, Differences, NAMED_MAX};
use crate::snapshot::{Asked, Unreadable};
use crate::sqlite::cells::{each_readable, from_row};

/// `last`: the position of the last event.
pub(super) fn read(
    asked: &mut impl Asked<Error = Error>,
    last: i64,
    archived: Option<Archived>,
    unreadable: &Unreadable,
    each: &mut dyn FnMut(EventFacts),
) -> Result<LogFacts> {
    let repeated = format!(
        "SELECT id FROM event WHERE position IN
             (SELECT max(position) FROM event_row GROUP BY event_row.id HAVING count(*) > 1) LIMIT {NAMED_MAX}"
    );
    log::read(asked, archived, Differences { repeated, trail_end: Some(last) }, unreadable, each)
}

/// A run with more events is no run: so many were never written.
const RUN_MAX: i64 = 1 << 40;

/// Returns an error text for each run of impossible positions, and one if events of orders are in no run, or runs contain
/// events of another order.
pub(super) fn out_of_reach(connection: &Connection) -> Result<Vec<String>> {
    let is_possible =
        format!("first_position BETWEEN 1 AND {RUN_MAX} AND last_position BETWEEN first_position AND {RUN_MAX}");
    let strange = format!(
        "SELECT order_id, first_position, last_position FROM order_event_run WHERE NOT ({is_possible}) LIMIT {NAMED_MAX}"
    );
    let mut problems = vec![];
    let unreadable = each_readable(connection, &strange, |(order, first, last): (i64, i64, i64)| {
        problems.push(format!("order_event_run of order {order}: it goes from event {first} to {last}"));
    })?;
    problems.extend(unreadable);
    let sql = format!(
        "WITH run AS (SELECT * FROM order_event_run WHERE {is_possible})
         SELECT (SELECT count(*) FROM event WHERE order_id IS NOT NULL),
                (SELECT count(*) FROM run CROSS JOIN event
                     ON position BETWEEN first_position AND last_position WHERE event.order_id = run.order_id),
                (SELECT coalesce(sum(last_position - first_position + 1), 0) FROM run)"
    );
    let (events, reached, led_to): (i64, i64, i64) = connection.query_row(&sql, [], from_row)?;
    if events != reached || reached != led_to {
        problems.push(format!(
            "order_event_run: {events} events are of orders, {reached} are in a run of their order, of {led_to} in runs"
        ));
    }
    Ok(problems)
}
