//! The state of claiming, and who cancelled an order.

use crate::reason::Reason;
use crate::word::words;

words! {
    pub enum Outcome {
        Pending = "PENDING",
        AwaitingPayment = "AWAITING_PAYMENT",
        Completed = "COMPLETED",
        Compensating = "COMPENSATING",
        Cancelled = "CANCELLED",
        CompensationStuck = "COMPENSATION_STUCK",
    }
}

impl Outcome {
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
