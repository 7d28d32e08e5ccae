//! How far a payment is, and how its next answer is got.

use super::Deed;

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
    pub const fn deed(self) -> Option<Deed> {
        match self {
            State::Authorizing => Some(Deed::Authorize),
            State::Capturing => Some(Deed::Capture),
            State::Voiding => Some(Deed::Void),
            State::Refunding => Some(Deed::Refund),
            State::Captured | State::Declined | State::Voided | State::Refunded | State::Stuck => None,
        }
    }
}

/// How the next answer is got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// By having it done, under the deed's one key.
    Do,
    /// By asking what became of it.
    LookUp,
}

impl Way {
    pub const ALL: [Way; 2] = [Way::Do, Way::LookUp];

    pub const fn name(self) -> &'static str {
        match self {
            Way::Do => "DO",
            Way::LookUp => "LOOK_UP",
        }
    }
}
