//! A store may change between the executors, with and without Kafka: no reaction is repeated or lost.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::brokers::{EXECUTOR, outcome, over_kafka, until};
use crate::shared::Database;
use crate::shop::{ADMIN, ANN, TestShop};

/// Executors, with Kafka or without: each follows each of the others once.
const WALK: [(&str, bool); 13] = [
    ("inline", false),
    ("inline", true),
    ("inline", false),
    ("log", false),
    ("inline", true),
    ("log", true),
    ("inline", true),
    ("log", false),
    ("log", true),
    ("log", false),
    ("inline", false),
    ("log", true),
    ("inline", false),
];

fn open_with(shop: &mut TestShop, (executor, has_kafka): (&str, bool), brokers: &str) {
    shop.stop();
    shop.set(EXECUTOR, executor);
    shop.set("KAFKA_BROKERS", if has_kafka { brokers } else { "" });
    shop.open();
}

/// Sells and issues under every carrier, each time with an event in the log when the shop stops, and counts the effects.
fn walk(mut shop: TestShop, steps: &[(&str, bool)], brokers: &str, counts: impl Fn() -> (i64, i64)) {
    let product = shop.product(0, 100);
    let campaign = shop.campaign(100, &json!({"issueMode": "queued"}));
    let wanted = json!({"items": [{"productId": product, "quantity": 1}]});
    let buy = |shop: &TestShop| {
        let number = shop.order(ANN, &wanted).json()["orderNumber"].as_str().unwrap().to_owned();
        until("completed", || outcome(shop, ANN, &number) == "COMPLETED");
    };
    let mut requests: Vec<(i64, String)> = vec![];
    for (place, step) in (1..).zip(steps) {
        open_with(&mut shop, *step, brokers);
        buy(&shop);
        for (user, path) in &requests {
            until("told", || shop.get(*user, path).json()["status"] == "NOTIFIED");
        }
        until("counted", || shop.get(ADMIN, "/api/products/popular?window=all").json()["data"][0]["sold"] == place);
        // Still in the log when the shop stops right after it.
        let request = shop.post(place, "/api/coupons/issue", &json!({"couponId": campaign})).expect(202);
        requests.push((place, format!("/api/requests/{}", request["requestId"].as_str().unwrap())));
    }
    // Every group has read everything that was ever published.
    open_with(&mut shop, ("log", true), brokers);
    buy(&shop);
    until("all is read", || {
        let groups = shop.get(ADMIN, "/api/admin/groups").expect(200);
        assert_eq!(groups["carrier"], "broker");
        groups["data"].as_array().unwrap().iter().all(|group: &Value| group["lag"] == 0)
    });
    let orders = steps.len() as i64 + 1;
    // A notice for each order, and one for each coupon.
    assert_eq!(counts(), (2 * orders - 1, orders));
}

const COUNTS: &str = "SELECT (SELECT count(*) FROM notice), (SELECT sum(sold) FROM product_sales)";

#[test]
fn switching_the_executor_repeats_nothing_and_loses_nothing() {
    let mut shop = TestShop::start();
    let product = shop.product(0, 100);
    let campaign = shop.campaign(10, &json!({"issueMode": "queued"}));
    let order = json!({"items": [{"productId": product, "quantity": 1}]});
    for (executor, orders) in [("inline", 1), ("log", 2), ("inline", 3), ("log", 4)] {
        shop.stop();
        shop.set(EXECUTOR, executor);
        shop.open();
        assert_eq!(shop.order(ANN, &order).expect(200)["outcome"], "COMPLETED");
        // Still in the log when the shop stops right after it.
        let request = shop.post(orders, "/api/coupons/issue", &json!({"couponId": campaign})).expect(202);
        shop.stop();
        shop.set(EXECUTOR, if executor == "log" { "inline" } else { "log" });
        shop.open();
        let path = format!("/api/requests/{}", request["requestId"].as_str().unwrap());
        at_once(|| shop.get(orders, &path).json()["status"] == "NOTIFIED");
        at_once(|| shop.get(ADMIN, "/api/products/popular?window=all").json()["data"][0]["sold"] == orders);
    }
}

#[test]
fn a_folder_is_switched_between_all_carriers() {
    let Some(settings) = over_kafka("a_folder_is_switched_between_all_carriers") else { return };
    let mut shop = TestShop::start();
    shop.set(&settings[1].0, &settings[1].1);
    let folder = shop.folder().to_owned();
    let counts = || {
        let store = rusqlite::Connection::open(folder.join("shop.db")).unwrap();
        store.query_row(COUNTS, [], |row| <(i64, i64)>::try_from(row)).unwrap()
    };
    walk(shop, &WALK, &settings[0].1, counts);
}

#[test]
fn a_database_is_switched_between_all_carriers() {
    let test = "a_database_is_switched_between_all_carriers";
    let (Some(database), Some(settings)) = (Database::new(test), over_kafka(test)) else { return };
    let shop = TestShop::start_with(&[("DATABASE_URL", &database.url()), (&settings[1].0, &settings[1].1)]);
    walk(shop, &WALK, &settings[0].1, || database.ask::<(i64, i64)>(COUNTS)[0]);
}

/// Polls until a condition holds, because effects over the log follow the answer.
fn at_once(is_so: impl Fn() -> bool) {
    let started = Instant::now();
    while !is_so() {
        assert!(started.elapsed() < Duration::from_secs(20), "it never became so");
        std::thread::yield_now();
    }
}
