//! An order's payment: authorised, captured, voided, refunded by somebody else's machine, which may answer late, twice or not at
//! all (P-01, P-03, P-06).
//!
//! What is asked for next follows from the state, and is asked for under one key until its answer is known. Money is booked
//! only when the provider's amount is the expected one; an answer that nobody knows is looked up, never asked for again blindly.

mod asked;
mod method;
mod state;

use std::sync::Arc;
use std::time::Duration;

use crate::ids::OrderId;
use crate::money::Money;
use crate::time::Timestamp;

pub use asked::{Asked, Deed};
pub use method::Method;
pub use state::{State, Way};

/// The provider may be out of reach so often before an attempt is given up.
pub const AUTHORIZE_TRIES_MAX: i64 = 5;
/// The pause after the first try; each further one is twice as long, up to [`PAUSE_MAX`].
pub const PAUSE_MIN: Duration = Duration::from_secs(1);
pub const PAUSE_MAX: Duration = Duration::from_secs(60);
/// Why an attempt ended when the provider could not be reached.
pub const UNAVAILABLE: &str = "provider.unavailable";
/// Why an attempt ended whose order was taken back before the provider heard of it.
pub const WITHDRAWN: &str = "withdrawn";

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Begins to pay, or tries once more after a refusal.
    Start { order: OrderId, method: Method, amount: Money },
    /// What is known of a deed that was asked for.
    Answer { asked: Asked, said: Said },
    /// The order came to nothing: what was or will be taken goes back.
    Withdraw,
    /// Gives money back that was captured.
    Refund { amount: Money },
    /// Somebody takes care that an attempt is tried again: its pause counts from now.
    Resume,
}

/// What a provider said of a deed, or did not say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Said {
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
    Never,
    /// Surely nothing happened.
    NotDone,
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
    },
    /// The deed is asked for, or looked up, later.
    Postponed {
        way: Way,
        due: Timestamp,
    },
    /// The same, and nothing was answered since.
    Resumed {
        due: Timestamp,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rejection {
    InProgress,
    AlreadyPaid,
    /// Something that always holds does not hold; the words say what.
    Impossible(&'static str),
}

/// When and how the provider is asked next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Next {
    pub way: Way,
    pub due: Timestamp,
    /// Answers to this deed that settled nothing.
    pub tries: i64,
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
    /// Refunds of this attempt so far, counting the one under way.
    pub refunds: i64,
    /// The provider's own name of the payment.
    pub reference: Option<Arc<str>>,
    /// Why the last attempt was refused.
    pub refusal: Option<Arc<str>>,
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
        let deed = self.state.deed()?;
        let refund = if deed == Deed::Refund { self.refunds } else { 0 };
        Some(Asked { attempt: self.attempt, deed, refund })
    }

    /// The amount that a deed is about.
    pub const fn amount_of(&self, deed: Deed) -> Money {
        match deed {
            Deed::Authorize | Deed::Capture | Deed::Void => self.amount,
            Deed::Refund => self.refunding,
        }
    }

    /// What the shop holds of the customer's money.
    pub fn held(&self) -> Money {
        self.captured - self.refunded
    }

    fn postponed(&self, way: Way, at: Timestamp) -> Event {
        let tries = self.next.map_or(0, |next| next.tries);
        Event::Postponed { way, due: at + pause(tries) }
    }
}

/// Twice as long each time.
pub fn pause(tries: i64) -> Duration {
    let doublings = u32::try_from(tries).unwrap_or(u32::MAX).min(16);
    PAUSE_MIN.saturating_mul(1 << doublings).min(PAUSE_MAX)
}

/// Answers a command against an order's payment; `None` is one that was never begun.
pub fn decide(payment: Option<&Payment>, command: &Command, at: Timestamp) -> Result<Vec<Event>, Rejection> {
    if let Command::Start { order, method, amount } = *command {
        return start(payment, (order, method, amount));
    }
    let Some(payment) = payment else { return Ok(vec![]) };
    Ok(match command {
        Command::Start { .. } => return Err(Rejection::Impossible("a payment is begun once")),
        Command::Answer { asked, said } => answer(payment, *asked, said, at),
        Command::Withdraw => withdraw(payment),
        Command::Refund { amount } => return refund(payment, *amount),
        Command::Resume => resume(payment, at),
    })
}

fn start(
    payment: Option<&Payment>,
    (order, method, amount): (OrderId, Method, Money),
) -> Result<Vec<Event>, Rejection> {
    let attempt = match payment.map(|payment| (payment.state, payment.attempt)) {
        None => 1,
        // Whatever an earlier attempt took by mistake has gone back.
        Some((State::Declined | State::Voided | State::Refunded, attempt)) => attempt + 1,
        Some((State::Authorizing | State::Capturing | State::Voiding | State::Refunding, _)) => {
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
        State::Authorizing
        | State::Capturing
        | State::Declined
        | State::Voiding
        | State::Voided
        | State::Refunding
        | State::Refunded => vec![Event::Withdrawn],
    }
}

fn resume(payment: &Payment, at: Timestamp) -> Vec<Event> {
    match payment.next {
        Some(Next { way: Way::Do, tries, .. }) if payment.is_under_way() => {
            vec![Event::Resumed { due: at + pause(tries - 1) }]
        }
        Some(_) | None => vec![],
    }
}

fn refund(payment: &Payment, amount: Money) -> Result<Vec<Event>, Rejection> {
    if payment.state != State::Captured {
        return Err(Rejection::InProgress);
    }
    if amount > payment.held() {
        return Err(Rejection::Impossible("no more is given back than was taken"));
    }
    Ok(vec![Event::RefundRequested { amount }])
}

fn answer(payment: &Payment, asked: Asked, said: &Said, at: Timestamp) -> Vec<Event> {
    if payment.asked() != Some(asked) {
        return late(payment, asked, said);
    }
    match said {
        Said::Approved { amount, .. } if *amount != payment.amount_of(asked.deed) => {
            vec![payment.postponed(Way::LookUp, at)]
        }
        Said::Approved { reference, .. } => approved(payment, asked.deed, reference),
        Said::Declined { code } => match asked.deed {
            Deed::Authorize | Deed::Capture => vec![Event::Declined { code: Arc::clone(code) }],
            // Money that must go back is not given up on: the provider is asked what it did instead.
            Deed::Void | Deed::Refund => vec![payment.postponed(Way::LookUp, at)],
        },
        Said::Pending | Said::Unknown => vec![payment.postponed(Way::LookUp, at)],
        Said::NotDone => not_done(payment, asked.deed, at),
        Said::Never => never(payment, asked.deed, at),
    }
}

fn approved(payment: &Payment, deed: Deed, reference: &Arc<str>) -> Vec<Event> {
    match deed {
        Deed::Authorize if payment.is_wanted => vec![Event::Authorized { reference: Arc::clone(reference) }],
        Deed::Authorize => vec![Event::Authorized { reference: Arc::clone(reference) }, Event::VoidRequested],
        Deed::Capture if payment.is_wanted => vec![Event::Captured],
        Deed::Capture => vec![Event::Captured, Event::RefundRequested { amount: payment.amount }],
        Deed::Void => vec![Event::Voided],
        Deed::Refund => vec![Event::Refunded { amount: payment.refunding }],
    }
}

/// This time nothing happened. Whether it did another time, of which the answer was lost, only a look can tell.
fn not_done(payment: &Payment, deed: Deed, at: Timestamp) -> Vec<Event> {
    let tries = payment.next.map_or(0, |next| next.tries) + 1;
    match deed {
        Deed::Authorize | Deed::Capture if !payment.is_wanted => vec![payment.postponed(Way::LookUp, at)],
        // What may have been set aside all the same is never taken, and lapses.
        Deed::Authorize if tries >= AUTHORIZE_TRIES_MAX => vec![Event::Declined { code: UNAVAILABLE.into() }],
        Deed::Authorize | Deed::Capture | Deed::Void | Deed::Refund => vec![payment.postponed(Way::Do, at)],
    }
}

fn never(payment: &Payment, deed: Deed, at: Timestamp) -> Vec<Event> {
    match deed {
        Deed::Authorize if !payment.is_wanted => vec![Event::Declined { code: WITHDRAWN.into() }],
        Deed::Capture if !payment.is_wanted => vec![Event::VoidRequested],
        Deed::Authorize | Deed::Capture | Deed::Void | Deed::Refund => vec![payment.postponed(Way::Do, at)],
    }
}

/// An answer to something that is no longer asked. Money that moved against what is known is booked, and goes back.
fn late(payment: &Payment, asked: Asked, said: &Said) -> Vec<Event> {
    let Said::Approved { reference, amount } = said else { return vec![] };
    if asked.attempt != payment.attempt || *amount != payment.amount {
        return vec![];
    }
    match (asked.deed, payment.state) {
        (Deed::Authorize, State::Declined) => {
            vec![Event::Authorized { reference: Arc::clone(reference) }, Event::VoidRequested]
        }
        (Deed::Capture, State::Declined | State::Voiding | State::Voided) => {
            vec![Event::Captured, Event::RefundRequested { amount: payment.amount }]
        }
        (Deed::Authorize | Deed::Capture | Deed::Void | Deed::Refund, _) => vec![],
    }
}

/// Folds an event into the payment.
pub fn evolve(payment: &mut Option<Payment>, event: &Event, at: Timestamp) {
    if let Event::Requested { order, attempt, method, amount } = *event {
        let begun_at = payment.as_ref().map_or(at, |payment| payment.created_at);
        *payment = Some(requested((order, attempt), method, amount, (begun_at, at)));
        return;
    }
    let payment = payment.as_mut().expect("a payment is requested before anything else happens to it");
    let first = Some(Next { way: Way::Do, due: at, tries: 0 });
    match event {
        Event::Requested { .. } => unreachable!("folded above"),
        Event::Authorized { reference } => {
            payment.reference = Some(Arc::clone(reference));
            payment.authorized = payment.amount;
            become_state(payment, State::Capturing, first);
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
        Event::VoidRequested => become_state(payment, State::Voiding, first),
        Event::Voided => become_state(payment, State::Voided, None),
        Event::RefundRequested { amount } => {
            payment.refunding = *amount;
            payment.refunds += 1;
            become_state(payment, State::Refunding, first);
        }
        Event::Refunded { amount } => {
            payment.refunded += *amount;
            payment.refunding = Money::ZERO;
            let is_all = payment.held().is_zero();
            become_state(payment, if is_all { State::Refunded } else { State::Captured }, None);
        }
        Event::Postponed { way, due } => {
            let tries = payment.next.map_or(0, |next| next.tries) + 1;
            payment.next = Some(Next { way: *way, due: *due, tries });
        }
        Event::Resumed { due } => payment.next = payment.next.map(|next| Next { due: *due, ..next }),
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
        refunds: 0,
        reference: None,
        refusal: None,
        next: Some(Next { way: Way::Do, due: at, tries: 0 }),
        created_at,
        updated_at: at,
    }
}

#[cfg(test)]
mod tests;
