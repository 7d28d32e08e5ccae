//! Events that a group could not handle: loading them by key, writing them, and finding the due ones.

use std::borrow::Cow;
use std::collections::BTreeSet;

use app::events::outbox::uuid;
use app::ports::DueTimer;
use app::state::rows::{DeadLetter, Key, Message, ParkKey, ParkedEventKey, ParkedKey, Rows};
use domain::ids::DeadLetterId;
use domain::time::Timestamp;

use super::locking_read::locked;
use super::upsert::{Index, Upsert, delete, put_all};
use crate::left_out::{Found, LeftOut, Limits};
use crate::mysql::cells::{from_row, readable};
use crate::mysql::failure::Result;
use crate::mysql::session::Session;
use crate::mysql::sql::{KEYS_MAX, Script, is_in, statement};
use crate::selects::{select_letter, select_parked, select_parked_event};

/// The most keys that are always looked up one by one.
const SINGLE_LOOKUPS_MAX: usize = 8;
const PARKED_KEYS: Index = Index { table: "parked_key", name: "PRIMARY" };
const PARKED_EVENTS: Index = Index { table: "parked_event", name: "PRIMARY" };

pub(super) fn select_keys(keys: &[ParkKey]) -> String {
    locked(select_parked!(""), "PRIMARY", &condition(keys, key_condition), "consumer_group, topic, key_hash")
}

/// Every event looks up whether its key is parked, and hardly any key is. With more than a few keys, the groups without
/// any parked key are found first, and their keys are not looked up: only a transaction that moves the group's offset
/// parks its keys, so none is added meanwhile.
pub(super) async fn without_idle_groups<'k>(
    keys: &'k [Key],
    session: &mut Session,
    script: &mut Script,
    rows: &mut Rows,
) -> Result<Cow<'k, [Key]>> {
    let parked = |key: &Key| if let Key::Parked(park) = key { Some(*park) } else { None };
    let asked: Vec<ParkKey> = keys.iter().filter_map(parked).collect();
    if asked.len() <= SINGLE_LOOKUPS_MAX {
        return Ok(Cow::Borrowed(keys));
    }
    let groups: BTreeSet<&str> = asked.iter().map(|key| key.group.name()).collect();
    let select = "SELECT DISTINCT consumer_group FROM parked_key FORCE INDEX (PRIMARY) WHERE ";
    let place = script.add(select.to_owned() + &is_in("consumer_group", groups));
    let mut answers = session.run(&std::mem::take(script)).await?;
    let with_parked: Vec<String> =
        std::mem::take(&mut answers[place]).into_iter().map(from_row).collect::<Result<_>>()?;
    let is_idle = |key: &ParkKey| !with_parked.iter().any(|group| group == key.group.name());
    asked.into_iter().filter(is_idle).for_each(|key| rows.parked.loaded(key, None));
    Ok(keys.iter().copied().filter(|key| !parked(key).is_some_and(|park| is_idle(&park))).collect())
}

pub(super) fn select_events(keys: &[ParkedEventKey]) -> String {
    let order = "consumer_group, topic, key_hash, number";
    locked(select_parked_event!(""), "PRIMARY", &condition(keys, event_condition), order)
}

pub(super) fn select_letters(ids: &[DeadLetterId]) -> String {
    locked(select_letter!(""), "PRIMARY", &is_in("letter_id", ids.iter().map(|id| id.0)), "letter_id")
}

fn condition<K>(keys: &[K], of: impl Fn(&K) -> String) -> String {
    keys.iter().map(of).collect::<Vec<_>>().join(" OR ")
}

fn key_condition(key: &ParkKey) -> String {
    let text = "(consumer_group = ? AND topic = ? AND key_hash = ?)";
    statement(text, &[&key.group.name(), &key.topic.name(), &key.key.as_slice()])
}

fn event_condition(key: &ParkedEventKey) -> String {
    let text = "(consumer_group = ? AND topic = ? AND key_hash = ? AND number = ?)";
    let park = &key.park;
    statement(text, &[&park.group.name(), &park.topic.name(), &park.key.as_slice(), &key.number])
}

/// Parked keys whose first event is due, each with as many events as are retried together. Those that cannot be read
/// are left out and do not delay the others.
pub(super) async fn due_keys(
    session: &mut Session,
    now: Timestamp,
    limit: i64,
    left_out: &LeftOut,
) -> Result<Vec<DueTimer>> {
    let rest = " WHERE due_at <= ? ORDER BY due_at, consumer_group, topic, key_hash LIMIT ?";
    let mut limits = Limits::of(usize::try_from(limit).unwrap_or(usize::MAX));
    loop {
        let select = select_parked!("").to_owned() + &statement(rest, &[&now, &limits.sql()]);
        let keys: Found<(ParkKey, ParkedKey)> = readable(session.ask(&select).await?, &select)?;
        let mut due = Found { rows: vec![], unreadable: keys.unreadable };
        for (key, parked) in keys.rows {
            let messages = events_of(session, key, &parked).await;
            due.add_row(messages.map(|messages| DueTimer::Parked { key, parked, messages }))?;
        }
        match due.page(limits, left_out) {
            Ok(due) => return Ok(due),
            Err(more) => limits = more,
        }
    }
}

async fn events_of(session: &mut Session, key: ParkKey, parked: &ParkedKey) -> Result<Vec<Message>> {
    let end = parked.first + parked.run;
    let numbers = statement(" AND number >= ? AND number < ? ORDER BY number", &[&parked.first, &end]);
    let select = format!("{} WHERE {}{numbers}", select_parked_event!(""), key_condition(&key));
    let rows = session.ask(&select).await?;
    let messages = rows.into_iter().map(|row| from_row::<(ParkedEventKey, Message)>(row).map(|(_, message)| message));
    messages.collect::<Result<_>>().map_err(|failure| failure.named(&select, Some(&parked.key)))
}

/// Letters that are due to be resent.
pub(super) async fn due_letters(
    session: &mut Session,
    now: Timestamp,
    limit: i64,
    left_out: &LeftOut,
) -> Result<Vec<DueTimer>> {
    let rest = " WHERE due_at <= ? ORDER BY due_at, letter_id LIMIT ?";
    let mut limits = Limits::of(usize::try_from(limit).unwrap_or(usize::MAX));
    loop {
        let select = select_letter!("").to_owned() + &statement(rest, &[&now, &limits.sql()]);
        let found: Found<DeadLetter> = readable(session.ask(&select).await?, &select)?;
        match found.page(limits, left_out) {
            Ok(letters) => {
                return Ok(letters.into_iter().map(|letter| DueTimer::DeadLetter(Box::new(letter))).collect());
            }
            Err(more) => limits = more,
        }
    }
}

pub(super) fn write(script: &mut Script, rows: &Rows) {
    write_keys(script, rows);
    write_events(script, rows);
    let written = Upsert {
        head: "INSERT INTO dead_letter (letter_id, consumer_group, topic, `partition`, log_offset, event_id, \
               event_key, type, payload, traceparent, occurred_at, status, attempts, error, first_failed_at, last_failed_at, \
               resends, due_at, acts) VALUES ",
        update: " ON DUPLICATE KEY UPDATE payload = VALUES(payload), status = VALUES(status), \
                 attempts = VALUES(attempts), error = VALUES(error), last_failed_at = VALUES(last_failed_at), \
                 resends = VALUES(resends), due_at = VALUES(due_at), acts = VALUES(acts)",
    };
    put_all(script, &rows.letters, written, |insert, id, letter| {
        let DeadLetter { group, message, trouble, status, resends, due, acts, .. } = letter;
        let acts = serde_json::to_string(acts).expect("acts have a JSON form");
        let trace = message.trace.map(|trace| trace.to_string());
        insert.row(&[
            &id.0,
            &group.name(),
            &message.topic.name(),
            &message.partition,
            &message.offset,
            &uuid(message.id.0),
            &message.key,
            &message.kind,
            &message.payload,
            &trace,
            &message.at,
            &status.name(),
            &trouble.attempts,
            &trouble.error,
            &trouble.first_failed,
            &trouble.last_failed,
            resends,
            due,
            &acts,
        ]);
    });
}

fn write_keys(script: &mut Script, rows: &Rows) {
    let written = Upsert {
        head: "INSERT INTO parked_key (consumer_group, topic, key_hash, event_key, due_at, first_number, next_number, \
               run, attempts, error, first_failed_at, last_failed_at) VALUES ",
        update: " ON DUPLICATE KEY UPDATE due_at = VALUES(due_at), first_number = VALUES(first_number), \
                 next_number = VALUES(next_number), run = VALUES(run), attempts = VALUES(attempts), \
                 error = VALUES(error), first_failed_at = VALUES(first_failed_at), \
                 last_failed_at = VALUES(last_failed_at)",
    };
    let gone = put_all(script, &rows.parked, written, |insert, key, row| {
        let trouble = row.trouble.as_ref();
        insert.row(&[
            &key.group.name(),
            &key.topic.name(),
            &key.key.as_slice(),
            &row.key,
            &row.due,
            &row.first,
            &row.next,
            &row.run,
            &trouble.map_or(0, |trouble| trouble.attempts),
            &trouble.map(|trouble| trouble.error.clone()),
            &trouble.map(|trouble| trouble.first_failed),
            &trouble.map(|trouble| trouble.last_failed),
        ]);
    });
    for keys in gone.chunks(KEYS_MAX) {
        delete(script, PARKED_KEYS, &condition(keys, key_condition));
    }
}

fn write_events(script: &mut Script, rows: &Rows) {
    let written = Upsert {
        head: "INSERT INTO parked_event (consumer_group, topic, key_hash, number, `partition`, log_offset, event_id, \
               event_key, type, payload, traceparent, occurred_at) VALUES ",
        update: "",
    };
    let gone = put_all(script, &rows.parked_events, written, |insert, ParkedEventKey { park, number }, event| {
        insert.row(&[
            &park.group.name(),
            &park.topic.name(),
            &park.key.as_slice(),
            &number,
            &event.partition,
            &event.offset,
            &uuid(event.id.0),
            &event.key,
            &event.kind,
            &event.payload,
            &event.trace.map(|trace| trace.to_string()),
            &event.at,
        ]);
    });
    for keys in gone.chunks(KEYS_MAX) {
        delete(script, PARKED_EVENTS, &condition(keys, event_condition));
    }
}
