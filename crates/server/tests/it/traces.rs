//! The trace of a request in the events that it causes, in the store and on the topics.

use std::collections::BTreeSet;

use rdkafka::message::Message as _;
use serde_json::json;

use crate::brokers::{outcome, over_kafka, start, until};
use crate::outside_reader::{attribute, read_all};
use crate::shared::Database;
use crate::shop::{ANN, TestShop};

const TRACE: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

/// Places an order with this header and waits until it is completed.
fn completed(shop: &TestShop, product: i64, headers: &[(&str, &str)]) -> String {
    let wanted = json!({"items": [{"productId": product, "quantity": 1}], "payment": "ON_DELIVERY"});
    let headers: Vec<(&str, &str)> = headers.iter().copied().chain([("prefer", "wait=20")]).collect();
    let placed = shop.ask(ANN, "POST", "/api/orders", &headers, &wanted).json();
    let number = placed["orderNumber"].as_str().unwrap().to_owned();
    until("completed", || outcome(shop, ANN, &number) == "COMPLETED");
    number
}

/// Returns the traces of the events that name an order.
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

/// Waits for records on a topic that name an order; returns their traces.
fn published(settings: &[(String, String)], topic: &str, number: &str) -> BTreeSet<Option<String>> {
    let look = || {
        let mut found = BTreeSet::new();
        read_all(settings, topic, |message| {
            if std::str::from_utf8(message.payload().unwrap()).unwrap().contains(number) {
                found.insert(attribute(message, "ce_traceparent"));
            }
        });
        found
    };
    until("published", || !look().is_empty());
    look()
}

fn check_published(settings: &[(String, String)]) {
    let shop = start(settings, &[]);
    let product = shop.product(10_000, 5);
    let traced = completed(&shop, product, &[("traceparent", TRACE)]);
    let untraced = completed(&shop, product, &[]);
    // The event itself, records derived from it, and reactions of another group.
    for topic in ["order-events", "stock-events", "order-processing-results"] {
        assert_eq!(published(settings, topic, &traced), BTreeSet::from([Some(TRACE.to_owned())]), "{topic}");
        assert_eq!(published(settings, topic, &untraced), BTreeSet::from([None]), "{topic}");
    }
}

#[test]
fn the_events_of_a_request_are_published_with_its_trace() {
    let Some(settings) = over_kafka("the_events_of_a_request_are_published_with_its_trace") else { return };
    check_published(&settings);
}

#[test]
fn a_trace_goes_through_a_database_and_kafka() {
    let test = "a_trace_goes_through_a_database_and_kafka";
    let (Some(database), Some(mut settings)) = (Database::new(test), over_kafka(test)) else { return };
    settings.push(("DATABASE_URL".to_owned(), database.url()));
    check_published(&settings);
}
