//! Events that the broker has lost are found, published again, and handled once.

use std::process::Command;

use rusqlite::Connection;
use serde_json::{Value, json};

use crate::brokers::{outcome, over_kafka, start, until};
use crate::shop::{ADMIN, ANN, SECRET, TestShop};

pub(crate) fn replay(shop: &TestShop, settings: &[(String, String)], args: &[&str]) -> Value {
    let output = Command::new(env!("CARGO_BIN_EXE_doorbuster"))
        .arg("replay")
        .args(args)
        .args(["--json", "--data-dir"])
        .arg(shop.folder())
        .envs(settings.iter().map(|(key, value)| (key, value)))
        .env("DOORBUSTER_AUTH_SECRET", SECRET)
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Marks all committed events as published, as if the broker had lost them.
fn lose_what_is_committed(shop: &TestShop) {
    let store = shop.edit();
    let forward = "INSERT INTO relay_shard (shard, position, epoch, holder) SELECT shard, seq, 1, 0 FROM outbox_shard
         WHERE true ON CONFLICT DO UPDATE SET position = excluded.position, epoch = epoch + 1";
    store.execute(forward, []).unwrap();
}

fn metric(shop: &TestShop, line: &str) -> Option<f64> {
    let text = shop.client().send("GET", "/metrics", &[], "").unwrap().text;
    let found = text.lines().find_map(|known| known.strip_prefix(line)?.strip_prefix(' ').map(str::to_owned));
    found.map(|value| value.parse().unwrap())
}

#[test]
fn lost_events_are_found_and_published_again() {
    let Some(settings) = over_kafka("lost_events_are_found_and_published_again") else { return };
    let mut shop = start(&settings, &[]);
    let product = shop.product(0, 9);
    shop.stop();
    shop.set("DOORBUSTER__KAFKA__RELAY", "off");
    shop.open();
    let order = json!({"items": [{"productId": product, "quantity": 1}]});
    let placed = shop.post(ANN, "/api/orders", &order).expect(202);
    let number = placed["orderNumber"].as_str().unwrap();
    shop.stop();
    lose_what_is_committed(&shop);
    shop.set("DOORBUSTER__KAFKA__RELAY", "builtin");
    shop.open();

    let since = ["--since", "2020-01-01T00:00:00Z"];
    let found = replay(&shop, &settings, &[&since[..], &["--dry-run"]].concat());
    assert_eq!(found["published"], 0);
    let lost: Vec<&str> = found["shown"].as_array().unwrap().iter().map(|of| of["type"].as_str().unwrap()).collect();
    assert!(lost.contains(&"OrderCreated") && lost.contains(&"StockDeductionRequested"), "{found}");
    assert_eq!(outcome(&shop, ANN, number), "PENDING", "nobody heard of it");

    // Requests to participants have the participants' keys, not the order's.
    assert_eq!(replay(&shop, &settings, &["--order", number, "--dry-run"])["missing"], 1);
    let sent = replay(&shop, &settings, &[&since[..], &["--only-missing"]].concat());
    assert_eq!((&sent["missing"], &sent["published"]), (&json!(lost.len()), &json!(lost.len())), "{sent}");
    until("completed", || outcome(&shop, ANN, number) == "COMPLETED");
    until("all is published", || metric(&shop, "doorbuster_published_records_total{topic=\"order-events\"}").is_some());
    let none = |args: &[&str]| replay(&shop, &settings, args)["missing"] == 0;
    until("nothing is missing any more", || none(&[&since[..], &["--dry-run"]].concat()));

    // A second replay changes nothing.
    let again = replay(&shop, &settings, &["--from-position", "1"]);
    assert!(again["published"].as_i64().unwrap() > again["missing"].as_i64().unwrap());
    let last = shop.order(ANN, &order).json();
    until("completed", || outcome(&shop, ANN, last["orderNumber"].as_str().unwrap()) == "COMPLETED");
    until("counted once each", || shop.get(ANN, "/api/products/popular?window=all").json()["data"][0]["sold"] == 2);
    assert_eq!(shop.get(ANN, &format!("/api/products/{product}")).json()["available"], 7);
}

#[test]
fn a_lost_event_is_handled_before_the_next_one_of_its_order() {
    let test = "a_lost_event_is_handled_before_the_next_one_of_its_order";
    let Some(settings) = over_kafka(test) else { return };
    let mut shop = start(&settings, &[]);
    let product = shop.product(9, 9);
    shop.stop();
    shop.set("DOORBUSTER__KAFKA__RELAY", "off");
    shop.set("DOORBUSTER__ORDERS__MODE", "atomic");
    shop.open();
    let order = json!({"items": [{"productId": product, "quantity": 1}], "payment": "PREPAID"});
    let placed = shop.post(ANN, "/api/orders", &order).expect(202);
    let number = placed["orderNumber"].as_str().unwrap();
    until("claimed", || outcome(&shop, ANN, number) == "AWAITING_PAYMENT");
    shop.stop();
    lose_what_is_committed(&shop);
    shop.set("DOORBUSTER__KAFKA__RELAY", "builtin");
    shop.open();
    shop.post(ANN, &format!("/api/orders/{number}/cancel"), &json!({})).expect(200);
    until("cancelled", || outcome(&shop, ANN, number) == "CANCELLED");
    let kinds = || -> Vec<String> {
        let store = Connection::open(shop.folder().join("shop.db")).unwrap();
        let mut notices = store.prepare("SELECT kind FROM notice ORDER BY notice_id").unwrap();
        let kinds = notices.query_map([], |row| row.get(0)).unwrap();
        kinds.map(Result::unwrap).collect()
    };
    until("both are told, in their order", || kinds().len() == 2);
    until("it was counted", || metric(&shop, "doorbuster_order_gaps_healed_total") == Some(1.0));
}

#[test]
fn lag_and_backlog_are_measured() {
    let Some(settings) = over_kafka("lag_and_backlog_are_measured") else { return };
    let shop = start(&settings, &[]);
    let lag = "doorbuster_consumer_lag{group=\"ranking-group\",topic=\"order-events\"}";
    until("the lag is told", || metric(&shop, lag) == Some(0.0));
    until("the backlog is told", || metric(&shop, "doorbuster_relay_backlog") == Some(0.0));
    assert_eq!(metric(&shop, "doorbuster_relay_oldest_unpublished_seconds"), Some(0.0));
    let inline = TestShop::start();
    assert_eq!(metric(&inline, lag), None);
    assert_eq!(inline.get(ADMIN, "/api/admin/groups").json()["carrier"], "inline");
}

#[test]
fn without_a_broker_there_is_nothing_to_publish_again() {
    let shop = TestShop::start();
    let output = Command::new(env!("CARGO_BIN_EXE_doorbuster"))
        .args(["replay", "--from-position", "1", "--data-dir"])
        .arg(shop.folder())
        .output()
        .unwrap();
    assert!(output.status.success());
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.contains("groups read the store itself"), "{said}");
}
