//! The state of claiming, and who cancelled an order.

use serde::{Deserialize, Serialize};

use crate::reason::Reason;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Outcome {
    Pending,
    AwaitingPayment,
    Completed,
    Compensating,
    Cancelled,
    CompensationStuck,
}

impl Outcome {
    pub const ALL: [Outcome; 6] = [
        Outcome::Pending,
        Outcome::AwaitingPayment,
        Outcome::Completed,
        Outcome::Compensating,
        Outcome::Cancelled,
        Outcome::CompensationStuck,
    ];

    pub const fn name(self) -> &'static str {
        match self {
            Outcome::Pending => "PENDING",
            Outcome::AwaitingPayment => "AWAITING_PAYMENT",
            Outcome::Completed => "COMPLETED",
            Outcome::Compensating => "COMPENSATING",
            Outcome::Cancelled => "CANCELLED",
            Outcome::CompensationStuck => "COMPENSATION_STUCK",
        }
    }

    /// Returns whether the saga continues without a customer or operator.
    pub const fn is_under_way(self) -> bool {
        matches!(self, Outcome::Pending | Outcome::Compensating)
    }

    /// Returns whether the saga has ended: it never changes the order again.
    pub const fn is_final(self) -> bool {
        matches!(self, Outcome::Completed | Outcome::Cancelled)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Canceller {
    Customer,
    Admin,
}

impl Canceller {
    pub(super) const fn reason(self) -> Reason {
        match self {
            Canceller::Customer => Reason::CancelledByCustomer,
            Canceller::Admin => Reason::CancelledByAdmin,
        }
    }
}
