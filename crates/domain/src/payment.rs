//! An order's payment: authorised, captured, voided and refunded at a provider, which may answer late, twice or not at all
//! (P-01, P-03, P-06).
//!
//! The next call to the provider follows from the state, and keeps one idempotency key until its result is known. Money is
//! booked only when the provider's amount is the expected one. An unknown result is queried, never blindly retried.

mod method;
mod next;
mod operation;
mod reversal;
mod state;

use std::sync::Arc;

use next::{call, first, resume};

use crate::ids::{OrderId, UserId};
use crate::money::Money;
use crate::time::Timestamp;

pub use method::Method;
pub use next::{Next, PAUSE_MAX, PAUSE_MIN, pause};
pub use operation::{Asked, FIRST_TRY, Operation};
pub use reversal::{GivenBack, Resolution};
pub use state::{NextCall, State};

/// Authorization calls that may fail as not executed before the attempt ends.
pub const AUTHORIZE_TRIES_MAX: i64 = 5;
/// Tries of a refund or a void, each under its own key, before an operator must act. A refund that is reversed after it
/// succeeded counts like a declined one.
pub const GIVE_BACK_TRIES_MAX: i64 = 6;
/// The refusal code of an attempt that ended because the provider was unreachable.
pub const UNAVAILABLE: &str = "provider.unavailable";
/// The refusal code of an attempt whose order was cancelled before the provider received it.
pub const WITHDRAWN: &str = "withdrawn";

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Begins the first attempt, or another one after a decline.
    Start { order: OrderId, method: Method, amount: Money },
    /// Records the provider's result of an operation.
    Answer { asked: Asked, said: ProviderResult },
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
    /// The request reached its consumer group: the provider may be called. `refund` is zero for an attempt to pay.
    Call { attempt: i64, refund: i64 },
}

/// The result of a call to the provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProviderResult {
    Approved {
        reference: Arc<str>,
        amount: Money,
    },
    Declined {
        code: Arc<str>,
    },
    /// The operation is still in progress.
    Pending,
    /// The provider does not know the operation.
    NotFound,
    /// The operation was certainly not executed.
    NotExecuted,
    /// The operation may have been executed.
    Unknown,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    Requested {
        order: OrderId,
        attempt: i64,
        method: Method,
        amount: Money,
    },
    Authorized {
        reference: Arc<str>,
    },
    Captured,
    Declined {
        code: Arc<str>,
    },
    /// The order no longer wants to be paid: money taken from now on is voided or refunded.
    Withdrawn,
    VoidRequested,
    Voided,
    RefundRequested {
        amount: Money,
    },
    Refunded {
        amount: Money,
        /// Number of the try that succeeded.
        try_number: i64,
    },
    /// A further amount must be refunded after the refund under way.
    Owed {
        amount: Money,
    },
    /// The provider declined the refund or void; it is retried under a new key.
    GiveBackDeclined {
        code: Arc<str>,
        due: Timestamp,
    },
    /// A refund that succeeded was reversed afterwards.
    RefundReversed {
        refund: i64,
        amount: Money,
        code: Arc<str>,
    },
    /// The last allowed try was declined or reversed: an operator must act.
    Stuck {
        code: Arc<str>,
        /// Total number of tries.
        declines: i64,
    },
    Retried,
    Resolved {
        by: UserId,
        reason: Arc<str>,
        reference: Arc<str>,
        amount: Money,
    },
    /// The operation is executed or queried later.
    Postponed {
        way: NextCall,
        due: Timestamp,
    },
    /// The due time moves; the number of tries stays.
    Resumed {
        due: Timestamp,
    },
    Called,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rejection {
    InProgress,
    AlreadyPaid,
    /// The amount exceeds what the shop holds.
    NotThatMuchHeld,
    NotStuck,
    /// The named invariant would be violated: a defect or a forged event.
    Impossible(&'static str),
}

/// An order's one payment. After a decline, the next attempt has the next number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payment {
    pub order: OrderId,
    pub attempt: i64,
    pub method: Method,
    /// The amount to pay.
    pub amount: Money,
    pub state: State,
    /// False after the order was cancelled.
    pub is_wanted: bool,
    pub authorized: Money,
    pub captured: Money,
    pub refunded: Money,
    /// The amount of the refund under way.
    pub refunding: Money,
    /// The amount of the next refund, after the one under way.
    pub owed: Money,
    /// The amount that operators refunded without the provider.
    pub resolved: Money,
    /// Number of this attempt's refunds, including the one under way.
    pub refunds: i64,
    /// The refunds that succeeded, and the reversed ones whose money is in `owed`.
    pub given_back: Vec<GivenBack>,
    /// Number of tries of the refund or void under way that were declined or reversed.
    pub declines: i64,
    /// Since when the customer waits for a refund or a void.
    pub owed_since: Option<Timestamp>,
    /// The provider's identifier of the payment.
    pub reference: Option<Arc<str>>,
    /// The code of the last declined attempt.
    pub refusal: Option<Arc<str>>,
    /// The code of the last declined or reversed refund or void.
    pub last_error: Option<Arc<str>>,
    /// An operator's last resolution of a stuck refund or void.
    pub resolution: Option<Resolution>,
    /// `Some` if and only if the state has a pending operation.
    pub next: Option<Next>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

impl Payment {
    /// Returns whether an authorization or a capture is pending.
    pub const fn is_under_way(&self) -> bool {
        matches!(self.state, State::Authorizing | State::Capturing)
    }

    /// Returns the pending operation.
    pub fn asked(&self) -> Option<Asked> {
        let operation = self.state.operation()?;
        let refund = if operation == Operation::Refund { self.refunds } else { 0 };
        let try_number = if self.is_giving_back() { FIRST_TRY + self.declines } else { FIRST_TRY };
        Some(Asked { attempt: self.attempt, operation, refund, try_number })
    }

    /// The amount of an operation.
    pub const fn amount_of(&self, operation: Operation) -> Money {
        match operation {
            Operation::Authorize | Operation::Capture | Operation::Void => self.amount,
            Operation::Refund => self.refunding,
        }
    }

    /// The amount that an approval must name, also of a finished operation; `None` for a refund that never existed.
    pub fn expected(&self, asked: Asked) -> Option<Money> {
        match asked.operation {
            Operation::Authorize | Operation::Capture | Operation::Void => Some(self.amount),
            Operation::Refund if asked.attempt != self.attempt => None,
            Operation::Refund if self.asked() == Some(asked) => Some(self.refunding),
            Operation::Refund => {
                let mut given = self.given_back.iter().filter(|given| given.is_in_effect());
                let given = given.find(|given| given.refund == asked.refund);
                given.map(|given| given.amount)
            }
        }
    }

    /// The amount of the customer's money that the shop holds.
    pub fn held(&self) -> Money {
        self.captured - self.refunded - self.resolved
    }

    /// Holds the pending operation until its request reaches a consumer group.
    pub fn wait_to_be_called(&mut self) {
        self.next = self.next.map(|next| Next { due: None, ..next });
    }

    fn postponed(&self, way: NextCall, at: Timestamp) -> Event {
        let tries = self.next.map_or(0, |next| next.tries);
        Event::Postponed { way, due: at + pause(tries) }
    }
}

/// Decides a command about an order's payment; `None` is a payment that was never begun.
///
/// # Errors
///
/// The first [`Rejection`] whose guard fails. Commands that come too late are no error: they lead to no event.
pub fn decide(payment: Option<&Payment>, command: &Command, at: Timestamp) -> Result<Vec<Event>, Rejection> {
    if let Command::Start { order, method, amount } = *command {
        return start(payment, (order, method, amount));
    }
    let Some(payment) = payment else { return Ok(vec![]) };
    match command {
        Command::Start { .. } => Err(Rejection::Impossible("a payment is begun once")),
        Command::Answer { asked, said } => Ok(answer(payment, *asked, said, at)),
        Command::Withdraw => Ok(withdraw(payment)),
        Command::Refund { amount } => reversal::refund(payment, *amount),
        Command::Retry => reversal::retry(payment),
        Command::Resolve { by, reason, reference } => reversal::resolve(payment, (*by, reason, reference)),
        Command::Resume => Ok(resume(payment, at)),
        Command::Call { attempt, refund } => Ok(call(payment, (*attempt, *refund))),
    }
}

fn start(
    payment: Option<&Payment>,
    (order, method, amount): (OrderId, Method, Money),
) -> Result<Vec<Event>, Rejection> {
    let attempt = match payment.map(|payment| (payment.state, payment.attempt)) {
        None => 1,
        // Anything that an earlier attempt took was voided or refunded.
        Some((State::Declined | State::Voided | State::Refunded, attempt)) => attempt + 1,
        Some((State::Authorizing | State::Capturing | State::Voiding | State::Refunding | State::Stuck, _)) => {
            return Err(Rejection::InProgress);
        }
        Some((State::Captured, _)) => return Err(Rejection::AlreadyPaid),
    };
    Ok(vec![Event::Requested { order, attempt, method, amount }])
}

fn withdraw(payment: &Payment) -> Vec<Event> {
    match payment.state {
        _ if !payment.is_wanted => vec![],
        State::Captured => vec![Event::Withdrawn, Event::RefundRequested { amount: payment.held() }],
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
        ProviderResult::Pending | ProviderResult::Unknown => vec![payment.postponed(NextCall::Query, at)],
        ProviderResult::NotExecuted => not_executed(payment, asked.operation, at),
        ProviderResult::NotFound => not_found(payment, asked.operation, at),
    }
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
        Operation::Authorize | Operation::Capture if !payment.is_wanted => vec![payment.postponed(NextCall::Query, at)],
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

/// Folds an event into the payment.
pub fn evolve(payment: &mut Option<Payment>, event: &Event, at: Timestamp) {
    if let Event::Requested { order, attempt, method, amount } = *event {
        let begun_at = payment.as_ref().map_or(at, |payment| payment.created_at);
        *payment = Some(requested((order, attempt), method, amount, (begun_at, at)));
        return;
    }
    // A payment that was never requested does not change.
    let Some(payment) = payment else { return };
    match event {
        // Folded above.
        Event::Requested { .. } => {}
        Event::Authorized { reference } => {
            payment.reference = Some(Arc::clone(reference));
            payment.authorized = payment.amount;
            become_state(payment, State::Capturing, first(at));
        }
        Event::Captured => {
            payment.authorized = payment.amount;
            payment.captured = payment.amount;
            become_state(payment, State::Captured, None);
        }
        Event::Declined { code } => {
            payment.refusal = Some(Arc::clone(code));
            become_state(payment, State::Declined, None);
        }
        Event::Withdrawn => payment.is_wanted = false,
        Event::Postponed { way, due } => {
            let tries = payment.next.map_or(0, |next| next.tries) + 1;
            payment.next = Some(Next { way: *way, due: Some(*due), tries });
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

fn become_state(payment: &mut Payment, state: State, next: Option<Next>) {
    payment.state = state;
    payment.next = next;
}

fn requested(
    (order, attempt): (OrderId, i64),
    method: Method,
    amount: Money,
    (created_at, at): (Timestamp, Timestamp),
) -> Payment {
    Payment {
        order,
        attempt,
        method,
        amount,
        state: State::Authorizing,
        is_wanted: true,
        authorized: Money::ZERO,
        captured: Money::ZERO,
        refunded: Money::ZERO,
        refunding: Money::ZERO,
        owed: Money::ZERO,
        resolved: Money::ZERO,
        refunds: 0,
        given_back: vec![],
        declines: 0,
        owed_since: None,
        reference: None,
        refusal: None,
        last_error: None,
        resolution: None,
        next: first(at),
        created_at,
        updated_at: at,
    }
}

#[cfg(test)]
mod tests;
