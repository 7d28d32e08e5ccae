//! The states of a payment, and the kinds of calls to the provider.

use super::Operation;

/// The state of a payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    Authorizing,
    Capturing,
    Captured,
    Declined,
    Voiding,
    Voided,
    Refunding,
    Refunded,
    /// The provider declined every try of a refund or void: an operator retries or resolves it.
    Stuck,
}

impl State {
    pub const ALL: [State; 9] = [
        State::Authorizing,
        State::Capturing,
        State::Captured,
        State::Declined,
        State::Voiding,
        State::Voided,
        State::Refunding,
        State::Refunded,
        State::Stuck,
    ];

    pub const fn name(self) -> &'static str {
        match self {
            State::Authorizing => "AUTHORIZING",
            State::Capturing => "CAPTURING",
            State::Captured => "CAPTURED",
            State::Declined => "DECLINED",
            State::Voiding => "VOIDING",
            State::Voided => "VOIDED",
            State::Refunding => "REFUNDING",
            State::Refunded => "REFUNDED",
            State::Stuck => "STUCK",
        }
    }

    pub fn of_name(name: &str) -> Option<State> {
        State::ALL.into_iter().find(|state| state.name() == name)
    }

    /// The state that customers see, with the names of source 003 (P-03).
    pub const fn shown(self) -> &'static str {
        match self {
            State::Authorizing | State::Capturing => "PENDING",
            State::Captured => "PAID",
            State::Refunding | State::Stuck => "REFUND_REQUESTED",
            State::Refunded => "REFUNDED",
            State::Declined | State::Voiding | State::Voided => "FAILED",
        }
    }

    /// The operation that the state waits for.
    pub const fn operation(self) -> Option<Operation> {
        match self {
            State::Authorizing => Some(Operation::Authorize),
            State::Capturing => Some(Operation::Capture),
            State::Voiding => Some(Operation::Void),
            State::Refunding => Some(Operation::Refund),
            State::Captured | State::Declined | State::Voided | State::Refunded | State::Stuck => None,
        }
    }
}

/// The kind of the next call to the provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NextCall {
    /// Executes the operation, under its idempotency key.
    Execute,
    /// Queries the operation's result.
    Query,
}

impl NextCall {
    pub const ALL: [NextCall; 2] = [NextCall::Execute, NextCall::Query];

    pub const fn name(self) -> &'static str {
        match self {
            NextCall::Execute => "DO",
            NextCall::Query => "LOOK_UP",
        }
    }
}
