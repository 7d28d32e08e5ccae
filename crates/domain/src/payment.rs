//! An order's payment: authorised, captured, voided and refunded at a provider, which may answer late, twice or not at all
//! (P-01, P-03, P-06).
//!
//! The next call to the provider follows from the state, and keeps one idempotency key until its result is known. Money is
//! booked only when the provider's amount is the expected one. An unknown result is queried, never blindly retried.

mod action;
mod event;
mod method;
mod next;
mod operation;
mod reversal;
mod state;

use std::sync::Arc;

use next::first;

use crate::ids::{OrderId, UserId};
use crate::money::Money;
use crate::time::Timestamp;

pub use action::ACTION_EXPIRED;
pub use event::{Event, Rejection};
pub use method::{Action, Means, Method};
pub use next::{Next, NextCall, PAUSE_MAX, PAUSE_MIN, pause};
pub use operation::{Asked, FIRST_TRY, Operation, ProviderResult};
pub use reversal::GIVE_BACK_TRIES_MAX;
pub use state::{GivenBack, Payment, Resolution, State};

/// Authorization calls that may fail as not executed before the attempt ends.
pub const AUTHORIZE_TRIES_MAX: i64 = 5;
/// The refusal code of an attempt that ended because the provider was unreachable.
pub const UNAVAILABLE: &str = "provider.unavailable";
/// The refusal code of an attempt whose order was cancelled before the provider received it.
pub const WITHDRAWN: &str = "withdrawn";
const MICROS_PER_MS: i64 = 1_000;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Begins the first attempt, or another one after a decline.
    Start { order: OrderId, placed_at: Timestamp, method: Method, amount: Money, means: Option<Arc<Means>> },
    /// Records the provider's result of an operation.
    Answer { asked: Asked, said: ProviderResult },
    /// Records a result that no current call has brought: a callback's, or the answer to a call that began before one. If it does
    /// not decide, the provider is queried at once.
    Tell { asked: Asked, said: ProviderResult },
    /// The order was cancelled: voids or refunds what was or will be taken.
    Withdraw,
    /// Refunds captured money; after the refund that is under way, if there is one.
    Refund { amount: Money },
    /// Retries a stuck refund or void, on an operator's order.
    Retry,
    /// An operator has resolved a stuck refund or void without the provider.
    Resolve { by: UserId, reason: Arc<str>, reference: Arc<str> },
    /// Resumes an attempt to pay: its pause restarts now.
    Resume,
    /// The customer says that they have acted at the provider: its result is queried at once.
    Return,
    /// The request reached its consumer group: the provider may be called. `refund` is zero for an attempt to pay.
    Call { attempt: i64, refund: i64 },
}

/// Decides a command about an order's payment; `None` is a payment that was never begun.
///
/// # Errors
///
/// The first [`Rejection`] whose guard fails. Commands that come too late are no error: they lead to no event.
pub fn decide(payment: Option<&Payment>, command: &Command, at: Timestamp) -> Result<Vec<Event>, Rejection> {
    if let Command::Start { order, placed_at, method, amount, means } = command {
        let (order_ms, attempt) = (placed_at.micros() / MICROS_PER_MS, next_attempt(payment)?);
        let (order, method, amount, means) = (*order, *method, *amount, means.clone());
        return Ok(vec![Event::Requested { order, order_ms, attempt, method, amount, means }]);
    }
    let Some(payment) = payment else { return Ok(vec![]) };
    match command {
        Command::Start { .. } => Err(Rejection::Impossible("a payment is begun once")),
        Command::Answer { asked, said } => Ok(answer(payment, *asked, said, at)),
        Command::Tell { asked, said } => Ok(told(payment, *asked, said, at)),
        Command::Withdraw => Ok(withdraw(payment)),
        Command::Refund { amount } => reversal::refund(payment, *amount),
        Command::Retry => reversal::retry(payment),
        Command::Resolve { by, reason, reference } => reversal::resolve(payment, *by, reason, reference),
        Command::Resume => Ok(resume(payment, at)),
        Command::Return => Ok(action::returned(payment, at)),
        Command::Call { attempt, refund } => Ok(call(payment, *attempt, *refund)),
    }
}

fn next_attempt(payment: Option<&Payment>) -> Result<i64, Rejection> {
    match payment.map(|payment| (payment.state, payment.attempt)) {
        None => Ok(1),
        // Anything that an earlier attempt took was voided or refunded.
        Some((State::Declined | State::Voided | State::Refunded, attempt)) => Ok(attempt + 1),
        Some((State::Authorizing | State::RequiresAction | State::Capturing, _))
        | Some((State::Voiding | State::Refunding | State::Stuck, _)) => Err(Rejection::InProgress),
        Some((State::Captured, _)) => Err(Rejection::AlreadyPaid),
    }
}

fn withdraw(payment: &Payment) -> Vec<Event> {
    match payment.state {
        _ if !payment.is_wanted => vec![],
        State::Captured => vec![Event::Withdrawn, Event::RefundRequested { amount: payment.held() }],
        // The customer may still act, so the provider must not wait for it any longer.
        State::RequiresAction => vec![Event::Withdrawn, Event::VoidRequested],
        // Refunds the rest as well, after the refund under way.
        State::Refunding | State::Stuck if payment.held() > payment.owes() => {
            vec![Event::Withdrawn, Event::Owed { amount: payment.held() - payment.owes() }]
        }
        State::Authorizing
        | State::Capturing
        | State::Declined
        | State::Voiding
        | State::Voided
        | State::Refunding
        | State::Refunded
        | State::Stuck => vec![Event::Withdrawn],
    }
}

fn answer(payment: &Payment, asked: Asked, said: &ProviderResult, at: Timestamp) -> Vec<Event> {
    if payment.asked() != Some(asked) {
        return reversal::late(payment, asked, said);
    }
    match said {
        ProviderResult::Approved { amount, .. } if *amount != payment.amount_of(asked.operation) => {
            vec![payment.postponed(NextCall::Query, at)]
        }
        ProviderResult::Approved { reference, .. } => approved(payment, asked.operation, reference),
        ProviderResult::Declined { code } => match asked.operation {
            Operation::Authorize | Operation::Capture => vec![Event::Declined { code: Arc::clone(code) }],
            Operation::Void | Operation::Refund => vec![reversal::declined(payment, code, at)],
        },
        ProviderResult::ActionRequired { reference, action } if asked.operation == Operation::Authorize => {
            action::required(payment, reference, action, at)
        }
        ProviderResult::ActionRequired { .. } | ProviderResult::Pending | ProviderResult::Unknown => {
            vec![payment.postponed(NextCall::Query, at)]
        }
        ProviderResult::NotExecuted => not_executed(payment, asked.operation, at),
        ProviderResult::NotFound => not_found(payment, asked.operation, at),
    }
}

/// A result that came unasked postpones nothing: callbacks that are repeated would put the query off again and again.
fn told(payment: &Payment, asked: Asked, said: &ProviderResult, at: Timestamp) -> Vec<Event> {
    let decides = match said {
        ProviderResult::Approved { amount, .. } => *amount == payment.amount_of(asked.operation),
        ProviderResult::Declined { .. } => true,
        ProviderResult::ActionRequired { .. } => asked.operation == Operation::Authorize && payment.action.is_none(),
        ProviderResult::Pending | ProviderResult::NotFound | ProviderResult::NotExecuted | ProviderResult::Unknown => {
            false
        }
    };
    if decides || payment.asked() != Some(asked) {
        return answer(payment, asked, said, at);
    }
    // An operation whose request has not reached its consumer group is called soon anyway.
    let due = payment.next.and_then(|next| next.due);
    due.map(|due| Event::Prompted { due: due.min(at) }).into_iter().collect()
}

fn approved(payment: &Payment, operation: Operation, reference: &Arc<str>) -> Vec<Event> {
    match operation {
        Operation::Authorize if payment.is_wanted => vec![Event::Authorized { reference: Arc::clone(reference) }],
        Operation::Authorize => vec![Event::Authorized { reference: Arc::clone(reference) }, Event::VoidRequested],
        Operation::Capture if payment.is_wanted => vec![Event::Captured],
        Operation::Capture => vec![Event::Captured, Event::RefundRequested { amount: payment.amount }],
        Operation::Void => vec![Event::Voided],
        Operation::Refund => reversal::refunded(payment),
    }
}

/// This call was not executed. An earlier one whose result was lost may have been, so an unwanted payment is queried.
fn not_executed(payment: &Payment, operation: Operation, at: Timestamp) -> Vec<Event> {
    let tries = payment.next.map_or(0, |next| next.tries) + 1;
    match operation {
        Operation::Authorize | Operation::Capture if !payment.is_wanted => {
            vec![payment.postponed(NextCall::Query, at)]
        }
        // If an earlier call did authorize the amount, it is never captured, and expires.
        Operation::Authorize if tries >= AUTHORIZE_TRIES_MAX => vec![Event::Declined { code: UNAVAILABLE.into() }],
        Operation::Authorize | Operation::Capture | Operation::Void | Operation::Refund => {
            vec![payment.postponed(NextCall::Execute, at)]
        }
    }
}

fn not_found(payment: &Payment, operation: Operation, at: Timestamp) -> Vec<Event> {
    match operation {
        Operation::Authorize if !payment.is_wanted => vec![Event::Declined { code: WITHDRAWN.into() }],
        Operation::Capture if !payment.is_wanted => vec![Event::VoidRequested],
        Operation::Authorize | Operation::Capture | Operation::Void | Operation::Refund => {
            vec![payment.postponed(NextCall::Execute, at)]
        }
    }
}

fn resume(payment: &Payment, at: Timestamp) -> Vec<Event> {
    match payment.next {
        Some(Next { way: NextCall::Execute, due: Some(_), tries }) if payment.is_under_way() => {
            vec![Event::Resumed { due: at + pause(tries - 1) }]
        }
        Some(_) | None => vec![],
    }
}

/// Calls only the operation that waits for it: not one that was called before, or that has ended.
fn call(payment: &Payment, attempt: i64, refund: i64) -> Vec<Event> {
    let waits = payment.next.is_some_and(|next| next.due.is_none());
    let is_it = payment.asked().is_some_and(|asked| (asked.attempt, asked.refund) == (attempt, refund));
    if waits && is_it { vec![Event::Called] } else { vec![] }
}

/// Folds an event into the payment.
pub fn evolve(payment: &mut Option<Payment>, event: &Event, at: Timestamp) {
    if let Event::Requested { order, order_ms, attempt, method, amount, means } = event {
        let created_at = payment.as_ref().map_or(at, |payment| payment.created_at);
        let requested = Payment::requested(*order, *attempt, *method, *amount, at);
        *payment = Some(Payment { order_ms: Some(*order_ms), created_at, means: means.clone(), ..requested });
        return;
    }
    // A payment that was never requested does not change.
    let Some(payment) = payment else { return };
    match event {
        // Folded above.
        Event::Requested { .. } => {}
        Event::ActionRequired { reference, action } => action::wait(payment, reference, action, at),
        Event::Authorized { reference } => {
            payment.reference = Some(Arc::clone(reference));
            payment.authorized = payment.amount;
            payment.become_state(State::Capturing, first(at));
        }
        Event::Captured => {
            payment.authorized = payment.amount;
            payment.captured = payment.amount;
            payment.become_state(State::Captured, None);
        }
        Event::Declined { code } => {
            payment.refusal = Some(Arc::clone(code));
            payment.become_state(State::Declined, None);
        }
        Event::Withdrawn => payment.is_wanted = false,
        Event::Postponed { way, due } => {
            let tries = payment.next.map_or(0, |next| next.tries) + 1;
            payment.next = Some(Next { way: *way, due: Some(*due), tries });
        }
        Event::Prompted { due } => {
            payment.next = payment.next.map(|next| Next { way: NextCall::Query, due: Some(*due), ..next });
        }
        Event::Resumed { due } => payment.next = payment.next.map(|next| Next { due: Some(*due), ..next }),
        Event::Called => {
            payment.next = payment.next.map(|next| Next { due: Some(at + payment.pause_before_try()), ..next })
        }
        Event::VoidRequested
        | Event::Voided
        | Event::RefundRequested { .. }
        | Event::Refunded { .. }
        | Event::Owed { .. }
        | Event::GiveBackDeclined { .. }
        | Event::RefundReversed { .. }
        | Event::Stuck { .. }
        | Event::Retried
        | Event::Resolved { .. } => reversal::evolve(payment, event, at),
    }
    payment.updated_at = at;
}

#[cfg(test)]
mod tests;
