//! An order's payment: authorised, captured, voided, refunded by somebody else's machine, which may answer late, twice or not at
//! all (P-01, P-03, P-06).
//!
//! What is asked for next follows from the state, and is asked for under one key until its answer is known. Money is booked
//! only when the provider's amount is the expected one; an answer that nobody knows is looked up, never asked for again blindly.

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

/// The provider may be out of reach so often before an attempt is given up.
pub const AUTHORIZE_TRIES_MAX: i64 = 5;
/// A refund or a void is asked for so often, each time under a key of its own, before an operator must see to it. A refund that is
/// made and comes to nothing afterwards was a try like one that is declined.
pub const GIVE_BACK_TRIES_MAX: i64 = 6;
/// Why an attempt ended when the provider could not be reached.
pub const UNAVAILABLE: &str = "provider.unavailable";
/// Why an attempt ended whose order was taken back before the provider heard of it.
pub const WITHDRAWN: &str = "withdrawn";

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Begins to pay, or tries once more after a refusal.
    Start { order: OrderId, method: Method, amount: Money },
    /// What is known of a deed that was asked for.
    Answer { asked: Asked, said: ProviderResult },
    /// The order came to nothing: what was or will be taken goes back.
    Withdraw,
    /// Gives money back that was captured; after the refund that is under way, if there is one.
    Refund { amount: Money },
    /// An operator has what is stuck tried once more.
    Retry,
    /// An operator has settled what is stuck without the provider.
    Resolve { by: UserId, reason: Arc<str>, reference: Arc<str> },
    /// Somebody takes care that an attempt is tried again: its pause counts from now.
    Resume,
    /// The request has reached its consumer group: the provider may be asked. `refund` is zero for an attempt to pay.
    Call { attempt: i64, refund: i64 },
}

/// What a provider said of a deed, or did not say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProviderResult {
    Approved {
        reference: Arc<str>,
        amount: Money,
    },
    Declined {
        code: Arc<str>,
    },
    /// It is still at it.
    Pending,
    /// It never heard of the deed.
    NotFound,
    /// Surely nothing happened.
    NotExecuted,
    /// It may have happened.
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
    /// Whatever is taken from now on goes back.
    Withdrawn,
    VoidRequested,
    Voided,
    RefundRequested {
        amount: Money,
    },
    Refunded {
        amount: Money,
        /// Which try of the refund it was.
        try_number: i64,
    },
    /// More is to be given back, after the refund under way.
    Owed {
        amount: Money,
    },
    /// The provider declined to give back; it is asked again under a new key.
    GiveBackDeclined {
        code: Arc<str>,
        due: Timestamp,
    },
    /// A refund that was done came to nothing afterwards.
    RefundReversed {
        refund: i64,
        amount: Money,
        code: Arc<str>,
    },
    /// What goes back was declined, or came to nothing, for the last time: an operator must see to it.
    Stuck {
        code: Arc<str>,
        /// How often that was, all told.
        declines: i64,
    },
    Retried,
    Resolved {
        by: UserId,
        reason: Arc<str>,
        reference: Arc<str>,
        amount: Money,
    },
    /// The deed is asked for, or looked up, later.
    Postponed {
        way: NextCall,
        due: Timestamp,
    },
    /// The same, and nothing was answered since.
    Resumed {
        due: Timestamp,
    },
    Called,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rejection {
    InProgress,
    AlreadyPaid,
    /// More is to go back than was taken.
    NotThatMuchHeld,
    NotStuck,
    /// Something that always holds does not hold; the words say what.
    Impossible(&'static str),
}

/// An order has one payment; after a refusal it is attempted again under the next number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payment {
    pub order: OrderId,
    pub attempt: i64,
    pub method: Method,
    /// What is to be paid.
    pub amount: Money,
    pub state: State,
    /// Whether the order still wants to be paid.
    pub is_wanted: bool,
    pub authorized: Money,
    pub captured: Money,
    pub refunded: Money,
    /// What the refund under way gives back.
    pub refunding: Money,
    /// What is to be given back after that, as the next refund.
    pub owed: Money,
    /// What operators gave back without the provider.
    pub resolved: Money,
    /// Refunds of this attempt so far, counting the one under way.
    pub refunds: i64,
    /// The refunds that the provider made, and those it took back whose money is in `owed`.
    pub given_back: Vec<GivenBack>,
    /// How often the provider declined the refund, or the void, that is under way, or took it back after it was made.
    pub declines: i64,
    /// Since when the customer waits for money to come back, or to be let go.
    pub owed_since: Option<Timestamp>,
    /// The provider's own name of the payment.
    pub reference: Option<Arc<str>>,
    /// Why the last attempt was refused.
    pub refusal: Option<Arc<str>>,
    /// Why the provider declined to give back, the last time.
    pub last_error: Option<Arc<str>>,
    /// How an operator settled what was stuck, the last time.
    pub resolution: Option<Resolution>,
    /// There is one if, and only if, the state has a deed to be done.
    pub next: Option<Next>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

impl Payment {
    /// Whether the customer's money is on its way to the shop.
    pub const fn is_under_way(&self) -> bool {
        matches!(self.state, State::Authorizing | State::Capturing)
    }

    /// What the provider is asked for next.
    pub fn asked(&self) -> Option<Asked> {
        let operation = self.state.operation()?;
        let refund = if operation == Operation::Refund { self.refunds } else { 0 };
        let try_number = if self.is_giving_back() { FIRST_TRY + self.declines } else { FIRST_TRY };
        Some(Asked { attempt: self.attempt, operation, refund, try_number })
    }

    /// The amount that a deed is about.
    pub const fn amount_of(&self, operation: Operation) -> Money {
        match operation {
            Operation::Authorize | Operation::Capture | Operation::Void => self.amount,
            Operation::Refund => self.refunding,
        }
    }

    /// The amount that an approval of a deed must name, also of one that is over; `None` for a refund that there never was.
    pub fn expected(&self, asked: Asked) -> Option<Money> {
        match asked.operation {
            Operation::Authorize | Operation::Capture | Operation::Void => Some(self.amount),
            Operation::Refund if asked.attempt != self.attempt => None,
            Operation::Refund if self.asked() == Some(asked) => Some(self.refunding),
            Operation::Refund => {
                let mut given = self.given_back.iter().filter(|given| given.stands());
                let given = given.find(|given| given.refund == asked.refund);
                given.map(|given| given.amount)
            }
        }
    }

    /// What the shop holds of the customer's money.
    pub fn held(&self) -> Money {
        self.captured - self.refunded - self.resolved
    }

    /// What was just asked for waits until a consumer group has taken the request in.
    pub fn wait_to_be_called(&mut self) {
        self.next = self.next.map(|next| Next { due: None, ..next });
    }

    fn postponed(&self, way: NextCall, at: Timestamp) -> Event {
        let tries = self.next.map_or(0, |next| next.tries);
        Event::Postponed { way, due: at + pause(tries) }
    }
}

/// Answers a command against an order's payment; `None` is one that was never begun.
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
        // Whatever an earlier attempt took by mistake has gone back.
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
        // Nothing is kept of what a refund under way leaves.
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
        ProviderResult::NotExecuted => not_done(payment, asked.operation, at),
        ProviderResult::NotFound => never(payment, asked.operation, at),
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

/// This time nothing happened. Whether it did another time, of which the answer was lost, only a look can tell.
fn not_done(payment: &Payment, operation: Operation, at: Timestamp) -> Vec<Event> {
    let tries = payment.next.map_or(0, |next| next.tries) + 1;
    match operation {
        Operation::Authorize | Operation::Capture if !payment.is_wanted => vec![payment.postponed(NextCall::Query, at)],
        // What may have been set aside all the same is never taken, and lapses.
        Operation::Authorize if tries >= AUTHORIZE_TRIES_MAX => vec![Event::Declined { code: UNAVAILABLE.into() }],
        Operation::Authorize | Operation::Capture | Operation::Void | Operation::Refund => {
            vec![payment.postponed(NextCall::Execute, at)]
        }
    }
}

fn never(payment: &Payment, operation: Operation, at: Timestamp) -> Vec<Event> {
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
    // Nothing happens to a payment that was never requested.
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
        Event::Called => payment.next = payment.next.map(|next| Next { due: Some(at + payment.rest()), ..next }),
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
