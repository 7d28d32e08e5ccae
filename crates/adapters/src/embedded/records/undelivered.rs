//! Events that a group could not handle, out of their rows.

use std::sync::Arc;

use app::outbox::parse_uuid;
use app::reactions::Group;
use app::rows::{DeadLetter, EventId, LetterAct, LetterStatus, Message, ParkKey, ParkedEventKey, ParkedKey, Trouble};
use app::topic::Topic;
use domain::ids::LetterId;
use domain::time::Timestamp;
use rusqlite::{Result, Row};

use super::Cells;

fn park_key(cells: &mut Cells<'_>) -> Result<ParkKey> {
    Ok(ParkKey {
        group: cells.word(Group::ALL, Group::name)?,
        topic: cells.word(Topic::ALL, Topic::name)?,
        key: cells.take()?,
    })
}

pub(in crate::embedded) fn parked(row: &Row<'_>) -> Result<(ParkKey, ParkedKey)> {
    let mut cells = Cells::of(row);
    let key = park_key(&mut cells)?;
    let parked = ParkedKey {
        key: cells.take()?,
        due: cells.at()?,
        first: cells.take()?,
        next: cells.take()?,
        run: cells.take()?,
        trouble: trouble(&mut cells)?,
    };
    Ok((key, parked))
}

fn trouble(cells: &mut Cells<'_>) -> Result<Option<Trouble>> {
    let attempts = cells.take()?;
    let error: Option<Arc<str>> = cells.take()?;
    let first_failed: Option<i64> = cells.take()?;
    let last_failed: Option<i64> = cells.take()?;
    let (Some(error), Some(first), Some(last)) = (error, first_failed, last_failed) else { return Ok(None) };
    let (first_failed, last_failed) = (Timestamp::from_micros(first), Timestamp::from_micros(last));
    Ok(Some(Trouble { attempts, error, first_failed, last_failed }))
}

pub(in crate::embedded) fn parked_event(row: &Row<'_>) -> Result<(ParkedEventKey, Message)> {
    let mut cells = Cells::of(row);
    let park = park_key(&mut cells)?;
    let number = cells.take()?;
    Ok((ParkedEventKey { park, number }, message(&mut cells, park.topic)?))
}

fn message(cells: &mut Cells<'_>, topic: Topic) -> Result<Message> {
    Ok(Message {
        topic,
        partition: cells.take()?,
        offset: cells.take()?,
        id: {
            let id: String = cells.take()?;
            EventId(parse_uuid(&id).ok_or_else(|| cells.broken("an event's id is no UUID"))?)
        },
        key: cells.take()?,
        kind: cells.take()?,
        payload: cells.take()?,
        at: cells.at()?,
    })
}

pub(in crate::embedded) fn letter(row: &Row<'_>) -> Result<DeadLetter> {
    let mut cells = Cells::of(row);
    let id = LetterId(cells.take()?);
    let group = cells.word(Group::ALL, Group::name)?;
    let topic = cells.word(Topic::ALL, Topic::name)?;
    Ok(DeadLetter {
        id,
        group,
        message: message(&mut cells, topic)?,
        status: cells.word(&LetterStatus::ALL, LetterStatus::name)?,
        trouble: Trouble {
            attempts: cells.take()?,
            error: cells.take()?,
            first_failed: cells.at()?,
            last_failed: cells.at()?,
        },
        resends: cells.take()?,
        due: cells.take::<Option<i64>>()?.map(Timestamp::from_micros),
        acts: acts(&mut cells)?,
    })
}

fn acts(cells: &mut Cells<'_>) -> Result<Vec<LetterAct>> {
    let json: String = cells.take()?;
    serde_json::from_str(&json).map_err(|error| cells.broken(error.to_string()))
}
