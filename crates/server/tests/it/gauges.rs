//! Gauges of dead letters, stuck orders and breakers (T12, T15).

use serde_json::json;

use crate::api_modes::switch;
use crate::dlq::{give_up, issued};
use crate::shared::Database;
use crate::shop::{ADMIN, ANN, TestShop};

fn open_letters(shop: &TestShop, group: &str, letters: u32) {
    shop.metrics_until(&format!("doorbuster_dead_letters_open{{group=\"{group}\"}} {letters}\n"));
}

fn breaker_open(shop: &TestShop, service: &str, is_open: u8) {
    shop.metrics_until(&format!("doorbuster_breaker_open{{service=\"{service}\"}} {is_open}\n"));
}

/// A rate shows the first one only if its series began at 0 before.
#[test]
fn a_fresh_process_has_every_metric() {
    let manual = include_str!("../../../../docs/monitoring.md");
    let list = manual.split("\n## Metrics\n").nth(1).unwrap().split("\n## ").next().unwrap();
    let names: Vec<&str> = list
        .split('`')
        .filter(|name| name.starts_with("doorbuster_"))
        .map(|name| name.split('{').next().unwrap())
        // It would say that the shop adds up before anybody has looked.
        .filter(|name| *name != "doorbuster_audit_violations")
        .collect();
    assert!(names.len() >= 20, "{names:?}");
    for executor in ["inline", "log"] {
        let shop = TestShop::start_with(&[("DOORBUSTER__ENGINE__EXECUTOR", executor)]);
        for name in &names {
            shop.metrics_until(&format!("\n{name}"));
        }
        shop.metrics_until("doorbuster_coupons_refused_total{code=\"coupon.sold_out\"} 0\n");
        shop.metrics_until("doorbuster_webhook_deliveries_total{result=\"dead\"} 0\n");
        let groups = ["order-statistics-group"].into_iter().chain((executor == "log").then_some("payment-group"));
        for group in groups {
            shop.metrics_until(&format!("doorbuster_event_latency_seconds_count{{group=\"{group}\"}} 0\n"));
        }
    }
}

#[test]
fn open_letters_are_counted_by_group_until_they_are_closed() {
    let mut shop = TestShop::start();
    shop.product(0, 1);
    for group in app::log::reactions::Group::CARRIED {
        open_letters(&shop, group.name(), 0);
    }
    for letter in [7, 8] {
        give_up(&shop, letter, &issued());
    }
    open_letters(&shop, "notice-group", 2);
    open_letters(&shop, "ranking-group", 0);
    shop.stop();
    shop.open();
    open_letters(&shop, "notice-group", 2);
    shop.post(ADMIN, "/api/admin/dead-letters/7/drop", &json!({"reason": "told by phone"})).expect(200);
    open_letters(&shop, "notice-group", 1);
}

/// The counts are of the shared store, so every process reports the same.
#[test]
fn every_process_of_a_database_counts_the_same() {
    let Some(database) = Database::new("every_process_of_a_database_counts_the_same") else { return };
    let (first, second) = (database.shop(), database.shop());
    first.product(0, 1);
    for shop in [&first, &second] {
        open_letters(shop, "notice-group", 0);
        shop.metrics_until("doorbuster_orders_stuck 0\n");
    }
    let event: Vec<String> = database.ask("SELECT id FROM event LIMIT 1");
    let letter = format!(
        "INSERT INTO dead_letter VALUES (7, 'notice-group', 'coupon-issued', 3, 41, '{}', '1', 'CouponIssued', '{}', \
         1795262400000000, 'PERMANENT', 4, 'a constraint', 1795262400000000, 1795262401000000, 6, NULL, '[]', NULL)",
        event[0],
        issued()
    );
    let _done: Vec<mysql_async::Row> = database.ask(&letter);
    [&first, &second].into_iter().for_each(|shop| open_letters(shop, "notice-group", 1));
    second.post(ADMIN, "/api/admin/dead-letters/7/drop", &json!({"reason": "told by phone"})).expect(200);
    [&first, &second].into_iter().for_each(|shop| open_letters(shop, "notice-group", 0));
}

#[test]
fn a_breaker_that_opens_is_in_the_metrics() {
    let shop = TestShop::start();
    for service in ["stock", "coupon", "payment"] {
        breaker_open(&shop, service, 0);
    }
    let product = shop.product(10_000, 50);
    switch(&shop, "stockService", true);
    for _call in 0..5 {
        shop.post(ANN, "/api/orders", &json!({"items": [{"productId": product, "quantity": 1}]})).expect(202);
    }
    breaker_open(&shop, "stock", 1);
    breaker_open(&shop, "coupon", 0);
    breaker_open(&shop, "payment", 0);
}

#[test]
fn the_breaker_of_a_payment_provider_is_in_the_metrics() {
    let shop = TestShop::start();
    let number = shop.unpaid(ANN, 1_000);
    breaker_open(&shop, "payment", 0);
    shop.tell_provider(&json!({"script": "UNREACHABLE"}));
    assert_eq!(shop.pay(ANN, &number, 0).expect(202)["status"], "PROCESSING");
    breaker_open(&shop, "payment", 1);
}

/// The backlog is the store's own figure, and matters most while no broker answers.
#[test]
fn the_backlog_is_measured_while_no_broker_answers() {
    let shop = TestShop::start_with(&[("KAFKA_BROKERS", "127.0.0.1:1"), ("DOORBUSTER__ENGINE__EXECUTOR", "log")]);
    shop.metrics_until("\ndoorbuster_relay_backlog ");
}
