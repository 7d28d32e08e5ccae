//! The state of a payment.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::event::Event;
use super::method::{Action, Means, Method};
use super::next::{Next, NextCall, first, pause};
use super::operation::{Asked, FIRST_TRY, Operation, ProviderResult};
use crate::ids::{OrderId, UserId};
use crate::money::Money;
use crate::time::Timestamp;
use crate::word::words;

words! {
    /// The state of a payment.
    pub enum State {
        Authorizing = "AUTHORIZING",
        /// The customer must act at the provider, such as by 3-D Secure.
        RequiresAction = "REQUIRES_ACTION",
        Capturing = "CAPTURING",
        Captured = "CAPTURED",
        Declined = "DECLINED",
        Voiding = "VOIDING",
        Voided = "VOIDED",
        Refunding = "REFUNDING",
        Refunded = "REFUNDED",
        /// The provider declined every try of a refund or void: an operator retries or resolves it.
        Stuck = "STUCK",
    }
}

impl State {
    /// The state that customers see, with the names of source 003 (P-03).
    pub const fn shown(self) -> &'static str {
        match self {
            State::Authorizing | State::Capturing => "PENDING",
            State::RequiresAction => "REQUIRES_ACTION",
            State::Captured => "PAID",
            State::Refunding | State::Stuck => "REFUND_REQUESTED",
            State::Refunded => "REFUNDED",
            State::Declined | State::Voiding | State::Voided => "FAILED",
        }
    }

    /// The operation that the state waits for.
    pub const fn operation(self) -> Option<Operation> {
        match self {
            State::Authorizing | State::RequiresAction => Some(Operation::Authorize),
            State::Capturing => Some(Operation::Capture),
            State::Voiding => Some(Operation::Void),
            State::Refunding => Some(Operation::Refund),
            State::Captured | State::Declined | State::Voided | State::Refunded | State::Stuck => None,
        }
    }
}

/// A refund that succeeded at the provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GivenBack {
    /// Its number among the refunds of the attempt.
    pub refund: i64,
    /// Number of the try that succeeded.
    pub try_number: i64,
    /// Zero after the provider reversed it; its tries count until its amount is requested again.
    pub amount: Money,
}

impl GivenBack {
    pub(super) const fn is_in_effect(&self) -> bool {
        !self.amount.is_zero()
    }
}

/// An operator's resolution of a refund or a void without the provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resolution {
    pub by: UserId,
    pub at: Timestamp,
    pub reason: Arc<str>,
    /// Proof of the resolution: the number of a bank transfer, or of a case at the provider.
    pub reference: Arc<str>,
}

/// An order's one payment. After a decline, the next attempt has the next number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payment {
    pub order: OrderId,
    /// When the order was placed, as the attempt's keys say it; see [`Asked::order_ms`].
    pub order_ms: Option<i64>,
    pub attempt: i64,
    pub method: Method,
    /// The card or account of the attempt's customer.
    pub means: Option<Arc<Means>>,
    /// The amount to pay.
    pub amount: Money,
    pub state: State,
    /// `Some` if and only if the state is [`State::RequiresAction`].
    pub action: Option<Arc<Action>>,
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
    pub(super) fn requested(order: OrderId, attempt: i64, method: Method, amount: Money, at: Timestamp) -> Payment {
        Payment {
            order,
            order_ms: None,
            attempt,
            method,
            means: None,
            amount,
            state: State::Authorizing,
            action: None,
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
            created_at: at,
            updated_at: at,
        }
    }

    pub(super) fn become_state(&mut self, state: State, next: Option<Next>) {
        self.state = state;
        self.action = None;
        self.next = next;
    }

    /// Returns whether an authorization or a capture is pending, at the provider or with the customer.
    pub const fn is_under_way(&self) -> bool {
        matches!(self.state, State::Authorizing | State::RequiresAction | State::Capturing)
    }

    /// Returns whether the customer must act at the provider.
    pub const fn requires_action(&self) -> bool {
        matches!(self.state, State::RequiresAction)
    }

    /// Returns the pending operation.
    pub fn asked(&self) -> Option<Asked> {
        let operation = self.state.operation()?;
        let refund = if operation == Operation::Refund { self.refunds } else { 0 };
        let try_number = if self.is_giving_back() { FIRST_TRY + self.declines } else { FIRST_TRY };
        Some(Asked { order_ms: self.order_ms, attempt: self.attempt, operation, refund, try_number })
    }

    /// Returns whether a result books an authorization whose money is then taken.
    pub fn is_authorized_by(&self, asked: Asked, said: &ProviderResult, at: Timestamp) -> bool {
        matches!(super::answer(self, asked, said, at).as_slice(), [Event::Authorized { .. }])
    }

    /// The amount of an operation.
    pub const fn amount_of(&self, operation: Operation) -> Money {
        match operation {
            Operation::Authorize | Operation::Capture | Operation::Void => self.amount,
            Operation::Refund => self.refunding,
        }
    }

    /// Returns whether a key is about this order, and not about an earlier one with its number.
    pub fn is_of_this_order(&self, asked: Asked) -> bool {
        // An earlier attempt may have begun before keys contained the time.
        asked.order_ms == self.order_ms || asked.order_ms.is_none() && asked.attempt < self.attempt
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

    /// Returns whether a void or a refund is under way or stuck.
    pub fn is_giving_back(&self) -> bool {
        self.giving_back().is_some()
    }

    /// Returns the void or refund that is under way or stuck.
    pub fn giving_back(&self) -> Option<Operation> {
        match self.state {
            State::Voiding => Some(Operation::Void),
            State::Refunding => Some(Operation::Refund),
            State::Stuck if self.refunding.is_zero() => Some(Operation::Void),
            State::Stuck => Some(Operation::Refund),
            State::Authorizing | State::RequiresAction | State::Capturing => None,
            State::Captured | State::Declined | State::Voided | State::Refunded => None,
        }
    }

    /// The amount still to be refunded to the customer.
    pub fn owes(&self) -> Money {
        self.refunding + self.owed
    }

    /// The next call comes after a pause, but not after the deadline of the customer's action: the call at the deadline decides.
    pub(super) fn postponed(&self, way: NextCall, at: Timestamp) -> Event {
        let due = at + pause(self.next.map_or(0, |next| next.tries));
        let deadline = self.action.as_ref().map(|action| action.until).filter(|until| at < *until);
        Event::Postponed { way, due: deadline.map_or(due, |until| due.min(until)) }
    }

    /// The pause before the next try of the void or refund.
    pub(super) fn pause_before_try(&self) -> Duration {
        if self.declines > 0 { pause(self.declines - 1) } else { Duration::ZERO }
    }

    /// Number of tries of reversed refunds whose amount must be requested again.
    pub(super) fn reversed_tries(&self) -> i64 {
        let reversed = self.given_back.iter().filter(|given| !given.is_in_effect());
        reversed.map(|given| given.try_number).max().unwrap_or(0)
    }
}
