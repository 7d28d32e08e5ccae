//! The reasons that people give.

use crate::events::event::Event;

impl Event {
    /// Returns the reason that a person gave for the event.
    pub fn note(&self) -> Option<&str> {
        #[expect(clippy::wildcard_enum_match_arm, reason = "the other events have no reason")]
        match self {
            Event::OrderCancelled(event) => event.cancel_reason.as_deref(),
            Event::CompensationRequired(event) => event.cancel_reason.as_deref(),
            Event::OrderStatusChanged(event) => event.cancel_reason.as_deref(),
            Event::OrderReturned(event) => event.refund_reason.as_deref(),
            Event::OrderRefundAsked(event) => event.refund_reason.as_deref(),
            Event::OrderRefundRejected(event) => Some(&event.reject_reason),
            Event::CompensationResolved(event) => Some(&event.reason),
            _ => None,
        }
    }
}
