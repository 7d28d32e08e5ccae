//! How far a payment is, and how its next answer is got.

use super::Operation;

/// The situation of a payment.
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
    /// The provider declined to give back, however often it was asked: an operator retries or resolves it.
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

    /// What customers are told, in the words of source 003 (P-03).
    pub const fn shown(self) -> &'static str {
        match self {
            State::Authorizing | State::Capturing => "PENDING",
            State::Captured => "PAID",
            State::Refunding | State::Stuck => "REFUND_REQUESTED",
            State::Refunded => "REFUNDED",
            State::Declined | State::Voiding | State::Voided => "FAILED",
        }
    }

    /// What the provider has to do next.
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

/// How the next answer is got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NextCall {
    /// By having it done, under the deed's one key.
    Execute,
    /// By asking what became of it.
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
