//! Two shops on one Kafka with one prefix: a new shop does not start there by mistake, and if it is allowed to, it
//! skips the other shop's events.

use std::process::{Command, Stdio};

use serde_json::json;

use crate::brokers::{outcome, over_kafka, start, until};
use crate::shop::{ANN, SECRET, TestShop};

fn foreign_events(shop: &TestShop) -> f64 {
    let text = shop.client().send("GET", "/metrics", &[], "").unwrap().text;
    let line = text.lines().find_map(|line| line.strip_prefix("doorbuster_foreign_events_total "));
    line.map_or(0.0, |value| value.parse().unwrap())
}

#[test]
fn a_new_shop_starts_on_another_shops_topics_only_if_allowed() {
    let Some(mut settings) = over_kafka("a_new_shop_starts_on_another_shops_topics_only_if_allowed") else {
        return;
    };
    let mut first = start(&settings, &[]);
    let product = first.product(0, 5);
    let wanted = json!({"items": [{"productId": product, "quantity": 2}]});
    let order = first.order(ANN, &wanted).json();
    until("completed", || outcome(&first, ANN, order["orderNumber"].as_str().unwrap()) == "COMPLETED");

    let folder = std::env::temp_dir().join(format!("doorbuster-apart-{}", std::process::id()));
    let refused = Command::new(env!("CARGO_BIN_EXE_doorbuster"))
        .args(["serve", "--listen", "127.0.0.1:0", "--data-dir"])
        .arg(&folder)
        .envs(settings.iter().map(|(key, value)| (key, value)))
        .env("DOORBUSTER_AUTH_SECRET", SECRET)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&refused.stderr);
    assert!(!refused.status.success(), "{said}");
    assert!(said.contains("kafka.prefix") && said.contains("kafka.accept_foreign"), "{said}");

    // With the same names, the groups of both shops would divide the partitions between them.
    first.stop();
    settings.push(("DOORBUSTER__KAFKA__ACCEPT_FOREIGN".to_owned(), "true".to_owned()));
    let second = start(&settings, &[]);
    // The same product, and by chance the same customer.
    assert_eq!(second.product(0, 5), product);
    let own = second.order(ANN, &wanted).json();
    until("completed", || outcome(&second, ANN, own["orderNumber"].as_str().unwrap()) == "COMPLETED");
    until("counted", || foreign_events(&second) > 0.0);
    assert_eq!(second.get(ANN, &format!("/api/products/{product}")).json()["available"], 3);
    second.assert_adds_up();
}
