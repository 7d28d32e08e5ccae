//! Events that a group could not handle: parked behind their key, tried again, given up, looked after.

use std::sync::Arc;

use domain::ids::LetterId;
use domain::time::Timestamp;

use crate::commands::answer::changed::{Changed, LetterAsOf};
use crate::commands::answer::{Answer, Refusal};
use crate::commands::context::{Halt, Handled, Step, Unit};
use crate::commands::dispatch::react;
use crate::commands::{Attempt, Reaction, Undelivered};
use crate::events::event::{DeadLettered, Event};
use crate::events::outbox::uuid;
use crate::log::reactions::Group;
use crate::log::retry_policy::{RESEND_EVERY, RESENDS_MAX, RUN_MAX};
use crate::state::rows::{
    Act, DeadLetter, InboxKey, LetterAct, LetterStatus, Message, ParkKey, ParkedEventKey, ParkedKey, Trouble,
};

pub(crate) fn handle(unit: &mut Unit<'_>, command: &Undelivered) -> Handled {
    match command {
        Undelivered::Park { key, message, error } => park(unit, *key, message, error.as_ref())?,
        Undelivered::Bury { group, message, error } => {
            bury(unit, *group, (**message).clone(), Trouble::add(None, error, unit.now), true);
        }
        Undelivered::Retry { key, parked, attempts } => retry(unit, *key, parked, attempts)?,
        Undelivered::RetryFailed { key, parked, tried, error, is_final } => {
            retry_failed(unit, (*key, parked), *tried, (error, *is_final))?;
        }
        Undelivered::Resend { letter, reaction, reason } => resend(unit, letter, reaction.as_ref(), reason.as_ref())?,
        Undelivered::ResendFailed { letter, error, reason, is_final } => {
            resend_failed(unit, letter, (error, *is_final), reason.as_ref())?;
        }
        Undelivered::Edit { letter, payload, reason } => edit(unit, *letter, payload, reason)?,
        Undelivered::Drop { letter, reason } => drop_letter(unit, *letter, reason)?,
    }
    answer(unit, command)
}

/// An operator sees the letter as it stands then.
fn answer(unit: &Unit<'_>, command: &Undelivered) -> Handled {
    let letter = match command {
        Undelivered::Resend { letter, reason: Some(_), .. }
        | Undelivered::ResendFailed { letter, reason: Some(_), .. } => letter.id,
        Undelivered::Edit { letter, .. } | Undelivered::Drop { letter, .. } => *letter,
        Undelivered::Park { .. }
        | Undelivered::Bury { .. }
        | Undelivered::Retry { .. }
        | Undelivered::RetryFailed { .. }
        | Undelivered::Resend { .. }
        | Undelivered::ResendFailed { .. } => return Ok(Answer::Done),
    };
    let letter = unit.rows.letters.get(letter)?.ok_or(Halt::Refused(Refusal::LetterNotFound))?;
    Ok(Answer::changed(Changed::Letter(LetterAsOf::of(letter))))
}

/// The event waits behind what waits already. The first of a key waits because of an error.
fn park(unit: &mut Unit<'_>, key: ParkKey, message: &Message, error: Option<&Arc<str>>) -> Step {
    let mut row = match unit.rows.parked.get(key)? {
        Some(row) => row.clone(),
        None => {
            let trouble = error.map(|error| Trouble::add(None, error, unit.now));
            let due = key.group.pause_after(1).filter(|_| trouble.is_some()).map_or(unit.now, |pause| unit.now + pause);
            ParkedKey { key: Arc::clone(&message.key), due, first: 1, next: 1, run: 1, trouble }
        }
    };
    unit.rows.parked_events.put(ParkedEventKey { park: key, number: row.next }, message.clone());
    row.next += 1;
    unit.rows.parked.put(key, row);
    Ok(())
}

/// The key as it stands, if nobody has tried it since it was read.
fn still_parked(unit: &Unit<'_>, key: ParkKey, seen: &ParkedKey) -> Step<Option<ParkedKey>> {
    let row = unit.rows.parked.get(key)?;
    Ok(row.filter(|row| (row.first, row.due, row.run) == (seen.first, seen.due, seen.run)).cloned())
}

fn retry(unit: &mut Unit<'_>, key: ParkKey, seen: &ParkedKey, attempts: &[Attempt]) -> Step {
    let Some(mut row) = still_parked(unit, key, seen)? else { return Ok(()) };
    for Attempt { message, reaction } in attempts {
        take_in(unit, key.group, message, reaction.as_ref())?;
        step_past(unit, key, &mut row);
    }
    row.run = (row.run * 2).min(RUN_MAX);
    keep(unit, key, row);
    Ok(())
}

/// Has a group handle an event outside of its turn.
fn take_in(unit: &mut Unit<'_>, group: Group, message: &Message, reaction: Option<&Reaction>) -> Step {
    let Some(reaction) = reaction else {
        return Err(Halt::Failed(message.event().err().unwrap_or_else(|| "its codes are not this shop's".to_owned())));
    };
    if !group.is_idempotent() {
        let key = InboxKey { group, event: message.id };
        if unit.rows.inbox.get(key)?.is_some() {
            return Ok(());
        }
        unit.rows.inbox.put(key, ());
    }
    unit.within(message.trace, |unit| react(unit, reaction)).map_err(|halt| match halt {
        Halt::Refused(refusal) => Halt::Failed(format!("refused: {refusal:?}")),
        halt @ (Halt::Missing(_) | Halt::Failed(_) | Halt::Broken(_)) => halt,
    })
}

/// The first event waits no longer.
fn step_past(unit: &mut Unit<'_>, key: ParkKey, row: &mut ParkedKey) {
    unit.rows.parked_events.remove(ParkedEventKey { park: key, number: row.first });
    row.first += 1;
    row.trouble = None;
    row.due = unit.now;
}

/// A key behind which nothing waits is forgotten.
fn keep(unit: &mut Unit<'_>, key: ParkKey, row: ParkedKey) {
    if row.first == row.next {
        unit.rows.parked.remove(key);
    } else {
        unit.rows.parked.put(key, row);
    }
}

fn retry_failed(
    unit: &mut Unit<'_>,
    (key, seen): (ParkKey, &ParkedKey),
    tried: usize,
    (error, is_final): (&Arc<str>, bool),
) -> Step {
    let Some(mut row) = still_parked(unit, key, seen)? else { return Ok(()) };
    if tried > 1 {
        // One of several: which one is found by trying fewer.
        row.run = i64::try_from(tried / 2).unwrap_or(1);
        row.due = unit.now;
        keep(unit, key, row);
        return Ok(());
    }
    let trouble = Trouble::add(row.trouble.take(), error, unit.now);
    row.run = 1;
    match key.group.pause_after(trouble.attempts).filter(|_| !is_final) {
        Some(pause) => {
            row.due = unit.now + pause;
            row.trouble = Some(trouble);
        }
        None => {
            let first = ParkedEventKey { park: key, number: row.first };
            let Some(message) = unit.rows.parked_events.get(first)?.cloned() else { return Ok(()) };
            bury(unit, key.group, message, trouble, is_final);
            step_past(unit, key, &mut row);
        }
    }
    keep(unit, key, row);
    Ok(())
}

/// A group gives up what it was asked by an event of this very commit, which therefore has no place in the log. Only an operator
/// sends it again: whoever waits for it was told.
pub(crate) fn bury_own(unit: &mut Unit<'_>, group: Group, event: &Event, error: &str) {
    let message = Message {
        topic: event.kind().topic(),
        partition: 0,
        offset: 0,
        id: unit.ids.event(unit.now),
        key: event.key().into(),
        kind: event.kind().name().into(),
        payload: event.payload().into(),
        trace: unit.trace,
        at: unit.now,
    };
    let trouble = Trouble::add(None, &error.into(), unit.now);
    let (id, status) = (unit.ids.letter(), LetterStatus::Permanent);
    let letter = DeadLetter { id, group, message, trouble, status, resends: 0, due: None, acts: vec![] };
    unit.rows.letters.known_absent(id);
    put_new(unit, letter);
}

/// Gives an event up. What nobody can read, or what the shop refuses for what it says, is not tried again by itself.
fn bury(unit: &mut Unit<'_>, group: Group, message: Message, trouble: Trouble, is_final: bool) {
    let (status, due) = if is_final || message.event().is_err() {
        (LetterStatus::Permanent, None)
    } else {
        (LetterStatus::Scheduled, Some(unit.now + RESEND_EVERY))
    };
    let id = unit.ids.letter();
    put_new(unit, DeadLetter { id, group, message, trouble, status, resends: 0, due, acts: vec![] });
}

/// Writes a letter down, and has those outside told in the same commit: the relay brings it to the topic of dead letters.
fn put_new(unit: &mut Unit<'_>, letter: DeadLetter) {
    let DeadLetter { id, group, message, trouble, .. } = &letter;
    let told = DeadLettered {
        letter_id: id.0,
        group: group.name().into(),
        topic: message.topic.name().into(),
        partition: message.partition,
        offset: message.offset,
        event_id: uuid(message.id.0).into(),
        key: Arc::clone(&message.key),
        kind: Arc::clone(&message.kind),
        payload: Arc::clone(&message.payload),
        attempts: trouble.attempts,
        error: Arc::clone(&trouble.error),
        first_failed_at: trouble.first_failed,
        occurred_at: message.at,
    };
    unit.within(message.trace, |unit| unit.record(Event::DeadLettered(told), None));
    unit.rows.letters.put(letter.id, letter);
}

/// The letter as it stands, if it is as it was seen. `None`: whoever asks by the clock comes too late.
fn still_open(unit: &Unit<'_>, seen: &DeadLetter, is_asked: bool) -> Step<Option<DeadLetter>> {
    match unit.rows.letters.get(seen.id)? {
        Some(row) if row == seen && row.status.is_open() => Ok(Some(row.clone())),
        _ if !is_asked => Ok(None),
        Some(_) => Err(Refusal::LetterClosed.into()),
        None => Err(Refusal::LetterNotFound.into()),
    }
}

fn resend(unit: &mut Unit<'_>, seen: &DeadLetter, reaction: Option<&Reaction>, reason: Option<&Arc<str>>) -> Step {
    let Some(mut row) = still_open(unit, seen, reason.is_some())? else { return Ok(()) };
    take_in(unit, row.group, &row.message, reaction)?;
    (row.status, row.due) = (LetterStatus::Handled, None);
    sent_again(unit.now, &mut row, reason);
    unit.rows.letters.put(row.id, row);
    Ok(())
}

fn resend_failed(
    unit: &mut Unit<'_>,
    seen: &DeadLetter,
    (error, is_final): (&Arc<str>, bool),
    reason: Option<&Arc<str>>,
) -> Step {
    let Some(mut row) = still_open(unit, seen, reason.is_some())? else { return Ok(()) };
    sent_again(unit.now, &mut row, reason);
    row.trouble = Trouble::add(Some(row.trouble), error, unit.now);
    if is_final || row.resends > RESENDS_MAX || row.status == LetterStatus::Permanent {
        (row.status, row.due) = (LetterStatus::Permanent, None);
    } else {
        row.due = Some(unit.now + RESEND_EVERY);
    }
    unit.rows.letters.put(row.id, row);
    Ok(())
}

fn sent_again(now: Timestamp, row: &mut DeadLetter, reason: Option<&Arc<str>>) {
    row.resends += 1;
    row.acts.extend(reason.map(|reason| act(now, Act::Resent, reason)));
}

fn act(at: Timestamp, act: Act, reason: &Arc<str>) -> LetterAct {
    LetterAct { at, act, reason: Arc::clone(reason), payload_before: None }
}

/// An operator's letter, which must be open.
fn open_letter(unit: &Unit<'_>, id: LetterId) -> Step<DeadLetter> {
    let row = unit.rows.letters.get(id)?.cloned().ok_or(Halt::Refused(Refusal::LetterNotFound))?;
    if row.status.is_open() { Ok(row) } else { Err(Refusal::LetterClosed.into()) }
}

/// The new payload must be an event; whether its codes are ours is found out when it is sent again.
fn edit(unit: &mut Unit<'_>, id: LetterId, payload: &Arc<str>, reason: &Arc<str>) -> Step {
    let mut row = open_letter(unit, id)?;
    let before = std::mem::replace(&mut row.message.payload, Arc::clone(payload));
    row.message.event().map_err(|error| Halt::Refused(Refusal::LetterUnreadable { error }))?;
    row.acts.push(LetterAct { payload_before: Some(before), ..act(unit.now, Act::Edited, reason) });
    unit.rows.letters.put(id, row);
    Ok(())
}

fn drop_letter(unit: &mut Unit<'_>, id: LetterId, reason: &Arc<str>) -> Step {
    let mut row = open_letter(unit, id)?;
    (row.status, row.due) = (LetterStatus::Dropped, None);
    row.acts.push(act(unit.now, Act::Dropped, reason));
    unit.rows.letters.put(id, row);
    Ok(())
}
