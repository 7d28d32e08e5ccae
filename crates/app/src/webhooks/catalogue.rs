//! The event types that endpoints may subscribe to, and the internal event behind each.

use serde_json::{Value, json};

use super::own_types;
use crate::events::event::{CouponResult, Event, EventKind, StepReport};

/// Where the data of a type comes from.
enum Source {
    /// The payload of an event.
    Event(EventKind),
    /// Schema and example are in this module's own table.
    Own(fn() -> Value),
}

macro_rules! event_types {
    ($($variant:ident = $name:literal from $source:expr, $description:literal;)*) => {
        /// A type in the catalogue.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum EventType {
            $($variant,)*
        }

        impl EventType {
            pub const ALL: &'static [EventType] = &[$(EventType::$variant,)*];

            pub const fn name(self) -> &'static str {
                match self {
                    $(EventType::$variant => $name,)*
                }
            }

            pub const fn description(self) -> &'static str {
                match self {
                    $(EventType::$variant => $description,)*
                }
            }

            fn source(self) -> Source {
                match self {
                    $(EventType::$variant => $source,)*
                }
            }
        }
    };
}

event_types! {
    OrderPlaced = "order.placed" from Source::Event(EventKind::OrderCreated), "A customer placed an order.";
    OrderCompleted = "order.completed" from Source::Event(EventKind::OrderCompleted), "An order has everything that it claimed, and is paid where it had to be.";
    OrderCancelled = "order.cancelled" from Source::Event(EventKind::OrderCancelled), "An order was cancelled before it was completed; everything that it held is restored.";
    OrderStatus = "order.status" from Source::Event(EventKind::OrderStatusChanged), "The status of a completed order changed: it is prepared, shipped, stored, delivered, cancelled or refunded.";
    OrderRefunded = "order.refunded" from Source::Event(EventKind::OrderReturned), "Units of an order were refunded.";
    PaymentCompleted = "payment.completed" from Source::Event(EventKind::PaymentCompleted), "The money of an order was captured.";
    PaymentFailed = "payment.failed" from Source::Event(EventKind::PaymentFailed), "An attempt to pay failed; the order may be paid until its time is over.";
    PaymentStuck = "payment.stuck" from Source::Event(EventKind::PaymentStuck), "A refund or void waits for an operator.";
    CouponIssued = "coupon.issued" from Source::Event(EventKind::CouponIssued), "A customer received a coupon.";
    CouponRefused = "coupon.refused" from Source::Event(EventKind::CouponResult), "A queued request for a coupon was refused.";
    CouponUsed = "coupon.used" from Source::Event(EventKind::CouponUsed), "A coupon was redeemed.";
    CouponRestored = "coupon.restored" from Source::Event(EventKind::CouponRestored), "An order that was not completed gave its coupon back. After a full refund, order.refunded names it as couponRestored.";
    ProductSoldOut = "product.sold_out" from Source::Event(EventKind::ProductSoldOut), "The last unit of a product was claimed.";
    ProductRestocked = "product.restocked" from Source::Event(EventKind::ProductRestocked), "A product that was sold out is available again.";
    ProductPriceChanged = "product.price_changed" from Source::Event(EventKind::PriceChanged), "The price of a product changed.";
    ShipmentUpdated = "shipment.updated" from Source::Event(EventKind::ShipmentUpdated), "A shipment moved to its next state.";
    DropOpened = "drop.opened" from Source::Event(EventKind::DropOpened), "A drop began.";
    DropSoldOut = "drop.sold_out" from Source::Event(EventKind::DropSoldOut), "Every product of a drop is sold out.";
    DropClosed = "drop.closed" from Source::Event(EventKind::DropClosed), "A drop ended.";
    AlertRaised = "alert.raised" from Source::Event(EventKind::AlertRaised), "A threshold was crossed.";
    AlertCleared = "alert.cleared" from Source::Event(EventKind::AlertCleared), "The cause of an alert is gone.";
    WebhookDisabled = "webhook.disabled" from Source::Event(EventKind::WebhookDisabled), "The shop stopped sending to an endpoint.";
    WebhookTest = "webhook.test" from Source::Own(own_types::test), "An admin tested the endpoint.";
}

impl EventType {
    pub fn from_name(name: &str) -> Option<EventType> {
        EventType::ALL.iter().copied().find(|event_type| event_type.name() == name)
    }

    /// Returns the type of an internal event; `None` if endpoints do not receive it.
    pub fn of(event: &Event) -> Option<EventType> {
        // A report without a coupon restored none: the order had used none, or it was restored before.
        let is_without_effect = matches!(
            event,
            Event::CouponResult(CouponResult { success: true, .. })
                | Event::CouponRestored(StepReport { coupon_id: None, .. })
        );
        EventType::of_kind(event.kind()).filter(|_| !is_without_effect)
    }

    /// Returns the type that events of this kind may have.
    pub fn of_kind(kind: EventKind) -> Option<EventType> {
        let is_source = |event_type: &EventType| matches!(event_type.source(), Source::Event(of) if of == kind);
        EventType::ALL.iter().copied().find(is_source)
    }

    /// Returns the JSON Schema of the type's `data`.
    pub fn schema(self) -> Value {
        let mut schema = self.document();
        schema.as_object_mut().and_then(|schema| schema.remove("examples"));
        schema
    }

    /// Returns an example of the type's `data`.
    pub fn example(self) -> Value {
        let document = self.document();
        let examples = document["examples"].as_array().cloned().unwrap_or_default();
        examples
            .iter()
            .find(|example| self.may_have(example))
            .or(examples.first())
            .cloned()
            .unwrap_or_else(|| json!({}))
    }

    /// Returns true if an event with this payload has the type.
    fn may_have(self, payload: &Value) -> bool {
        match self.source() {
            Source::Event(kind) => {
                Event::parse(kind, &payload.to_string()).is_ok_and(|event| EventType::of(&event) == Some(self))
            }
            Source::Own(_) => true,
        }
    }

    fn document(self) -> Value {
        match self.source() {
            Source::Event(kind) => serde_json::from_str(kind.schema()).unwrap_or_else(|_| json!({})),
            Source::Own(document) => document(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_has_a_schema_and_an_example() {
        for event_type in EventType::ALL {
            let (schema, example) = (event_type.schema(), event_type.example());
            assert_eq!(schema["type"], "object", "{}", event_type.name());
            for field in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
                assert!(!example[field].is_null(), "{}: the example has no {field}", event_type.name());
            }
        }
    }

    #[test]
    fn a_coupon_that_was_not_used_is_not_restored() {
        let of =
            |payload: Value| EventType::of(&Event::parse(EventKind::CouponRestored, &payload.to_string()).unwrap());
        let report = json!({"orderId": "ORD-4F7K2M9Q", "step": "COUPON", "ok": true});
        assert_eq!(of(report.clone()), None);
        let mut moved = report;
        moved["couponId"] = json!(7);
        assert_eq!(of(moved), Some(EventType::CouponRestored));
        assert_eq!(EventType::CouponRestored.example()["couponId"], 7);
    }

    #[test]
    fn examples_of_events_are_events() {
        for event_type in EventType::ALL {
            let Source::Event(kind) = event_type.source() else { continue };
            let event = Event::parse(kind, &event_type.example().to_string());
            let event = event.unwrap_or_else(|error| panic!("{}: {error}", event_type.name()));
            assert_eq!(EventType::of(&event), Some(*event_type), "{}", event_type.name());
        }
    }
}
