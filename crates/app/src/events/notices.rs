//! The kinds of notices, by their wire names (N-01…N-04).

pub mod content;

use domain::order::{Outcome, Status};
use domain::reason::Reason;

macro_rules! kinds {
    ($($kind:ident = $name:literal, $type_name:literal;)*) => {
        /// The subject of a notice.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum NoticeKind {
            $($kind,)*
        }

        impl NoticeKind {
            pub const ALL: &'static [NoticeKind] = &[$(NoticeKind::$kind,)*];

            /// Returns the kind of the message: SSE's `event`, a frame's `type`.
            pub const fn name(self) -> &'static str {
                match self {
                    $(NoticeKind::$kind => $name,)*
                }
            }

            /// Returns the type in the notice's own data, in the words of source 003.
            pub const fn type_name(self) -> &'static str {
                match self {
                    $(NoticeKind::$kind => $type_name,)*
                }
            }
        }
    };
}

kinds! {
    OrderCompleted = "order.completed", "ORDER_COMPLETED";
    OrderCancelled = "order.cancelled", "ORDER_CANCELLED";
    OrderStatus = "order.status", "ORDER_STATUS";
    OrderFailed = "order.failed", "ORDER_FAILED";
    PaymentFailed = "payment.failed", "PAYMENT_FAILED";
    RefundDelayed = "refund.delayed", "REFUND_DELAYED";
    OrderRefunded = "order.refunded", "ORDER_REFUNDED";
    OrderRefundRejected = "order.refund_rejected", "ORDER_REFUND_REJECTED";
    CouponIssued = "coupon.issued", "COUPON_ISSUED";
    CouponRefused = "coupon.refused", "COUPON_REFUSED";
}

/// The state of an order at the change that a notice reports, taken from the change's own event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OrderChange {
    pub kind: NoticeKind,
    pub outcome: Outcome,
    /// `None` for an event of an older version, which does not have it.
    pub status: Option<Status>,
    pub reason: Option<Reason>,
}

impl OrderChange {
    /// Returns the change of an order that is under way.
    pub const fn of(outcome: Outcome, status: Option<Status>, reason: Option<Reason>) -> OrderChange {
        OrderChange { kind: NoticeKind::OrderStatus, outcome, status, reason }
    }
}

impl NoticeKind {
    pub fn from_name(name: &str) -> Option<NoticeKind> {
        NoticeKind::ALL.iter().copied().find(|kind| kind.name() == name)
    }
}
