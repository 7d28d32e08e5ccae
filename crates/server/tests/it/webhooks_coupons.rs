//! `coupon.restored` is told of coupons that were restored, and of no others.

use serde_json::{Value, json};

use crate::api_asking::items;
use crate::api_modes::switch;
use crate::hook_receiver::HookReceiver;
use crate::shop::{ADMIN, BOB, TestShop};

const HOOKS: &str = "/api/admin/webhooks";

fn body(receiver: &HookReceiver) -> Value {
    serde_json::from_str(&receiver.next().body).unwrap()
}

fn cancel(shop: &TestShop, number: &str) {
    shop.post(BOB, &format!("/api/orders/{number}/cancel"), &json!({})).expect(200);
}

fn await_cancelled(shop: &TestShop, number: &str) {
    shop.get_within(30, BOB, &format!("/api/orders/{number}"), |order| order["outcome"] == "CANCELLED");
}

fn only_restored_coupons_are_told(executor: &str) {
    let shop = TestShop::start_with(&[
        ("DOORBUSTER__ENGINE__EXECUTOR", executor),
        ("DOORBUSTER__WEBHOOKS__ALLOW_PRIVATE", "true"),
        // A participant that is back is asked again after this.
        ("DOORBUSTER__ORDERS__STEP_DEADLINE_S", "3"),
    ]);
    let receiver = HookReceiver::start(&[204]);
    let types = json!({"url": receiver.url(), "eventTypes": ["coupon.restored", "order.cancelled"]});
    let webhook = shop.post(ADMIN, HOOKS, &types).expect(201)["webhookId"].as_i64().unwrap();
    let (product, campaign) = (shop.product(10_000, 5), shop.campaign(5, &json!({})));
    shop.issue(BOB, campaign);
    let order = json!({"items": items(product, 1), "couponId": campaign});

    let number = shop.order(BOB, &order).number(200).to_owned();
    cancel(&shop, &number);
    await_cancelled(&shop, &number);
    let mut told = [body(&receiver), body(&receiver)];
    told.sort_by_key(|one| one["type"].to_string());
    assert_eq!(told.each_ref().map(|one| one["type"].as_str().unwrap()), ["coupon.restored", "order.cancelled"]);
    assert_eq!((&told[0]["data"]["couponId"], &told[0]["data"]["orderId"]), (&json!(campaign), &json!(number)));

    switch(&shop, "couponService", true);
    let number = shop.post(BOB, "/api/orders", &order).number(202).to_owned();
    shop.get_until(BOB, &format!("/api/orders/{number}/status"), |status| status["progressPercentage"] != 10);
    cancel(&shop, &number);
    switch(&shop, "couponService", false);
    await_cancelled(&shop, &number);
    let reports = shop.get(ADMIN, &format!("/api/admin/events?type=CouponRestored&orderId={number}")).expect(200);
    let reports = reports["data"].as_array().unwrap();
    assert!(
        !reports.is_empty() && reports.iter().all(|report| report["payload"]["couponId"].is_null()),
        "{reports:#?}"
    );
    let told = body(&receiver);
    assert_eq!((&told["type"], &told["data"]["orderId"]), (&json!("order.cancelled"), &json!(number)));
    let path = format!("{HOOKS}/{webhook}");
    let restored = shop.get(ADMIN, &format!("{path}/deliveries?eventType=coupon.restored")).expect(200);
    assert_eq!(restored["data"].as_array().unwrap().len(), 1, "{restored:#}");

    shop.post(ADMIN, &format!("{path}/test"), &json!({"eventType": "coupon.restored"})).expect(202);
    assert!(body(&receiver)["data"]["couponId"].is_i64());
}

#[test]
fn only_restored_coupons_are_told_inline() {
    only_restored_coupons_are_told("inline");
}

#[test]
fn only_restored_coupons_are_told_with_the_log() {
    only_restored_coupons_are_told("log");
}
