//! The topics that carry copies of events, and the keys there.

use crate::events::event::{Event, EventKind};
use crate::events::topic::Topic;

impl EventKind {
    /// Returns the other topics that carry the event, for external consumers: the shop's own groups read an event on
    /// its own topic, so that a relay that can only copy rows is enough (`docs/decisions/0002`).
    pub const fn copied_to(self) -> &'static [Topic] {
        #[expect(clippy::wildcard_enum_match_arm, reason = "all others have one topic")]
        match self {
            EventKind::OrderCompleted => &[Topic::OrderCompleted, Topic::ExternalEvents],
            EventKind::CouponIssued | EventKind::CouponResult => &[Topic::CouponEvents, Topic::ExternalEvents],
            EventKind::StockRestorationRequired => &[Topic::StockEvents],
            EventKind::CouponRestorationRequired => &[Topic::CouponEvents],
            EventKind::PointRestorationRequired => &[Topic::PointEvents],
            _ => &[],
        }
    }
}

impl Event {
    /// Returns the event's key on one of its topics.
    pub fn key_on(&self, topic: Topic) -> String {
        match (self, topic) {
            (Event::OrderCompleted(event), Topic::ExternalEvents) => event.order_id.as_str().to_owned(),
            (Event::CouponIssued(event), Topic::ExternalEvents | Topic::CouponEvents) => event.coupon_id.to_string(),
            (Event::CouponResult(event), Topic::ExternalEvents | Topic::CouponEvents) => event.coupon_id.to_string(),
            (Event::StockRestorationRequired(event), Topic::StockEvents) => event.product_id.to_string(),
            (Event::CouponRestorationRequired(event), Topic::CouponEvents) => event.coupon_id.to_string(),
            (Event::PointRestorationRequired(event), Topic::PointEvents) => event.user_id.to_string(),
            _ => self.key(),
        }
    }
}
