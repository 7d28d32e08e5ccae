//! The trace of a request in the events that it causes, as they are stored and as they are published.

use std::collections::BTreeSet;

use rdkafka::message::Message as _;
use serde_json::json;

use crate::brokers::{outcome, over_kafka, start, until};
use crate::outside_reader::{attribute, read_all};
use crate::shop::{ANN, TestShop};

const TRACE: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

/// An order that was completed, and was placed with this header.
fn completed(shop: &TestShop, product: i64, headers: &[(&str, &str)]) -> String {
    let wanted = json!({"items": [{"productId": product, "quantity": 1}], "payment": "ON_DELIVERY"});
    let headers: Vec<(&str, &str)> = headers.iter().copied().chain([("prefer", "wait=20")]).collect();
    let placed = shop.ask(ANN, "POST", "/api/orders", &headers, &wanted).json();
    let number = placed["orderNumber"].as_str().unwrap().to_owned();
    until("completed", || outcome(shop, ANN, &number) == "COMPLETED");
    number
}

/// What the events that name an order say of their trace.
fn stored(shop: &TestShop, number: &str) -> BTreeSet<Option<String>> {
    let store = rusqlite::Connection::open(shop.folder().join("shop.db")).unwrap();
    let mut select = store.prepare("SELECT traceparent FROM event WHERE instr(payload, ?1) > 0").unwrap();
    select.query_map([number], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}

#[test]
fn the_events_of_a_request_are_stored_with_its_trace() {
    for shop in [TestShop::start(), TestShop::start_with_log()] {
        let product = shop.product(10_000, 5);
        let traced = completed(&shop, product, &[("traceparent", TRACE)]);
        let untraced = completed(&shop, product, &[]);
        let invalid = completed(&shop, product, &[("traceparent", &TRACE.to_uppercase())]);
        let twice = completed(&shop, product, &[("traceparent", TRACE), ("traceparent", TRACE)]);
        assert_eq!(stored(&shop, &traced), BTreeSet::from([Some(TRACE.to_owned())]));
        for number in [untraced, invalid, twice] {
            assert_eq!(stored(&shop, &number), BTreeSet::from([None]));
        }
    }
}

#[test]
fn the_events_of_a_request_are_published_with_its_trace() {
    let Some(settings) = over_kafka("the_events_of_a_request_are_published_with_its_trace") else { return };
    let shop = start(&settings, &[]);
    let product = shop.product(10_000, 5);
    let traced = completed(&shop, product, &[("traceparent", TRACE)]);
    let untraced = completed(&shop, product, &[]);
    let store = rusqlite::Connection::open(shop.folder().join("shop.db")).unwrap();
    let left = "SELECT (SELECT sum(seq) FROM outbox_shard) - (SELECT sum(position) FROM relay_shard)";
    until("all is published", || store.query_row(left, [], |row| row.get::<_, i64>(0)).unwrap() == 0);
    // What is the event's own, what is made of it, and what another group did about it.
    for topic in ["order-events", "stock-events", "order-processing-results"] {
        for (number, trace) in [(&traced, Some(TRACE)), (&untraced, None)] {
            let mut records = 0;
            read_all(&settings, topic, |message| {
                if std::str::from_utf8(message.payload().unwrap()).unwrap().contains(number.as_str()) {
                    assert_eq!(attribute(message, "ce_traceparent").as_deref(), trace, "{topic}");
                    records += 1;
                }
            });
            assert!(records > 0, "{topic} has something about {number}");
        }
    }
}
