//! Events that a group could not handle: loading them by key, writing them, and finding the due ones.

use app::events::outbox::uuid;
use app::ports::DueTimer;
use app::state::rows::{Message, ParkKey, ParkedEventKey, ParkedKey, Rows};
use app::state::table::Change;
use domain::time::Timestamp;
use rusqlite::{Connection, Result, ToSql, params};

use super::put_all::put_all;
use crate::left_out::{Found, LeftOut};
use crate::selects::{select_letter, select_parked, select_parked_event};
use crate::sqlite::cells::{Run as _, find, find_all, find_readable};

pub(super) fn parked(connection: &Connection, key: ParkKey) -> Result<Option<ParkedKey>> {
    let sql = select_parked!("WHERE consumer_group = ?1 AND topic = ?2 AND key_hash = ?3");
    let found = find(connection, sql, (key.group.name(), key.topic.name(), key.key.as_slice()))?;
    Ok(found.map(|(_, parked): (ParkKey, ParkedKey)| parked))
}

pub(super) fn event(connection: &Connection, key: ParkedEventKey) -> Result<Option<Message>> {
    let sql = select_parked_event!("WHERE consumer_group = ?1 AND topic = ?2 AND key_hash = ?3 AND number = ?4");
    let park = key.park;
    let cells = (park.group.name(), park.topic.name(), park.key.as_slice(), key.number);
    Ok(find(connection, sql, cells)?.map(|(_, message): (ParkedEventKey, Message)| message))
}

/// Parked keys whose first event is due, each with as many events as are retried together. Those that cannot be read
/// are left out and do not delay the others.
pub(super) fn due_keys(
    connection: &Connection,
    now: Timestamp,
    limit: usize,
    left_out: &LeftOut,
) -> Result<Vec<DueTimer>> {
    let sql = select_parked!("WHERE due_at <= ?1 ORDER BY due_at, consumer_group, topic, key_hash LIMIT ?2");
    left_out.page(limit, |limit| {
        let keys: Found<(ParkKey, ParkedKey)> = find_readable(connection, sql, (now.micros(), limit))?;
        let mut due = Found { rows: vec![], unreadable: keys.unreadable };
        keys.rows.into_iter().try_for_each(|(key, parked)| due.add(due_key(connection, key, parked)))?;
        Ok(due)
    })
}

fn due_key(connection: &Connection, key: ParkKey, parked: ParkedKey) -> Result<DueTimer> {
    let sql = select_parked_event!(
        "WHERE consumer_group = ?1 AND topic = ?2 AND key_hash = ?3 AND number >= ?4 AND number < ?5 ORDER BY number"
    );
    let end = parked.first + parked.run;
    let cells = (key.group.name(), key.topic.name(), key.key.as_slice(), parked.first, end);
    let events: Vec<(ParkedEventKey, Message)> = find_all(connection, sql, cells)?;
    Ok(DueTimer::Parked { key, parked, messages: events.into_iter().map(|(_, message)| message).collect() })
}

/// Letters that are due to be resent.
pub(super) fn due_letters(
    connection: &Connection,
    now: Timestamp,
    limit: usize,
    left_out: &LeftOut,
) -> Result<Vec<DueTimer>> {
    let sql = select_letter!("WHERE due_at <= ?1 ORDER BY due_at, letter_id LIMIT ?2");
    let letters = left_out.page(limit, |limit| find_readable(connection, sql, (now.micros(), limit)))?;
    Ok(letters.into_iter().map(|letter| DueTimer::DeadLetter(Box::new(letter))).collect())
}

pub(super) fn write(connection: &Connection, rows: &Rows) -> Result<()> {
    write_keys(connection, rows)?;
    write_events(connection, rows)?;
    write_letters(connection, rows)
}

fn write_keys(connection: &Connection, rows: &Rows) -> Result<()> {
    let changes = rows.parked.changes();
    if changes.is_empty() {
        return Ok(());
    }
    let mut put = connection.prepare_cached(
        "INSERT INTO parked_key (consumer_group, topic, key_hash, event_key, due_at, first_number, next_number, run,
                                 attempts, error, first_failed_at, last_failed_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)
         ON CONFLICT DO UPDATE SET due_at = excluded.due_at, first_number = excluded.first_number,
             next_number = excluded.next_number, run = excluded.run, attempts = excluded.attempts,
             error = excluded.error, first_failed_at = excluded.first_failed_at,
             last_failed_at = excluded.last_failed_at",
    )?;
    let mut delete = connection
        .prepare_cached("DELETE FROM parked_key WHERE consumer_group = ?1 AND topic = ?2 AND key_hash = ?3")?;
    for (key, change) in changes {
        let (group, topic, hash) = (key.group.name(), key.topic.name(), key.key.as_slice());
        match change {
            Change::Insert(row) | Change::Update(row) => {
                let trouble = row.trouble.as_ref();
                put.run(params![
                    group,
                    topic,
                    hash,
                    row.key,
                    row.due.micros(),
                    row.first,
                    row.next,
                    row.run,
                    trouble.map_or(0, |trouble| trouble.attempts),
                    trouble.map(|trouble| &trouble.error),
                    trouble.map(|trouble| trouble.first_failed.micros()),
                    trouble.map(|trouble| trouble.last_failed.micros()),
                ])?
            }
            Change::Delete => delete.run((group, topic, hash))?,
        };
    }
    Ok(())
}

fn write_events(connection: &Connection, rows: &Rows) -> Result<()> {
    let changes = rows.parked_events.changes();
    if changes.is_empty() {
        return Ok(());
    }
    let mut put = connection.prepare_cached(
        "INSERT INTO parked_event (consumer_group, topic, key_hash, number, partition, log_offset, event_id, event_key,
                                   type, payload, traceparent, occurred_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
    )?;
    let mut delete = connection.prepare_cached(
        "DELETE FROM parked_event WHERE consumer_group = ?1 AND topic = ?2 AND key_hash = ?3 AND number = ?4",
    )?;
    for (ParkedEventKey { park, number }, change) in changes {
        let (group, topic, hash) = (park.group.name(), park.topic.name(), park.key.as_slice());
        match change {
            Change::Insert(event) | Change::Update(event) => {
                let id = uuid(event.id.0);
                let trace = event.trace.map(|trace| trace.to_string());
                let [at, offset] = [event.at.micros(), event.offset];
                let cells: [&dyn ToSql; 12] = [
                    &group,
                    &topic,
                    &hash,
                    &number,
                    &event.partition,
                    &offset,
                    &id,
                    &event.key,
                    &event.kind,
                    &event.payload,
                    &trace,
                    &at,
                ];
                put.run(&cells[..])?
            }
            Change::Delete => delete.run((group, topic, hash, number))?,
        };
    }
    Ok(())
}

fn write_letters(connection: &Connection, rows: &Rows) -> Result<()> {
    let sql = "INSERT INTO dead_letter (letter_id, consumer_group, topic, partition, log_offset, event_id, event_key,
                   type, payload, traceparent, occurred_at, status, attempts, error, first_failed_at, last_failed_at, resends,
                   due_at, acts)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19)
               ON CONFLICT DO UPDATE SET payload = excluded.payload, status = excluded.status,
                   attempts = excluded.attempts, error = excluded.error, last_failed_at = excluded.last_failed_at,
                   resends = excluded.resends, due_at = excluded.due_at, acts = excluded.acts";
    put_all(connection, &rows.letters, sql, |put, id, letter| {
        let (message, trouble) = (&letter.message, &letter.trouble);
        let acts = serde_json::to_string(&letter.acts)
            .map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))?;
        put.run(params![
            id.0,
            letter.group.name(),
            message.topic.name(),
            message.partition,
            message.offset,
            uuid(message.id.0),
            message.key,
            message.kind,
            message.payload,
            message.trace.map(|trace| trace.to_string()),
            message.at.micros(),
            letter.status.name(),
            trouble.attempts,
            trouble.error,
            trouble.first_failed.micros(),
            trouble.last_failed.micros(),
            letter.resends,
            letter.due.map(Timestamp::micros),
            acts,
        ])
    })
}
