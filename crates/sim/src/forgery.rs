//! A generator of forged records: records that any client could put on a topic, derived from the shop's own.
//!
//! Bytes select the forgery, so that the days, the property test and the fuzz target share one generator. The same bytes and the
//! same store give the same record.

pub mod dice;
mod fields;
pub(crate) mod given_up;
mod invented;
pub mod record;
pub mod trial;

use app::events::cloud_event::SOURCE_ATTRIBUTE;
use app::events::event::EventKind;
use app::events::outbox::uuid;
use app::log::reactions::groups_of;

use crate::disk::{OutboxRow, State};
use dice::Dice;
use record::Record;

/// A change to a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Trick {
    OtherShop,
    Truncated,
    Garbage,
    HeaderGone,
    HeaderOdd,
    OtherKind,
    Again,
    OthersIdentity,
    Fields,
    Invented,
}

const TRICKS: [Trick; 12] = [
    Trick::Fields,
    Trick::OtherShop,
    Trick::Truncated,
    Trick::Garbage,
    Trick::HeaderGone,
    Trick::HeaderOdd,
    Trick::OtherKind,
    Trick::Again,
    Trick::OthersIdentity,
    Trick::Invented,
    Trick::Fields,
    Trick::Invented,
];
/// More changes to one record seldom give another kind of forgery.
const TRICKS_MAX: usize = 3;
const ODD: [&str; 12] = [
    "",
    "0",
    "-1",
    "1",
    "2",
    "9223372036854775807",
    "-9223372036854775808",
    "1.5",
    "null",
    "/doorbuster",
    "9999-12-31T23:59:59.999999Z",
    "dev.doorbuster.Nothing.v1",
];
const HEADERS: [&str; 9] = [
    "ce_id",
    "ce_type",
    "ce_time",
    "ce_shard",
    "ce_seq",
    "ce_version",
    "ce_traceparent",
    SOURCE_ATTRIBUTE,
    "content-type",
];

/// Forges a record, and names the changes; `None` while the shop has written no event that a group reads.
pub fn forge(state: &State, dice: &mut Dice<'_>) -> Option<(Record, String)> {
    let rows: Vec<&OutboxRow> = state.outbox.iter().filter(|row| is_read(row)).collect();
    let mut record = Record::of(dice.pick(&rows)?)?;
    let mut done = vec![];
    for _trick in 0..=dice.below(TRICKS_MAX) {
        let trick = dice.pick(&TRICKS)?;
        apply(trick, &mut record, Sources { state, rows: &rows }, dice);
        done.push(format!("{trick:?}"));
    }
    record.update_key();
    Some((record, done.join(", ")))
}

fn is_read(row: &OutboxRow) -> bool {
    EventKind::from_name(row.record.kind).is_some_and(|kind| groups_of(kind).next().is_some())
}

/// The shop's state and its own records, from which a forgery takes values.
#[derive(Clone, Copy)]
struct Sources<'s> {
    state: &'s State,
    rows: &'s [&'s OutboxRow],
}

fn apply(trick: Trick, record: &mut Record, sources: Sources<'_>, dice: &mut Dice<'_>) {
    match trick {
        Trick::OtherShop => record.set_header(SOURCE_ATTRIBUTE, "/doorbuster/elsewhere"),
        Trick::Truncated => {
            let length = record.value.as_ref().map_or(0, Vec::len);
            let kept = dice.below(length);
            record.value.iter_mut().for_each(|value| value.truncate(kept));
        }
        Trick::Garbage => record.value = garbage(dice),
        Trick::HeaderGone => {
            let name = dice.pick(&HEADERS).unwrap_or("ce_id");
            record.headers.retain(|(known, _)| known != name);
        }
        Trick::HeaderOdd => {
            let name = dice.pick(&HEADERS).unwrap_or("ce_id");
            let odd = match dice.below(ODD.len() + 3) {
                0 => vec![0xff, 0xfe],
                1 => vec![b'9'; 70_000],
                2 => uuid(u128::from(dice.byte())).into_bytes(),
                at => ODD[at - 3].into(),
            };
            record.set_header(name, odd);
        }
        Trick::OtherKind => {
            let read: Vec<EventKind> =
                EventKind::ALL.iter().copied().filter(|kind| groups_of(*kind).next().is_some()).collect();
            if let Some(kind) = dice.pick(&read) {
                record.become_kind(kind);
            }
        }
        Trick::Again => record.take_fresh_identity(dice),
        Trick::OthersIdentity => {
            let Some(other) = dice.pick(sources.rows).and_then(Record::of) else { return };
            for name in ["ce_id", "ce_shard", "ce_seq"] {
                if let Some(value) = other.header(name) {
                    record.set_header(name, value);
                }
            }
        }
        Trick::Fields => {
            fields::change(record, sources.state, dice);
            if dice.below(2) == 0 {
                record.take_fresh_identity(dice);
            }
        }
        Trick::Invented => invented::invent(record, sources.state, dice),
    }
}

fn garbage(dice: &mut Dice<'_>) -> Option<Vec<u8>> {
    match dice.below(6) {
        0 => None,
        1 => Some(vec![]),
        2 => Some(b"[".repeat(20_000)),
        3 => Some(b"{}".to_vec()),
        4 => Some(vec![b' '; 300_000]),
        _ => Some((0..=dice.below(24)).map(|_| dice.byte()).collect()),
    }
}
