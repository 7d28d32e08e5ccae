//! Everything that ever happened, by position.

use std::ops::Range;
use std::time::Duration;

use app::events::event::EventKind;
use app::ports::events::{Direction, EventFailure, EventFilter, EventViews, EventWindow, Subject, WrittenEvent};
use app::ports::views::Reading;
use app::state::rows::EventId;
use domain::ids::OrderId;
use domain::time::Timestamp;
use rusqlite::types::Value;
use rusqlite::{Connection, Result, params_from_iter};

use super::{SqliteViews, sql_limit};
use crate::selects::{SELECT_BEFORE, select_letter_failure, select_parked_failure, select_written};
use crate::sqlite::cells::{find, find_all, from_row};

impl EventViews for SqliteViews {
    fn events_end(&self) -> Reading<'_, i64> {
        self.read(|connection| {
            let last: Option<Option<i64>> = find(connection, "SELECT max(position) FROM event_row", [])?;
            Ok(last.flatten().unwrap_or(0).saturating_add(1))
        })
    }

    fn event_from(&self, position: i64) -> Reading<'_, Option<(i64, Timestamp)>> {
        self.read(move |connection| {
            let sql = "SELECT position, occurred_at FROM event_row WHERE position >= ?1 ORDER BY position LIMIT 1";
            let found: Option<(i64, i64)> = find(connection, sql, [position])?;
            Ok(found.map(|(position, at)| (position, Timestamp::from_micros(at))))
        })
    }

    /// One process writes, and its clock does not go back.
    fn time_slack(&self) -> Duration {
        Duration::ZERO
    }

    fn archived_before(&self) -> Reading<'_, Option<Timestamp>> {
        self.read(|connection| Ok(find(connection, SELECT_BEFORE, [])?.map(Timestamp::from_micros)))
    }

    fn order_runs(&self, order: OrderId) -> Reading<'_, Vec<Range<i64>>> {
        self.read(move |connection| {
            let sql = "SELECT first_position, last_position FROM order_event_run WHERE order_id = ?1 \
                 ORDER BY first_position";
            let runs: Vec<(i64, i64)> = find_all(connection, sql, [order.0])?;
            Ok(runs.into_iter().map(|(first, last)| first..last.saturating_add(1)).collect())
        })
    }

    fn events_in(&self, wanted: &EventFilter, window: EventWindow) -> Reading<'_, Vec<WrittenEvent>> {
        let (sql, values) = select(wanted, &window);
        self.read(move |connection| find_all(connection, &sql, params_from_iter(values)))
    }

    fn failures_of(&self, events: Vec<EventId>) -> Reading<'_, Vec<EventFailure>> {
        self.read(move |connection| {
            let mut found = failures(connection, select_parked_failure!("WHERE event_id IN "), &events)?;
            found.extend(failures(connection, select_letter_failure!("WHERE event_id IN "), &events)?);
            Ok(found)
        })
    }
}

/// Returns the statement and its values. It looks at the window's positions and at no others.
fn select(wanted: &EventFilter, window: &EventWindow) -> (String, Vec<Value>) {
    let mut sql = select_written!("event WHERE position >= ? AND position < ?").to_owned();
    let mut values = vec![Value::Integer(window.positions.start), Value::Integer(window.positions.end)];
    if let Some(kinds) = &wanted.kinds {
        let names: Vec<String> = kinds.iter().map(|kind| format!("'{}'", EventKind::name(*kind))).collect();
        sql += &format!(" AND type IN ({})", names.join(", "));
    }
    if let Some(key) = wanted.stored_key() {
        sql += " AND event_key = ?";
        values.push(Value::Text(key.to_owned()));
    }
    for spellings in wanted.about.iter().map(Subject::spellings) {
        let one: Vec<&str> = spellings.iter().map(|_| "instr(payload, ?) > 0").collect();
        sql += &format!(" AND ({})", one.join(" OR "));
        values.extend(spellings.into_iter().map(Value::Text));
    }
    sql += match window.direction {
        Direction::OldestFirst => " ORDER BY position LIMIT ?",
        Direction::NewestFirst => " ORDER BY position DESC LIMIT ?",
    };
    values.push(Value::Integer(sql_limit(window.limit)));
    (sql, values)
}

/// Reads failures; those of groups that this program does not know are left out.
fn failures(connection: &Connection, select: &str, events: &[EventId]) -> Result<Vec<EventFailure>> {
    let places = vec!["?"; events.len()].join(", ");
    let mut statement = connection.prepare_cached(&format!("{select}({places})"))?;
    let ids = events.iter().map(|event| app::events::outbox::uuid(event.0));
    let rows = statement.query_map(params_from_iter(ids), from_row)?;
    rows.filter_map(Result::transpose).collect()
}
