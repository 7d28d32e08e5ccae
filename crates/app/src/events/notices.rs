//! The kinds of notices, by the names that they have on the wire (N-01…N-04).

use domain::order::{Outcome, Status};
use domain::reason::Reason;

macro_rules! kinds {
    ($($kind:ident = $name:literal, $type_name:literal;)*) => {
        /// What a notice is about.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum NoticeKind {
            $($kind,)*
        }

        impl NoticeKind {
            pub const ALL: &'static [NoticeKind] = &[$(NoticeKind::$kind,)*];

            /// The kind of the message: SSE's `event`, a frame's `type`.
            pub const fn name(self) -> &'static str {
                match self {
                    $(NoticeKind::$kind => $name,)*
                }
            }

            /// The same in the notice's own data, in the words of source 003.
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

/// What a notice says of an order: how it stood at the change that it tells of, which is in the change's own event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OrderChange {
    pub kind: NoticeKind,
    pub outcome: Outcome,
    /// `None`: an event of before, which does not say it.
    pub status: Option<Status>,
    pub reason: Option<Reason>,
}

impl OrderChange {
    /// News of an order that goes on.
    pub const fn of(outcome: Outcome, status: Option<Status>, reason: Option<Reason>) -> OrderChange {
        OrderChange { kind: NoticeKind::OrderStatus, outcome, status, reason }
    }
}

impl NoticeKind {
    pub fn from_name(name: &str) -> Option<NoticeKind> {
        NoticeKind::ALL.iter().copied().find(|kind| kind.name() == name)
    }
}
