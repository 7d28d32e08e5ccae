//! A store may change between the inline and the log executor: no reaction is repeated or lost.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::shop::{ADMIN, ANN, TestShop};

#[test]
fn switching_the_executor_repeats_nothing_and_loses_nothing() {
    let mut shop = TestShop::start();
    let product = shop.product(0, 100);
    let campaign = shop.campaign(10, &json!({"issueMode": "queued"}));
    let order = json!({"items": [{"productId": product, "quantity": 1}]});
    for (executor, orders) in [("inline", 1), ("log", 2), ("inline", 3), ("log", 4)] {
        shop.stop();
        shop.set("DOORBUSTER__ENGINE__EXECUTOR", executor);
        shop.open();
        assert_eq!(shop.order(ANN, &order).expect(200)["outcome"], "COMPLETED");
        // Still in the log when the shop stops right after it.
        let request = shop.post(orders, "/api/coupons/issue", &json!({"couponId": campaign})).expect(202);
        shop.stop();
        shop.set("DOORBUSTER__ENGINE__EXECUTOR", if executor == "log" { "inline" } else { "log" });
        shop.open();
        let path = format!("/api/requests/{}", request["requestId"].as_str().unwrap());
        until(|| shop.get(orders, &path).json()["status"] == "NOTIFIED");
        until(|| shop.get(ADMIN, "/api/products/popular?window=all").json()["data"][0]["sold"] == orders);
    }
}

/// Polls until a condition holds, because effects over the log follow the answer.
fn until(is_so: impl Fn() -> bool) {
    let started = Instant::now();
    while !is_so() {
        assert!(started.elapsed() < Duration::from_secs(20), "it never became so");
        std::thread::yield_now();
    }
}
