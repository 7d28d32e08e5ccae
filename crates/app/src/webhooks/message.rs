//! The body of a webhook: `{"type", "timestamp", "data"}`.

use domain::limits::WEBHOOK_BODY_BYTES_MAX;
use domain::time::Timestamp;
use serde_json::{Value, json};

use super::catalogue::EventType;
use crate::events::event::Event;
use crate::events::wire_time;

/// Returns the body for an event; the same event has the same body on every attempt.
pub fn of_event(event_type: EventType, event: &Event, at: Timestamp) -> String {
    let body = body(event_type, at, &event.payload());
    if body.len() <= WEBHOOK_BODY_BYTES_MAX {
        return body;
    }
    let (aggregate, id) = event.aggregate();
    let data = json!({"isTruncated": true, "aggregate": aggregate, "id": id});
    self::body(event_type, at, &data.to_string())
}

/// Returns the body of a test.
pub fn of_test(event_type: EventType, data: &Value, at: Timestamp) -> String {
    body(event_type, at, &data.to_string())
}

fn body(event_type: EventType, at: Timestamp, data: &str) -> String {
    let (name, timestamp) = (event_type.name(), wire_time::format(at));
    format!(r#"{{"type":"{name}","timestamp":"{timestamp}","data":{data}}}"#)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::events::event::{PriceChanged, ProductRegistered};
    use crate::state::rows::Details;
    use domain::ids::ProductId;
    use domain::money::Money;

    #[test]
    fn a_body_has_type_timestamp_and_data() {
        let event = Event::PriceChanged(PriceChanged { product_id: ProductId(3), price: Money::won(1_000) });
        let body = of_event(EventType::ProductPriceChanged, &event, Timestamp::from_micros(0));
        let body: Value = serde_json::from_str(&body).unwrap();
        let expected = json!({
            "type": "product.price_changed",
            "timestamp": "1970-01-01T00:00:00Z",
            "data": {"productId": 3, "price": 1_000},
        });
        assert_eq!(body["timestamp"].as_str().map(|at| &at[..10]), Some("1970-01-01"));
        assert_eq!((&body["type"], &body["data"]), (&expected["type"], &expected["data"]));
    }

    /// Returns the body of an event with a name of so many bytes.
    fn body_with_name(bytes: usize) -> String {
        let registered = ProductRegistered {
            product_id: ProductId(3),
            name: "x".repeat(bytes).into(),
            price: Money::won(1),
            stock: 0,
            details: Details::default(),
        };
        of_event(EventType::OrderPlaced, &Event::ProductRegistered(registered), Timestamp::from_micros(0))
    }

    #[test]
    fn a_body_that_is_too_long_names_its_subject_only() {
        let body = body_with_name(20_000);
        assert!(body.len() < 200, "{body}");
        let body: Value = serde_json::from_str(&body).unwrap();
        assert_eq!(body["data"], json!({"isTruncated": true, "aggregate": "product", "id": "3"}));
    }

    #[test]
    fn a_body_has_less_than_20_kb() {
        let others = body_with_name(0).len();
        assert_eq!(body_with_name(19_999 - others).len(), 19_999);
        assert!(body_with_name(20_000 - others).contains("isTruncated"));
    }
}
