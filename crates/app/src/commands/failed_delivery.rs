//! Events that a group could not handle: parked behind their key, retried, dead-lettered, edited.

mod awaited;
mod keys;

use std::sync::Arc;

use domain::ids::DeadLetterId;
use domain::time::Timestamp;

use crate::commands::answer::changed::{Changed, DeadLetterAsOf};
use crate::commands::answer::{Answer, Refusal};
use crate::commands::context::{Answered, Context, Halt, Handled};
use crate::commands::order::request;
use crate::commands::{Attempt, FailedDelivery, Reaction};
use crate::events::event::{DeadLettered, Event};
use crate::events::outbox::uuid;
use crate::log::group::Group;
use crate::log::retry_policy::{RESEND_EVERY, RESENDS_MAX, RUN_MAX};
use crate::state::rows::{
    Act, DeadLetter, DeadLetterAct, DeadLetterStatus, EventId, InboxKey, Message, ParkKey, ParkedEventKey, ParkedKey,
    Trouble,
};

/// How an attempt failed.
struct Failure<'a> {
    error: &'a Arc<str>,
    /// A further attempt would fail too.
    is_final: bool,
}

pub(crate) fn handle(context: &mut Context<'_>, command: &FailedDelivery) -> Answered {
    match command {
        FailedDelivery::Park { key, message, error } => park(context, *key, message, error.as_ref())?,
        FailedDelivery::GiveUp { group, message, error } => {
            dead_letter(context, *group, (**message).clone(), Trouble::add(None, error, context.now), true);
        }
        FailedDelivery::Retry { key, parked, attempts } => retry(context, *key, parked, attempts)?,
        FailedDelivery::RetryFailed { key, parked, tried, error, is_final } => {
            retry_failed(context, *key, parked, *tried, Failure { error, is_final: *is_final })?;
        }
        FailedDelivery::Resend { letter, reaction, reason } => {
            resend(context, letter, reaction.as_ref(), reason.as_ref())?
        }
        FailedDelivery::ResendFailed { letter, error, reason, is_final } => {
            resend_failed(context, letter, Failure { error, is_final: *is_final }, reason.as_ref())?;
        }
        FailedDelivery::Edit { letter, payload, reason } => edit(context, *letter, payload, reason)?,
        FailedDelivery::Drop { letter, reason } => drop_letter(context, letter.id, reason)?,
    }
    answer(context, command)
}

/// Returns the letter after the command, for operators.
fn answer(context: &Context<'_>, command: &FailedDelivery) -> Answered {
    let letter = match command {
        FailedDelivery::Resend { letter, reason: Some(_), .. }
        | FailedDelivery::ResendFailed { letter, reason: Some(_), .. }
        | FailedDelivery::Drop { letter, .. } => letter.id,
        FailedDelivery::Edit { letter, .. } => *letter,
        FailedDelivery::Park { .. }
        | FailedDelivery::GiveUp { .. }
        | FailedDelivery::Retry { .. }
        | FailedDelivery::RetryFailed { .. }
        | FailedDelivery::Resend { .. }
        | FailedDelivery::ResendFailed { .. } => return Ok(Answer::Done),
    };
    let letter = context.rows.letters.get(letter)?.ok_or(Halt::Refused(Refusal::DeadLetterNotFound))?;
    Ok(Answer::changed(Changed::DeadLetter(DeadLetterAsOf::of(letter))))
}

/// Parks the event behind those that wait already. The first of a key waits because of an error.
fn park(context: &mut Context<'_>, key: ParkKey, message: &Message, error: Option<&Arc<str>>) -> Handled {
    let mut row = match context.rows.parked.get(key)? {
        Some(row) => row.clone(),
        None => {
            let trouble = error.map(|error| Trouble::add(None, error, context.now));
            let due =
                key.group.pause_after(1).filter(|_| trouble.is_some()).map_or(context.now, |pause| context.now + pause);
            ParkedKey { key: Arc::clone(&message.key), due, first: 1, next: 1, run: 1, trouble }
        }
    };
    context.rows.parked_events.put(ParkedEventKey { park: key, number: row.next }, message.clone());
    row.next += 1;
    context.rows.parked.put(key, row);
    Ok(())
}

/// Returns the key's row, unless it was retried since it was read.
fn still_parked(context: &Context<'_>, key: ParkKey, seen: &ParkedKey) -> Handled<Option<ParkedKey>> {
    let row = context.rows.parked.get(key)?;
    Ok(row.filter(|row| (row.first, row.due, row.run) == (seen.first, seen.due, seen.run)).cloned())
}

fn retry(context: &mut Context<'_>, key: ParkKey, seen: &ParkedKey, attempts: &[Attempt]) -> Handled {
    let Some(mut row) = still_parked(context, key, seen)? else { return Ok(()) };
    for Attempt { message, reaction } in attempts {
        run_reaction(context, key.group, message, reaction.as_ref())?;
        step_past(context, key, &mut row);
    }
    row.run = (row.run * 2).min(RUN_MAX);
    write_key(context, key, row);
    Ok(())
}

/// Runs an event's reaction outside of its turn, as its group.
fn run_reaction(context: &mut Context<'_>, group: Group, message: &Message, reaction: Option<&Reaction>) -> Handled {
    let Some(reaction) = reaction else {
        return Err(Halt::Failed(
            message.event().err().unwrap_or_else(|| "its codes belong to another shop".to_owned()),
        ));
    };
    if !group.is_idempotent() {
        let key = InboxKey { group, event: message.id };
        if context.rows.inbox.get(key)?.is_some() {
            return Ok(());
        }
        context.rows.inbox.put(key, ());
    }
    context.within(message.trace, |context| (context.react)(context, reaction)).map_err(|halt| match halt {
        Halt::Refused(refusal) => Halt::Failed(format!("refused: {refusal:?}")),
        halt @ (Halt::Missing(_) | Halt::Failed(_) | Halt::Damaged(_) | Halt::Broken(_)) => halt,
    })
}

/// Removes the first event of the key.
fn step_past(context: &mut Context<'_>, key: ParkKey, row: &mut ParkedKey) {
    context.rows.parked_events.remove(ParkedEventKey { park: key, number: row.first });
    row.first += 1;
    row.trouble = None;
    row.due = context.now;
}

/// Writes the key's row, or removes it when no event waits.
fn write_key(context: &mut Context<'_>, key: ParkKey, row: ParkedKey) {
    if row.first == row.next {
        context.rows.parked.remove(key);
    } else {
        context.rows.parked.put(key, row);
    }
}

fn retry_failed(
    context: &mut Context<'_>,
    key: ParkKey,
    seen: &ParkedKey,
    tried: usize,
    Failure { error, is_final }: Failure<'_>,
) -> Handled {
    let Some(mut row) = still_parked(context, key, seen)? else { return Ok(()) };
    if tried > 1 {
        // One of several failed; smaller runs find out which one.
        row.run = i64::try_from(tried / 2).unwrap_or(1);
        row.due = context.now;
        write_key(context, key, row);
        return Ok(());
    }
    let trouble = Trouble::add(row.trouble.take(), error, context.now);
    row.run = 1;
    match key.group.pause_after(trouble.attempts).filter(|_| !is_final) {
        Some(pause) => {
            row.due = context.now + pause;
            row.trouble = Some(trouble);
        }
        None => {
            let first = ParkedEventKey { park: key, number: row.first };
            let Some(message) = context.rows.parked_events.get(first)?.cloned() else { return Ok(()) };
            dead_letter(context, key.group, message, trouble, is_final);
            step_past(context, key, &mut row);
        }
    }
    write_key(context, key, row);
    Ok(())
}

/// Dead-letters a reaction to an event of this same commit, which therefore has no offset in the log. Only an operator
/// resends it: the customer has been notified already.
pub(crate) fn dead_letter_own(context: &mut Context<'_>, group: Group, event: &Event, error: &str) {
    let message = Message {
        topic: event.kind().topic(),
        partition: 0,
        offset: 0,
        id: context.ids.event(context.now),
        key: event.key().into(),
        kind: event.kind().name().into(),
        payload: event.payload().into(),
        trace: context.trace,
        at: context.now,
    };
    let trouble = Trouble::add(None, &error.into(), context.now);
    let (id, status) = (context.ids.letter(), DeadLetterStatus::Permanent);
    let letter = DeadLetter { id, group, message, trouble, status, resends: 0, due: None, acts: vec![] };
    context.rows.letters.known_absent(id);
    put_new(context, letter);
}

/// Dead-letters an event. A letter that cannot be parsed, or that the shop refuses, is not resent automatically.
pub(crate) fn dead_letter(context: &mut Context<'_>, group: Group, message: Message, trouble: Trouble, is_final: bool) {
    let (status, due) = if is_final || message.event().is_err() {
        (DeadLetterStatus::Permanent, None)
    } else {
        (DeadLetterStatus::Scheduled, Some(context.now + RESEND_EVERY))
    };
    let id = context.ids.letter();
    put_new(context, DeadLetter { id, group, message, trouble, status, resends: 0, due, acts: vec![] });
}

/// Writes a new letter and publishes it in the same commit: the relay copies it to the dead-letter topic.
fn put_new(context: &mut Context<'_>, letter: DeadLetter) {
    let DeadLetter { id, group, message, trouble, .. } = &letter;
    let dead_lettered = DeadLettered {
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
    context.within(message.trace, |context| context.record(Event::DeadLettered(dead_lettered), None));
    context.rows.letters.put(letter.id, letter);
}

/// Returns the letter if it is unchanged since it was read. `None`: a resend by the timer comes too late.
fn still_open(context: &Context<'_>, seen: &DeadLetter, is_asked: bool) -> Handled<Option<DeadLetter>> {
    match context.rows.letters.get(seen.id)? {
        Some(row) if row == seen && row.status.is_open() => Ok(Some(row.clone())),
        _ if !is_asked => Ok(None),
        Some(_) => Err(Refusal::DeadLetterClosed.into()),
        None => Err(Refusal::DeadLetterNotFound.into()),
    }
}

fn resend(
    context: &mut Context<'_>,
    seen: &DeadLetter,
    reaction: Option<&Reaction>,
    reason: Option<&Arc<str>>,
) -> Handled {
    let Some(mut row) = still_open(context, seen, reason.is_some())? else { return Ok(()) };
    if row.group.needs_proof() {
        // What was compared with the store's own event has not become true since.
        if row.is_disbelieved() {
            return Err(Halt::Failed(row.trouble.error.to_string()));
        }
        if row.message.id == EventId::NONE {
            return Err(request::forged("it names no event of this shop; `doorbuster replay` brings those again"));
        }
    }
    run_reaction(context, row.group, &row.message, reaction)?;
    (row.status, row.due) = (DeadLetterStatus::Handled, None);
    note_resend(context.now, &mut row, reason);
    context.rows.letters.put(row.id, row);
    Ok(())
}

fn resend_failed(
    context: &mut Context<'_>,
    seen: &DeadLetter,
    Failure { error, is_final }: Failure<'_>,
    reason: Option<&Arc<str>>,
) -> Handled {
    let Some(mut row) = still_open(context, seen, reason.is_some())? else { return Ok(()) };
    note_resend(context.now, &mut row, reason);
    row.trouble = Trouble::add(Some(row.trouble), error, context.now);
    if is_final || row.resends > RESENDS_MAX || row.status == DeadLetterStatus::Permanent {
        (row.status, row.due) = (DeadLetterStatus::Permanent, None);
    } else {
        row.due = Some(context.now + RESEND_EVERY);
    }
    context.rows.letters.put(row.id, row);
    Ok(())
}

fn note_resend(now: Timestamp, row: &mut DeadLetter, reason: Option<&Arc<str>>) {
    row.resends += 1;
    row.acts.extend(reason.map(|reason| act(now, Act::Resent, reason)));
}

fn act(at: Timestamp, act: Act, reason: &Arc<str>) -> DeadLetterAct {
    DeadLetterAct { at, act, reason: Arc::clone(reason), payload_before: None }
}

/// Returns an operator's letter, which must be open.
fn open_letter(context: &Context<'_>, id: DeadLetterId) -> Handled<DeadLetter> {
    let row = context.rows.letters.get(id)?.cloned().ok_or(Halt::Refused(Refusal::DeadLetterNotFound))?;
    if row.status.is_open() { Ok(row) } else { Err(Refusal::DeadLetterClosed.into()) }
}

/// Checks that the new payload parses as an event; the codes in it are checked by the resend.
fn edit(context: &mut Context<'_>, id: DeadLetterId, payload: &Arc<str>, reason: &Arc<str>) -> Handled {
    let mut row = open_letter(context, id)?;
    if !row.group.takes_edits() {
        return Err(Refusal::DeadLetterNotEditable { group: row.group }.into());
    }
    if row.is_hopeless() {
        return Err(Refusal::DeadLetterHopeless.into());
    }
    let before = std::mem::replace(&mut row.message.payload, Arc::clone(payload));
    row.message.event().map_err(|error| Halt::Refused(Refusal::DeadLetterUnreadable { error }))?;
    row.acts.push(DeadLetterAct { payload_before: Some(before), ..act(context.now, Act::Edited, reason) });
    context.rows.letters.put(id, row);
    Ok(())
}

fn drop_letter(context: &mut Context<'_>, id: DeadLetterId, reason: &Arc<str>) -> Handled {
    let mut row = open_letter(context, id)?;
    awaited::release(context, &row)?;
    (row.status, row.due) = (DeadLetterStatus::Dropped, None);
    row.acts.push(act(context.now, Act::Dropped, reason));
    context.rows.letters.put(id, row);
    Ok(())
}
