//! Money that goes back: let go before it was taken, or given back after. A provider that declines is asked again under a new
//! key, after a longer pause each time; after the last try an operator has it tried once more, or settles it by hand (M1).

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{
    Asked, Event, FIRST_TRY, GIVE_BACK_TRIES_MAX, Operation, Payment, ProviderResult, Rejection, State, become_state,
    first, pause,
};
use crate::ids::UserId;
use crate::money::Money;
use crate::time::Timestamp;

/// A refund that the provider made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GivenBack {
    /// Its number among the refunds of the attempt.
    pub refund: i64,
    /// Which try of it succeeded.
    pub try_number: i64,
    /// Zero once the provider has taken it back; its tries count until what is owed for it is asked for again.
    pub amount: Money,
}

impl GivenBack {
    pub(super) const fn stands(&self) -> bool {
        !self.amount.is_zero()
    }
}

/// How an operator settled a refund or a void without the provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resolution {
    pub by: UserId,
    pub at: Timestamp,
    pub reason: Arc<str>,
    /// Where it can be found: the number of a bank transfer, of a case at the provider.
    pub reference: Arc<str>,
}

impl Payment {
    /// Whether something is to go back, or to be let go.
    pub fn is_giving_back(&self) -> bool {
        self.giving_back().is_some()
    }

    /// How it goes back, also where it is stuck.
    pub fn giving_back(&self) -> Option<Operation> {
        match self.state {
            State::Voiding => Some(Operation::Void),
            State::Refunding => Some(Operation::Refund),
            State::Stuck if self.refunding.is_zero() => Some(Operation::Void),
            State::Stuck => Some(Operation::Refund),
            State::Authorizing | State::Capturing | State::Captured | State::Declined => None,
            State::Voided | State::Refunded => None,
        }
    }

    /// What is still to go back to the customer.
    pub fn owes(&self) -> Money {
        self.refunding + self.owed
    }

    /// How long the provider is left alone before the next try of what goes back.
    pub(super) fn rest(&self) -> Duration {
        if self.declines > 0 { pause(self.declines - 1) } else { Duration::ZERO }
    }

    /// Tries of refunds that were made, came to nothing afterwards, and are to be asked for again.
    fn tries_in_vain(&self) -> i64 {
        let reversed = self.given_back.iter().filter(|given| !given.stands());
        reversed.map(|given| given.try_number).max().unwrap_or(0)
    }
}

pub(super) fn refund(payment: &Payment, amount: Money) -> Result<Vec<Event>, Rejection> {
    let is_free = match payment.state {
        State::Captured => true,
        State::Refunding => false,
        State::Stuck if !payment.refunding.is_zero() => false,
        State::Authorizing | State::Capturing | State::Declined => return Err(Rejection::InProgress),
        State::Voiding | State::Voided | State::Refunded | State::Stuck => return Err(Rejection::NotThatMuchHeld),
    };
    if payment.owes() + amount > payment.held() {
        return Err(Rejection::NotThatMuchHeld);
    }
    Ok(vec![if is_free { Event::RefundRequested { amount } } else { Event::Owed { amount } }])
}

/// The refund under way is done; what is owed beside it is next.
pub(super) fn refunded(payment: &Payment) -> Vec<Event> {
    let done = Event::Refunded { amount: payment.refunding, try_number: FIRST_TRY + payment.declines };
    and_what_is_owed(payment, done)
}

fn and_what_is_owed(payment: &Payment, event: Event) -> Vec<Event> {
    let mut events = vec![event];
    if !payment.owed.is_zero() {
        events.extend(asked_again(payment.owed, payment.tries_in_vain(), payment.last_error.as_ref()));
    }
    events
}

/// Asks for the next refund; after the last try in vain an operator does.
fn asked_again(amount: Money, tries_in_vain: i64, code: Option<&Arc<str>>) -> Vec<Event> {
    let mut events = vec![Event::RefundRequested { amount }];
    if tries_in_vain >= GIVE_BACK_TRIES_MAX {
        events.extend(code.map(|code| Event::Stuck { code: Arc::clone(code), declines: tries_in_vain }));
    }
    events
}

/// A no of the provider is for good, for this key.
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

/// Settles what is stuck, and nothing that was asked for since: that is the next refund.
pub(super) fn resolve(
    payment: &Payment,
    (by, reason, reference): (UserId, &Arc<str>, &Arc<str>),
) -> Result<Vec<Event>, Rejection> {
    if payment.state != State::Stuck {
        return Err(Rejection::NotStuck);
    }
    let (reason, reference) = (Arc::clone(reason), Arc::clone(reference));
    Ok(and_what_is_owed(payment, Event::Resolved { by, reason, reference, amount: payment.refunding }))
}

/// An answer to something that is no longer asked. Money that moved against what is known is booked, and goes back; a refund that
/// was made and came to nothing is asked for again.
pub(super) fn late(payment: &Payment, asked: Asked, said: &ProviderResult) -> Vec<Event> {
    if asked.attempt != payment.attempt {
        return vec![];
    }
    match said {
        ProviderResult::Approved { reference, amount } if *amount == payment.amount => {
            taken(payment, asked.operation, reference)
        }
        ProviderResult::Declined { code } if asked.operation == Operation::Refund => reversed(payment, asked, code),
        ProviderResult::Approved { .. }
        | ProviderResult::Declined { .. }
        | ProviderResult::Pending
        | ProviderResult::NotFound
        | ProviderResult::NotExecuted
        | ProviderResult::Unknown => {
            vec![]
        }
    }
}

fn taken(payment: &Payment, operation: Operation, reference: &Arc<str>) -> Vec<Event> {
    let is_let_go = payment.giving_back() == Some(Operation::Void);
    match (operation, payment.state) {
        (Operation::Authorize, State::Declined) => {
            vec![Event::Authorized { reference: Arc::clone(reference) }, Event::VoidRequested]
        }
        (Operation::Capture, State::Declined | State::Voided) => booked_and_given_back(payment),
        (Operation::Capture, _) if is_let_go => booked_and_given_back(payment),
        (Operation::Authorize | Operation::Capture | Operation::Void | Operation::Refund, _) => vec![],
    }
}

fn booked_and_given_back(payment: &Payment) -> Vec<Event> {
    vec![Event::Captured, Event::RefundRequested { amount: payment.amount }]
}

fn reversed(payment: &Payment, asked: Asked, code: &Arc<str>) -> Vec<Event> {
    let is_it =
        |given: &&GivenBack| given.refund == asked.refund && given.try_number == asked.try_number && given.stands();
    let Some(GivenBack { refund, amount, try_number }) = payment.given_back.iter().find(is_it).copied() else {
        return vec![];
    };
    let mut events = vec![Event::RefundReversed { refund, amount, code: Arc::clone(code) }];
    // What is owed already is behind a refund that is under way, or stuck.
    if !payment.is_giving_back() {
        events.extend(asked_again(amount, try_number, Some(code)));
    }
    events
}

/// Folds what happens to money that goes back.
pub(super) fn evolve(payment: &mut Payment, event: &Event, at: Timestamp) {
    #[expect(clippy::wildcard_enum_match_arm, reason = "the caller passes events about money that goes back only")]
    match event {
        Event::VoidRequested => begin(payment, State::Voiding, at),
        Event::Voided => end(payment, State::Voided),
        Event::RefundRequested { amount } => {
            payment.refunding = *amount;
            payment.owed = Money::ZERO;
            payment.refunds += 1;
            let tries_in_vain = payment.tries_in_vain();
            payment.given_back.retain(GivenBack::stands);
            begin(payment, State::Refunding, at);
            // A refund that came to nothing afterwards was a try as well: the next one has the next number, after a pause.
            payment.declines = tries_in_vain;
            payment.next = first(at + payment.rest());
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
            become_state(payment, State::Stuck, None);
        }
        Event::Retried => {
            let state = if payment.refunding.is_zero() { State::Voiding } else { State::Refunding };
            become_state(payment, state, first(at));
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
    become_state(payment, state, first(at));
}

fn end(payment: &mut Payment, state: State) {
    payment.declines = 0;
    if payment.owed.is_zero() {
        payment.owed_since = None;
    }
    become_state(payment, state, None);
}

fn end_of_refund(payment: &mut Payment) {
    payment.refunding = Money::ZERO;
    let is_all = payment.held().is_zero();
    end(payment, if is_all { State::Refunded } else { State::Captured });
}
