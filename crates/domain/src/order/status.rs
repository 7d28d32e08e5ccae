//! The life cycle of an order, and the one table of its edges.

use serde::{Deserialize, Serialize};

/// The life cycle of 003. The states after claiming belong to settling.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Status {
    Created,
    PendingPayment,
    PaymentCompleted,
    Preparing,
    Cancelled,
}

impl Status {
    pub const ALL: [Status; 5] =
        [Status::Created, Status::PendingPayment, Status::PaymentCompleted, Status::Preparing, Status::Cancelled];

    pub const fn name(self) -> &'static str {
        match self {
            Status::Created => "CREATED",
            Status::PendingPayment => "PENDING_PAYMENT",
            Status::PaymentCompleted => "PAYMENT_COMPLETED",
            Status::Preparing => "PREPARING",
            Status::Cancelled => "CANCELLED",
        }
    }

    pub const fn description(self) -> &'static str {
        match self {
            Status::Created => "The order was received.",
            Status::PendingPayment => "Everything is reserved; payment is due.",
            Status::PaymentCompleted => "The order is paid.",
            Status::Preparing => "The order is being prepared.",
            Status::Cancelled => "The order was cancelled.",
        }
    }

    /// How far the order has come, in percent.
    pub const fn progress(self) -> u8 {
        match self {
            Status::Created => 10,
            Status::PendingPayment => 20,
            Status::PaymentCompleted => 40,
            Status::Preparing => 50,
            Status::Cancelled => 0,
        }
    }

    /// The one table of edges; every other change of status is refused (T21).
    pub const fn can_become(self, next: Status) -> bool {
        matches!(
            (self, next),
            (
                Status::Created,
                Status::PendingPayment | Status::PaymentCompleted | Status::Preparing | Status::Cancelled
            ) | (Status::PendingPayment, Status::PaymentCompleted | Status::Cancelled)
                | (Status::PaymentCompleted, Status::Preparing | Status::Cancelled)
                | (Status::Preparing, Status::Cancelled)
        )
    }
}
