//! Law 10: the amounts authorised, captured and refunded of each payment are what the order owes. Law 21: refunds are
//! in time.

use std::time::Duration;

use domain::money::Money;
use domain::order::{Order, Outcome};
use domain::payment::{NextCall, Payment, State};
use domain::time::Timestamp;

use super::list;
use crate::audit::dossier::Dossier;
use crate::audit::report::{Verdict, ensure};
use crate::events::event::Event;

/// The number of queries for one operation after which an operator must look into it: one day at one query a minute.
const QUERIES_MAX: i64 = 1_440;

/// The longest time that a refund or a void may take before it must be on an operator's list.
const OWED_MAX: Duration = Duration::from_secs(86_400);

/// Checks that a refund or a void that takes longer is listed as stuck.
pub(in crate::audit) fn owed_in_time(dossier: &Dossier, now: Timestamp) -> Verdict {
    let Some(payment) = &dossier.facts.fulfilment.payment else { return Ok(()) };
    let Some(since) = payment.owed_since.filter(|_| payment.state != State::Stuck) else { return Ok(()) };
    ensure(now - since <= OWED_MAX, || {
        let (owed, state) = (payment.owes().amount(), payment.state.name());
        format!("{}: {owed} have been owed for more than a day, but its payment is {state}, not STUCK", dossier.name)
    })
}

pub(in crate::audit) fn payments(dossier: &Dossier) -> Verdict {
    let name = &dossier.name;
    let payment = dossier.facts.fulfilment.payment.as_ref();
    let Some(order) = dossier.order() else {
        return ensure(payment.is_none(), || format!("{name}: has a payment, but does not exist, or cannot be read"));
    };
    let Some(payment) = payment else {
        let is_owed = order.outcome == Outcome::Completed && order.is_prepaid();
        return ensure(!is_owed, || format!("{name}: is completed but was never paid"));
    };
    adds_up(name, payment)?;
    ensure(fits(order, payment), || {
        format!("{name}: is {}, its payment {}", order.outcome.name(), payment.state.name())
    })?;
    owed(name, order, payment)?;
    let is_lost = payment.next.is_some_and(|next| next.way == NextCall::Query && next.tries > QUERIES_MAX);
    ensure(!is_lost, || format!("{name}: the result of its payment is still unknown after {QUERIES_MAX} queries"))?;
    if dossier.is_cut { Ok(()) } else { events_agree(dossier, payment) }
}

/// Law 10 for the payment alone.
fn adds_up(name: &str, payment: &Payment) -> Verdict {
    let Payment { authorized, captured, refunded, refunding, owed, resolved, .. } = *payment;
    let parts = [refunded, refunding, owed, resolved];
    let is_falling = authorized >= captured && captured >= parts.into_iter().sum();
    ensure(is_falling && parts.iter().all(|part| *part >= Money::ZERO), || {
        let amounts = list([authorized, captured, refunded, refunding, owed, resolved].map(Money::amount));
        format!("{name}: authorised, captured, refunded, being refunded, owed and resolved are {amounts}")
    })?;
    let given: Money = payment.given_back.iter().map(|given| given.amount).sum();
    // For refunds older than the refund records only the sum is known.
    ensure(given <= refunded, || {
        format!("{name}: its refunds add up to {}, not to {}", given.amount(), refunded.amount())
    })?;
    ensure(payment.owed_since.is_some() == payment.is_giving_back(), || {
        format!("{name}: its payment is {}, but has no time since when", payment.state.name())
    })?;
    ensure(captured.is_zero() || captured == payment.amount, || {
        format!("{name}: the captured amount is not the amount due")
    })?;
    ensure(payment.action.is_some() == payment.requires_action(), || {
        format!("{name}: its payment is {}, but an action is not what it waits for", payment.state.name())
    })?;
    ensure(payment.is_wanted || !payment.requires_action(), || {
        format!("{name}: was cancelled, but its payment still waits for the customer")
    })?;
    ensure(payment.next.is_some() == payment.state.operation().is_some(), || {
        format!("{name}: its payment is {}, but no operation is due", payment.state.name())
    })
}

/// Returns true if the payment's state is legal beside its order's outcome.
fn fits(order: &Order, payment: &Payment) -> bool {
    let is_paid = matches!(payment.state, State::Captured | State::Refunding | State::Refunded | State::Stuck);
    match order.outcome {
        Outcome::Pending => false,
        // What an earlier, refused attempt captured is being refunded, or has been.
        Outcome::AwaitingPayment => payment.is_wanted && payment.state != State::Captured,
        Outcome::Completed => payment.is_wanted && is_paid,
        Outcome::Compensating | Outcome::CompensationStuck | Outcome::Cancelled => {
            !payment.is_wanted && payment.state != State::Captured
        }
    }
}

/// Captured less refunded is what a completed order owes, and zero for a cancelled one. A refund that is under way or
/// next counts, and so does one that an operator resolved.
fn owed(name: &str, order: &Order, payment: &Payment) -> Verdict {
    ensure(payment.amount == order.created.due, || format!("{name}: the amount of its payment is not the amount due"))?;
    let kept = payment.held() - payment.owes();
    let is_sold = order.outcome == Outcome::Completed;
    let due = if is_sold { order.created.due - order.worth_returned().money } else { Money::ZERO };
    ensure(kept == due, || format!("{name}: {} are due, but {} were captured and kept", due.amount(), kept.amount()))
}

/// Checks that the events agree with the last attempt, that each earlier attempt refunded what it captured, and that
/// the order was paid once.
fn events_agree(dossier: &Dossier, payment: &Payment) -> Verdict {
    let (mut captured, mut refunded, mut resolved) = (Money::ZERO, Money::ZERO, Money::ZERO);
    let (mut mistaken, mut completed) = (Money::ZERO, 0);
    for (event, _) in dossier.history() {
        #[expect(clippy::wildcard_enum_match_arm, reason = "no other event moves money")]
        match event {
            Event::PaymentCaptured(note) if note.attempt == payment.attempt => captured += note.amount,
            Event::PaymentRefunded(note) if note.attempt == payment.attempt => refunded += note.amount,
            Event::PaymentRefundFailed(failed) if failed.was_done && failed.attempt == payment.attempt => {
                refunded -= failed.amount;
            }
            Event::PaymentResolved(note) if note.attempt == payment.attempt => resolved += note.amount,
            Event::PaymentResolved(note) => mistaken -= note.amount,
            Event::PaymentRefundFailed(failed) if failed.was_done => mistaken += failed.amount,
            Event::PaymentCaptured(note) => mistaken += note.amount,
            Event::PaymentRefunded(note) => mistaken -= note.amount,
            Event::PaymentCompleted(_) => completed += 1,
            _ => {}
        }
    }
    let fits = (captured, refunded, resolved) == (payment.captured, payment.refunded, payment.resolved);
    ensure(fits && mistaken.is_zero() && completed <= 1, || {
        let amounts = list([captured, refunded, resolved].map(Money::amount));
        format!("{}: by its events, {amounts} were captured, refunded and resolved", dossier.name)
    })
}
