//! Alerts about brokers, and alerts by e-mail.

use serde_json::{Value, json};
use xtask::brokers::Brokers;

use crate::alerts::listed;
use crate::brokers::{over, start};
use crate::buyers::until;
use crate::hook_receiver::HookReceiver;
use crate::shop::{ANN, TestShop};

fn has(shop: &TestShop, code: &str, subject: &str) -> bool {
    listed(shop, "open").contains(&(code.to_owned(), subject.to_owned()))
}

/// while the broker is away, and not any more after it has come back.
#[test]
fn a_broker_that_dies_raises_alerts_until_its_events_are_published() {
    let Some(mut brokers) = Brokers::start("a_broker_that_dies_raises_alerts_until_its_events_are_published", 1) else {
        return;
    };
    let mut settings = over(brokers.addresses());
    let set = |key: &str, value: &str| (format!("DOORBUSTER__ALERTS__{key}"), value.to_owned());
    settings.extend([
        set("CLEAR_AFTER_S", "0"),
        set("CPU_PERCENT", "100"),
        set("MEMORY_PERCENT", "100"),
        set("DISK_PERCENT", "100"),
        set("BACKLOG", "3"),
        set("GROUP_MEMBERS", "2"),
        set("GROUP_MEMBERS_FOR_S", "0"),
    ]);
    let shop = start(&settings, &[]);
    let product = shop.product(0, 50);
    until("a group has one member, and should have two", || has(&shop, "GROUP_MEMBERS", "stock-deduction-group"));
    let of_broker = [("MESSAGE_LATENCY", ""), ("BACKLOG", "events"), ("BROKER_DOWN", "")];
    assert!(of_broker.iter().all(|(code, subject)| !has(&shop, code, subject)), "{:?}", listed(&shop, "open"));
    brokers.kill(0);
    for _ in 0..3 {
        shop.order(ANN, &json!({"items": [{"productId": product, "quantity": 1}], "payment": "ON_DELIVERY"}));
    }
    for (code, subject) in of_broker {
        until(code, || has(&shop, code, subject));
    }
    brokers.restart(0);
    brokers.await_answer(0);
    for (code, subject) in of_broker {
        until(&format!("{code} is cleared"), || !has(&shop, code, subject));
    }
}

#[test]
fn an_alert_is_mailed_to_each_address() {
    let gateway = HookReceiver::start(&[204]);
    let (violation, url) = ("DOORBUSTER__AUDIT__EVERY_S", gateway.url());
    let shop = TestShop::start_with(&[
        ("DOORBUSTER__ALERTS__CLEAR_AFTER_S", "0"),
        ("DOORBUSTER__ALERTS__CPU_PERCENT", "100"),
        ("DOORBUSTER__ALERTS__MEMORY_PERCENT", "100"),
        ("DOORBUSTER__ALERTS__DISK_PERCENT", "100"),
        ("DOORBUSTER__ALERTS__EMAIL", "ops@example.com, boss@example.com"),
        ("DOORBUSTER__NOTIFICATIONS__EMAIL", "http"),
        ("DOORBUSTER__NOTIFICATIONS__GATEWAY_URL", &url),
        (violation, "1"),
    ]);
    let product = shop.product(1_000, 5);
    let change = |by: i64| {
        let sql = "UPDATE product SET received = received + ?1, on_hand = on_hand + ?1 WHERE product_id = ?2";
        assert_eq!(shop.edit().execute(sql, (by, product)).unwrap(), 1);
    };
    change(1);
    let letters = || -> Vec<Value> { (0..2).map(|_| serde_json::from_str(&gateway.next().body).unwrap()).collect() };
    let check = |letters: &[Value], template: &str| {
        let to: Vec<&str> = letters.iter().map(|letter| letter["to"].as_str().unwrap()).collect();
        assert_eq!(to, ["ops@example.com", "boss@example.com"]);
        for letter in letters {
            assert_eq!((&letter["channel"], &letter["template"]), (&json!("email"), &json!(template)));
            assert!(letter["title"].as_str().unwrap().contains("AUDIT_VIOLATION"), "{letter}");
            assert_eq!(letter["data"]["code"], "AUDIT_VIOLATION");
        }
    };
    check(&letters(), "alert.raised");
    change(-1);
    check(&letters(), "alert.cleared");
}
