//! Voids and refunds. A declined one is retried under a new key, after a pause that doubles; after the last try an operator
//! retries or resolves it.

use std::sync::Arc;

use super::event::{Event, Rejection};
use super::next::{first, pause};
use super::operation::{Asked, FIRST_TRY, Operation, ProviderResult};
use super::state::{GivenBack, Payment, Resolution, State};
use crate::ids::UserId;
use crate::money::Money;
use crate::time::Timestamp;

/// Tries of a refund or a void, each under its own key, before an operator must act. A refund that is reversed after it
/// succeeded counts like a declined one.
pub const GIVE_BACK_TRIES_MAX: i64 = 6;

pub(super) fn refund(payment: &Payment, amount: Money) -> Result<Vec<Event>, Rejection> {
    let is_free = match payment.state {
        State::Captured => true,
        State::Refunding => false,
        State::Stuck if !payment.refunding.is_zero() => false,
        State::Authorizing | State::RequiresAction | State::Capturing | State::Declined => {
            return Err(Rejection::InProgress);
        }
        State::Voiding | State::Voided | State::Refunded | State::Stuck => return Err(Rejection::NotThatMuchHeld),
    };
    if payment.owes() + amount > payment.held() {
        return Err(Rejection::NotThatMuchHeld);
    }
    Ok(vec![if is_free { Event::RefundRequested { amount } } else { Event::Owed { amount } }])
}

/// The refund under way succeeded; the amount owed is refunded next.
pub(super) fn refunded(payment: &Payment) -> Vec<Event> {
    let done = Event::Refunded { amount: payment.refunding, try_number: FIRST_TRY + payment.declines };
    then_refund_owed(payment, done)
}

fn then_refund_owed(payment: &Payment, event: Event) -> Vec<Event> {
    let mut events = vec![event];
    if !payment.owed.is_zero() {
        events.extend(request_refund(payment.owed, payment.reversed_tries(), payment.last_error.as_ref()));
    }
    events
}

/// Requests the next refund; it is stuck at once if no tries are left.
fn request_refund(amount: Money, reversed_tries: i64, code: Option<&Arc<str>>) -> Vec<Event> {
    let mut events = vec![Event::RefundRequested { amount }];
    if reversed_tries >= GIVE_BACK_TRIES_MAX {
        events.extend(code.map(|code| Event::Stuck { code: Arc::clone(code), declines: reversed_tries }));
    }
    events
}

/// A decline is final for its key.
pub(super) fn declined(payment: &Payment, code: &Arc<str>, at: Timestamp) -> Event {
    let (code, declines) = (Arc::clone(code), payment.declines + 1);
    if declines >= GIVE_BACK_TRIES_MAX {
        Event::Stuck { code, declines }
    } else {
        Event::GiveBackDeclined { code, due: at + pause(payment.declines) }
    }
}

pub(super) fn retry(payment: &Payment) -> Result<Vec<Event>, Rejection> {
    if payment.state == State::Stuck { Ok(vec![Event::Retried]) } else { Err(Rejection::NotStuck) }
}

/// Resolves the stuck void or refund only; an amount requested since is refunded next.
pub(super) fn resolve(
    payment: &Payment,
    by: UserId,
    reason: &Arc<str>,
    reference: &Arc<str>,
) -> Result<Vec<Event>, Rejection> {
    if payment.state != State::Stuck {
        return Err(Rejection::NotStuck);
    }
    let (reason, reference) = (Arc::clone(reason), Arc::clone(reference));
    Ok(then_refund_owed(payment, Event::Resolved { by, reason, reference, amount: payment.refunding }))
}

/// A late result, of an operation that is no longer pending. An unexpected approval is booked and then voided or refunded; a
/// reversed refund is requested again.
pub(super) fn late(payment: &Payment, asked: Asked, said: &ProviderResult) -> Vec<Event> {
    if (asked.order_ms, asked.attempt) != (payment.order_ms, payment.attempt) {
        return vec![];
    }
    match said {
        ProviderResult::Approved { reference, amount } if *amount == payment.amount => {
            late_approval(payment, asked.operation, reference)
        }
        ProviderResult::Declined { code } if asked.operation == Operation::Refund => late_decline(payment, asked, code),
        ProviderResult::Approved { .. }
        | ProviderResult::Declined { .. }
        | ProviderResult::ActionRequired { .. }
        | ProviderResult::Pending
        | ProviderResult::NotFound
        | ProviderResult::NotExecuted
        | ProviderResult::Unknown => {
            vec![]
        }
    }
}

fn late_approval(payment: &Payment, operation: Operation, reference: &Arc<str>) -> Vec<Event> {
    let is_let_go = payment.giving_back() == Some(Operation::Void);
    match (operation, payment.state) {
        (Operation::Authorize, State::Declined) => {
            vec![Event::Authorized { reference: Arc::clone(reference) }, Event::VoidRequested]
        }
        (Operation::Capture, State::Declined | State::Voided) => capture_and_refund(payment),
        (Operation::Capture, _) if is_let_go => capture_and_refund(payment),
        (Operation::Authorize | Operation::Capture | Operation::Void | Operation::Refund, _) => vec![],
    }
}

fn capture_and_refund(payment: &Payment) -> Vec<Event> {
    vec![Event::Captured, Event::RefundRequested { amount: payment.amount }]
}

fn late_decline(payment: &Payment, asked: Asked, code: &Arc<str>) -> Vec<Event> {
    let is_it = |given: &&GivenBack| {
        given.refund == asked.refund && given.try_number == asked.try_number && given.is_in_effect()
    };
    let Some(GivenBack { refund, amount, try_number }) = payment.given_back.iter().find(is_it).copied() else {
        return vec![];
    };
    let mut events = vec![Event::RefundReversed { refund, amount, code: Arc::clone(code) }];
    // Otherwise the amount waits for the refund that is under way or stuck.
    if !payment.is_giving_back() {
        events.extend(request_refund(amount, try_number, Some(code)));
    }
    events
}

/// Folds an event about a void or a refund.
pub(super) fn evolve(payment: &mut Payment, event: &Event, at: Timestamp) {
    #[expect(clippy::wildcard_enum_match_arm, reason = "the caller passes only events about voids and refunds")]
    match event {
        Event::VoidRequested => begin(payment, State::Voiding, at),
        Event::Voided => end(payment, State::Voided),
        Event::RefundRequested { amount } => {
            payment.refunding = *amount;
            payment.owed = Money::ZERO;
            payment.refunds += 1;
            let reversed_tries = payment.reversed_tries();
            payment.given_back.retain(GivenBack::is_in_effect);
            begin(payment, State::Refunding, at);
            // A reversed refund counts as a try: the next one has the next number, after a pause.
            payment.declines = reversed_tries;
            payment.next = first(at + payment.pause_before_try());
        }
        Event::Refunded { amount, try_number } => {
            payment.refunded += *amount;
            let (refund, try_number, amount) = (payment.refunds, *try_number, *amount);
            payment.given_back.push(GivenBack { refund, try_number, amount });
            end_of_refund(payment);
        }
        Event::Owed { amount } => {
            payment.owed += *amount;
            payment.owed_since.get_or_insert(at);
        }
        Event::GiveBackDeclined { code, due } => {
            payment.declines += 1;
            payment.last_error = Some(Arc::clone(code));
            payment.next = first(*due);
        }
        Event::RefundReversed { refund, amount, code } => {
            payment.refunded -= *amount;
            let reversed = payment.given_back.iter_mut().filter(|given| given.refund == *refund);
            reversed.for_each(|given| given.amount = Money::ZERO);
            payment.owed += *amount;
            payment.owed_since.get_or_insert(at);
            payment.last_error = Some(Arc::clone(code));
        }
        Event::Stuck { code, declines } => {
            payment.declines = *declines;
            payment.last_error = Some(Arc::clone(code));
            payment.become_state(State::Stuck, None);
        }
        Event::Retried => {
            let state = if payment.refunding.is_zero() { State::Voiding } else { State::Refunding };
            payment.become_state(state, first(at));
        }
        Event::Resolved { by, reason, reference, amount } => {
            payment.resolved += *amount;
            let (by, reason, reference) = (*by, Arc::clone(reason), Arc::clone(reference));
            payment.resolution = Some(Resolution { by, at, reason, reference });
            if payment.refunding.is_zero() { end(payment, State::Voided) } else { end_of_refund(payment) }
        }
        _ => {}
    }
}

fn begin(payment: &mut Payment, state: State, at: Timestamp) {
    payment.declines = 0;
    payment.owed_since.get_or_insert(at);
    payment.become_state(state, first(at));
}

fn end(payment: &mut Payment, state: State) {
    payment.declines = 0;
    if payment.owed.is_zero() {
        payment.owed_since = None;
    }
    payment.become_state(state, None);
}

fn end_of_refund(payment: &mut Payment) {
    payment.refunding = Money::ZERO;
    let is_all = payment.held().is_zero();
    end(payment, if is_all { State::Refunded } else { State::Captured });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::OrderId;
    use crate::payment::{Command, Method, decide, evolve};

    const NOON: Timestamp = Timestamp::from_micros(43_200_000_000);

    /// A restored backup uses an order's number again.
    #[test]
    fn a_result_about_another_order_with_the_same_number_changes_nothing() {
        let amount = Money::won(900);
        let mut payment = None;
        let start = Command::Start { order: OrderId(1), placed_at: NOON, method: Method::Card, amount, means: None };
        let approved = ProviderResult::Approved { reference: "pi_1".into(), amount };
        for command in [start, Command::Withdraw] {
            for event in decide(payment.as_ref(), &command, NOON).unwrap() {
                evolve(&mut payment, &event, NOON);
            }
            let now = payment.as_ref().and_then(Payment::asked).unwrap();
            let held = payment.as_ref().unwrap();
            assert!(held.is_of_this_order(now) && now.order_ms == Some(43_200_000));
            for order_ms in [None, Some(1)] {
                for operation in Operation::ALL {
                    let asked = Asked { order_ms, operation, ..now };
                    assert!(!held.is_of_this_order(asked), "{asked:?}");
                    let answer = Command::Answer { asked, said: approved.clone() };
                    assert_eq!(decide(payment.as_ref(), &answer, NOON), Ok(vec![]), "{asked:?}");
                }
            }
        }
    }
}
