//! Law 10: what was authorised, captured and given back of each payment, and whether it is what the order owes. Law 21: what goes
//! back goes back in time.

use std::time::Duration;

use domain::money::Money;
use domain::order::{Order, Outcome};
use domain::payment::{NextCall, Payment, State};
use domain::time::Timestamp;

use crate::audit::dossier::Dossier;
use crate::audit::report::{Verdict, ensure};
use crate::events::event::Event;

/// A deed may be looked up so often before somebody must ask the provider why: at one look a minute, a day.
const LOOKS_MAX: i64 = 1_440;

/// A customer may wait so long for money to come back, or to be let go, before an operator must know of it.
const OWED_MAX: Duration = Duration::from_secs(86_400);

/// Who waits longer is on the list of what is stuck.
pub(in crate::audit) fn owed_in_time(dossier: &Dossier, now: Timestamp) -> Verdict {
    let Some(payment) = &dossier.facts.fulfilment.payment else { return Ok(()) };
    let Some(since) = payment.owed_since.filter(|_| payment.state != State::Stuck) else { return Ok(()) };
    ensure(now - since <= OWED_MAX, || {
        let (owed, state) = (payment.owes().amount(), payment.state.name());
        format!("{}: {owed} are owed for more than a day, and its payment is {state}, not STUCK", dossier.name)
    })
}

pub(in crate::audit) fn payments(dossier: &Dossier) -> Verdict {
    let name = &dossier.name;
    let payment = dossier.facts.fulfilment.payment.as_ref();
    let Some(order) = dossier.order() else {
        return ensure(payment.is_none(), || format!("{name}: has a payment, but does not exist"));
    };
    let Some(payment) = payment else {
        let is_owed = order.outcome == Outcome::Completed && order.is_prepaid();
        return ensure(!is_owed, || format!("{name}: is completed and was never paid"));
    };
    adds_up(name, payment)?;
    ensure(fits(order, payment), || {
        format!("{name}: is {}, its payment {}", order.outcome.name(), payment.state.name())
    })?;
    owed(name, (order, payment))?;
    let is_lost = payment.next.is_some_and(|next| next.way == NextCall::Query && next.tries > LOOKS_MAX);
    ensure(!is_lost, || format!("{name}: nobody knows what became of its payment"))?;
    told(dossier, payment)
}

/// The payment by itself.
fn adds_up(name: &str, payment: &Payment) -> Verdict {
    let Payment { authorized, captured, refunded, refunding, owed, resolved, .. } = *payment;
    let parts = [refunded, refunding, owed, resolved];
    let is_falling = authorized >= captured && captured >= parts.into_iter().sum();
    ensure(is_falling && parts.iter().all(|part| *part >= Money::ZERO), || {
        let amounts = [authorized, captured, refunded, refunding, owed, resolved].map(Money::amount);
        format!("{name}: authorised, captured, refunded, being refunded, owed and resolved are {amounts:?}")
    })?;
    let given: Money = payment.given_back.iter().map(|given| given.amount).sum();
    // Of refunds that were made before they were written down one by one there is the sum alone.
    ensure(given <= refunded, || {
        format!("{name}: its refunds add up to {}, not to {}", given.amount(), refunded.amount())
    })?;
    ensure(payment.owed_since.is_some() == payment.is_giving_back(), || {
        format!("{name}: its payment is {}, and it does not say since when", payment.state.name())
    })?;
    ensure(captured.is_zero() || captured == payment.amount, || {
        format!("{name}: another amount was captured than is due")
    })?;
    ensure(payment.next.is_some() == payment.state.operation().is_some(), || {
        format!("{name}: its payment is {} and nobody asks for more", payment.state.name())
    })
}

/// Whether the payment may stand as it does beside its order.
fn fits(order: &Order, payment: &Payment) -> bool {
    let is_paid = matches!(payment.state, State::Captured | State::Refunding | State::Refunded | State::Stuck);
    match order.outcome {
        Outcome::Pending => false,
        // What was taken of an attempt that was refused before is on its way back, or is back.
        Outcome::AwaitingPayment => payment.is_wanted && payment.state != State::Captured,
        Outcome::Completed => payment.is_wanted && is_paid,
        Outcome::Compensating | Outcome::CompensationStuck | Outcome::Cancelled => {
            !payment.is_wanted && payment.state != State::Captured
        }
    }
}

/// Captured less refunded is what is due of a settled order, and nothing of a cancelled one; a refund that is under way or next
/// counts, and so does what an operator settled.
fn owed(name: &str, (order, payment): (&Order, &Payment)) -> Verdict {
    ensure(payment.amount == order.created.due, || format!("{name}: its payment is about another amount than is due"))?;
    let kept = payment.held() - payment.owes();
    let is_sold = order.outcome == Outcome::Completed;
    let due = if is_sold { order.created.due - order.worth_returned().money } else { Money::ZERO };
    ensure(kept == due, || format!("{name}: {} are due, {} were taken and kept", due.amount(), kept.amount()))
}

/// The events say the same of the last attempt, that each earlier one gave back what it took, and that the order was paid once.
fn told(dossier: &Dossier, payment: &Payment) -> Verdict {
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
        let told = [captured, refunded, resolved].map(Money::amount);
        format!("{}: its events say that {told:?} were captured, refunded and resolved", dossier.name)
    })
}
