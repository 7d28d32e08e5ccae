//! Events and rejections of a payment.

use std::sync::Arc;

use super::method::{Action, Means, Method};
use super::next::NextCall;
use crate::ids::{OrderId, UserId};
use crate::money::Money;
use crate::time::Timestamp;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    Requested {
        order: OrderId,
        /// When the order was placed, in milliseconds since 1970.
        order_ms: i64,
        attempt: i64,
        method: Method,
        amount: Money,
        means: Option<Arc<Means>>,
    },
    /// The provider waits for the customer.
    ActionRequired {
        reference: Arc<str>,
        action: Arc<Action>,
    },
    Authorized {
        reference: Arc<str>,
    },
    Captured,
    Declined {
        code: Arc<str>,
    },
    /// The order no longer wants to be paid: money taken from now on is voided or refunded.
    Withdrawn,
    VoidRequested,
    Voided,
    RefundRequested {
        amount: Money,
    },
    Refunded {
        amount: Money,
        /// Number of the try that succeeded.
        try_number: i64,
    },
    /// A further amount must be refunded after the refund under way.
    Owed {
        amount: Money,
    },
    /// The provider declined the refund or void; it is retried under a new key.
    GiveBackDeclined {
        code: Arc<str>,
        due: Timestamp,
    },
    /// A refund that succeeded was reversed afterwards.
    RefundReversed {
        refund: i64,
        amount: Money,
        code: Arc<str>,
    },
    /// The last allowed try was declined or reversed: an operator must act.
    Stuck {
        code: Arc<str>,
        /// Total number of tries.
        declines: i64,
    },
    Retried,
    Resolved {
        by: UserId,
        reason: Arc<str>,
        reference: Arc<str>,
        amount: Money,
    },
    /// The operation is executed or queried later.
    Postponed {
        way: NextCall,
        due: Timestamp,
    },
    /// The provider has a result, as a callback shows: it is queried without a pause. The number of tries stays.
    Prompted {
        due: Timestamp,
    },
    /// The due time moves; the number of tries stays.
    Resumed {
        due: Timestamp,
    },
    Called,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rejection {
    InProgress,
    AlreadyPaid,
    /// The amount exceeds what the shop holds.
    NotThatMuchHeld,
    NotStuck,
    /// The named invariant would be violated: a defect or a forged event.
    Impossible(&'static str),
}
