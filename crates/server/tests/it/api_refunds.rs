//! Refunds over HTTP: when the shop decides, and the description of each result.

use serde_json::{Value, json};
use server::security::auth::Role;

use crate::api_asking::{in_both_executors, items};
use crate::shop::{ADMIN, ANN, TestShop};

fn receiver() -> Value {
    json!({"name": "Ann", "phone": "010-1234", "postalCode": "04524", "address": "110 Sejong-daero"})
}

fn refund(shop: &TestShop, number: &str, body: &Value) -> crate::client::Answer {
    shop.post(ANN, &format!("/api/orders/{number}/refund"), body)
}

fn decide(shop: &TestShop, number: &str, what: &str, body: &Value) -> crate::client::Answer {
    shop.post_waiting(ADMIN, &format!("/api/admin/orders/{number}/refund/{what}"), body)
}

fn advance(shop: &TestShop, number: &str, states: &[&str]) {
    for status in states {
        shop.patch(ADMIN, &format!("/api/admin/shipments/{number}"), &json!({"status": status})).expect(200);
    }
}

const DELIVERED: [&str; 4] = ["SHIPPED", "IN_TRANSIT", "OUT_FOR_DELIVERY", "DELIVERED"];

fn delivered(shop: &TestShop, product: i64) -> String {
    let number = shop.order(ANN, &json!({"items": items(product, 2), "receiver": receiver()})).number(200);
    shop.pay(ANN, &number, 20).expect(200);
    shop.get_until(ANN, &format!("/api/orders/{number}"), |order| order["status"] == "PREPARING");
    advance(shop, &number, &DELIVERED);
    number
}

fn described(shop: &TestShop, number: &str, language: &str) -> Value {
    let headers = [("accept-language", language)];
    let path = format!("/api/orders/{number}/status");
    shop.ask(ANN, "GET", &path, &headers, &Value::Null).expect(200)["statusDescription"].clone()
}

#[test]
fn a_refund_of_a_delivered_order_waits_for_the_shop() {
    in_both_executors(|shop| {
        let product = shop.product(1_000, 5);
        let number = delivered(shop, product);
        let asked = refund(shop, &number, &json!({"reason": "does not fit"})).expect(200);
        assert_eq!((&asked["status"], &asked["refundedAmount"]), (&json!("REFUND_REQUESTED"), &json!(0)));
        assert_eq!(asked["refundRequest"], json!({"items": [{"productId": product, "quantity": 2}]}));
        assert_eq!(described(shop, &number, "en"), "The refund was requested and waits for the shop's approval.");
        assert!(described(shop, &number, "ko").as_str().unwrap().contains("승인"));
        assert_eq!(shop.available(product), 3);
        let rejected = decide(shop, &number, "reject", &json!({"reason": "it was worn"})).expect(200);
        assert_eq!((&rejected["status"], &rejected["rejectReason"]), (&json!("COMPLETED"), &json!("it was worn")));
        assert_eq!(decide(shop, &number, "approve", &json!({})).problem(409), "order.not_refundable");

        refund(shop, &number, &json!({})).expect(200);
        let approved = decide(shop, &number, "approve", &json!({})).expect(200);
        assert_eq!((&approved["status"], &approved["refundedAmount"]), (&json!("REFUNDED"), &json!(2_000)));
        assert_eq!((&approved["items"][0]["awaitedQuantity"], shop.available(product)), (&json!(2), 3));
        let one = json!({"lines": [{"productId": product, "quantity": 1}]});
        decide(shop, &number, "arrived", &one).expect(200);
        assert_eq!(shop.available(product), 4);
        decide(shop, &number, "arrived", &json!({"writeOff": true})).expect(200);
        assert_eq!(shop.available(product), 4);
        assert_eq!(decide(shop, &number, "arrived", &json!({})).problem(400), "validation.failed");
    });
}

/// The shop itself may refund a delivered order, and says what happens to the goods.
#[test]
fn an_admin_refunds_a_delivered_order_at_once() {
    let shop = TestShop::start();
    let product = shop.product(1_000, 5);
    let number = delivered(&shop, product);
    let own = refund(&shop, &number, &json!({"goods": "RETURNED"}));
    assert_eq!(own.complaint(400).1, "#/goods");
    let path = format!("/api/admin/orders/{number}/refund");
    let order = shop.post_waiting(ADMIN, &path, &json!({"goods": "RETURNED", "reason": "a courtesy"})).expect(200);
    assert_eq!((&order["status"], shop.available(product)), (&json!("REFUNDED"), 5));
}

#[test]
fn goods_sold_at_auction_are_not_refunded() {
    let shop = TestShop::start();
    let product = shop.product(1_000, 5);
    let number = shop.order(ANN, &json!({"items": items(product, 1), "warehouseStorage": true})).number(200);
    shop.pay(ANN, &number, 20).expect(200);
    for status in ["ON_AUCTION", "SOLD"] {
        shop.patch(ADMIN, &format!("/api/admin/warehouse/{number}"), &json!({"status": status})).expect(200);
    }
    let refused = refund(&shop, &number, &json!({}));
    assert_eq!(refused.problem(409), "order.not_refundable");
    assert!(refused.json()["detail"].as_str().unwrap().contains("auction"));
    assert_eq!(shop.available(product), 4);
}

/// A carrier repeats what it said.
#[test]
fn a_repeated_shipment_state_changes_nothing_that_was_decided_since() {
    in_both_executors(|shop| {
        let product = shop.product(1_000, 5);
        let number = shop.order(ANN, &json!({"items": items(product, 1), "receiver": receiver()})).number(200);
        shop.pay(ANN, &number, 20).expect(200);
        shop.get_until(ANN, &format!("/api/orders/{number}"), |order| order["status"] == "PREPARING");
        advance(shop, &number, &["SHIPPED"]);
        let refused = refund(shop, &number, &json!({}));
        assert!(refused.json()["detail"].as_str().unwrap().contains("transit"), "{}", refused.text);
        advance(shop, &number, &["IN_TRANSIT", "OUT_FOR_DELIVERY", "FAILED_DELIVERY", "RETURNED"]);
        let path = format!("/api/orders/{number}");
        shop.get_until(ANN, &path, |order| order["status"] == "REFUND_REQUESTED");
        decide(shop, &number, "reject", &json!({"reason": "it is broken"})).expect(200);
        let rejected = shop.get(ANN, &path).expect(200);
        assert!(described(shop, &number, "en").as_str().unwrap().contains("rejected the refund"));
        assert!(described(shop, &number, "ko").as_str().unwrap().contains("거절"));
        advance(shop, &number, &["RETURNED"]);
        assert_eq!(shop.get(ANN, &path).expect(200), rejected);
    });
}

/// Each result has its own description.
#[test]
fn a_returned_unpaid_parcel_says_that_nothing_was_paid() {
    let shop = TestShop::start();
    let product = shop.product(1_000, 5);
    let body = json!({"items": items(product, 1), "payment": "ON_DELIVERY", "receiver": receiver()});
    let number = shop.order(ANN, &body).number(200);
    advance(&shop, &number, &["SHIPPED", "IN_TRANSIT", "OUT_FOR_DELIVERY", "FAILED_DELIVERY", "RETURNED"]);
    let back = shop.get(ANN, &format!("/api/orders/{number}/status")).expect(200);
    assert_eq!((&back["status"], &back["reason"]), (&json!("REFUND_REQUESTED"), &json!("shipment.returned")));
    assert_eq!(back["progressPercentage"], 80);
    decide(&shop, &number, "approve", &json!({"goods": "RETURNED"})).expect(200);
    assert_eq!(described(&shop, &number, "en"), "The refund is closed. Nothing had been paid, so nothing is refunded.");
    assert!(described(&shop, &number, "ko").as_str().unwrap().contains("결제된 금액이 없어"));
    assert_eq!(shop.available(product), 5);
}

/// After a partial refund less is collected at the door, and whoever names the amount says so.
#[test]
fn a_partial_refund_on_delivery_leaves_less_to_collect() {
    in_both_executors(|shop| {
        let product = shop.product(1_000, 5);
        let body = json!({"items": items(product, 3), "payment": "ON_DELIVERY", "receiver": receiver()});
        let order = shop.order(ANN, &body);
        let number = order.number(200);
        assert_eq!(order.json().get("noLongerDue"), None);
        let one = json!({"lines": [{"productId": product, "quantity": 1}]});
        let refunded = refund(shop, &number, &one).expect(200);
        let amounts = ["amountDue", "noLongerDue", "refundedAmount"].map(|name| refunded[name].clone());
        assert_eq!(amounts, [3_000, 1_000, 0].map(Value::from));
        assert_eq!(shop.get(ADMIN, &format!("/api/admin/orders/{number}")).expect(200)["noLongerDue"], 1_000);

        let page = |user: i64, role: Role, path: String| {
            let cookie = format!("doorbuster_session={}", shop.token(user, role));
            shop.client().send("GET", &path, &[("cookie", &cookie)], "").unwrap().text
        };
        let own = page(ANN, Role::Customer, format!("/orders/{number}"));
        assert!(own.contains("<dt>Payment amount</dt><dd>₩2,000</dd>"), "{own}");
        let any = page(ADMIN, Role::Admin, format!("/admin/orders/{number}"));
        assert!(any.contains("<strong>₩2,000</strong>"), "{any}");

        let notice = shop.notices_within(10, ANN, "order.refunded").remove(0);
        assert_eq!((&notice["noLongerDue"], &notice["refundAmount"]), (&json!(1_000), &json!(0)));
        advance(shop, &number, &DELIVERED);
        refund(shop, &number, &json!({})).expect(200);
        let closed = decide(shop, &number, "approve", &json!({"goods": "RETURNED"})).expect(200);
        assert_eq!((&closed["status"], &closed["noLongerDue"]), (&json!("REFUNDED"), &json!(3_000)));
        assert!(described(shop, &number, "en").as_str().unwrap().contains("the shop returns that money itself"));
    });
}

/// A prepaid order gets its money back, so nothing of it becomes less to pay.
#[test]
fn a_partial_refund_of_a_prepaid_order_is_money() {
    let shop = TestShop::start();
    let product = shop.product(1_000, 5);
    let number = delivered(&shop, product);
    let one = json!({"lines": [{"productId": product, "quantity": 1}], "goods": "RETURNED"});
    let path = format!("/api/admin/orders/{number}/refund");
    shop.post_waiting(ADMIN, &path, &one).expect(200);
    let refunded = shop.get_until(ANN, &format!("/api/orders/{number}"), |order| order["refundedAmount"] == 1_000);
    assert_eq!(refunded.get("noLongerDue"), None);
    let notice = shop.notices_within(10, ANN, "order.refunded").remove(0);
    assert_eq!((&notice["refundAmount"], notice.get("noLongerDue")), (&json!(1_000), None));
}

#[test]
fn refunded_units_do_not_count_in_the_ranking() {
    in_both_executors(|shop| {
        let products = [shop.product(1_000, 100), shop.product(1_000, 100)];
        let order = |product: i64, quantity: i64| {
            let body = json!({"items": items(product, quantity), "payment": "ON_DELIVERY"});
            shop.order(ANN, &body).number(200)
        };
        let cancelled = order(products[0], 50);
        order(products[1], 2);
        shop.post(ANN, &format!("/api/orders/{cancelled}/cancel"), &json!({})).expect(200);
        for window in ["today", "3d", "all"] {
            let path = format!("/api/products/popular?window={window}");
            let ranking = json!({"data": [{"productId": products[1], "name": "Sneaker", "sold": 2}]});
            shop.get_until(ANN, &path, |found| *found == ranking);
        }
    });
}

/// T4: the same destination again, another one in time, and another one too late.
#[test]
fn another_destination_is_accepted_or_refused() {
    in_both_executors(|shop| {
        let product = shop.product(1_000, 5);
        let number = shop.order(ANN, &json!({"items": items(product, 1)})).number(200);
        let path = format!("/api/orders/{number}/process-payment-shipment");
        let process = |body: &Value| shop.post(ANN, &path, body);
        let order = shop.post_waiting(ANN, &path, &json!({"receiver": receiver()})).expect(200);
        assert_eq!(order["status"], "PREPARING");
        process(&json!({"receiver": receiver()})).expect(202);
        let mut bob = receiver();
        bob["name"] = json!("Bob");
        process(&json!({"receiver": bob})).expect(202);
        let parcel = shop.get(ADMIN, &format!("/api/admin/shipments/{number}")).expect(200);
        assert_eq!(parcel["receiver"]["name"], "Bob");
        advance(shop, &number, &["SHIPPED"]);
        assert_eq!(process(&json!({"receiver": receiver()})).problem(409), "shipment.not_possible");
        assert_eq!(process(&json!({"warehouseStorage": true})).problem(409), "shipment.not_possible");
        process(&json!({"receiver": bob})).expect(202);
    });
}

/// T4: a paid order cannot be paid by another method; the method that paid it is the same request again.
#[test]
fn another_method_for_a_paid_order_is_refused() {
    in_both_executors(|shop| {
        let number = shop.unpaid(ANN, 1_000);
        shop.pay(ANN, &number, 20).expect(200);
        let path = format!("/api/orders/{number}/process-payment-shipment");
        let process =
            |method: &str| shop.post(ANN, &path, &json!({"payment": {"method": method}, "receiver": receiver()}));
        assert_eq!(process("ACCOUNT").problem(409), "payment.already_paid");
        assert!(shop.get(ANN, &format!("/api/orders/{number}")).expect(200)["receiver"].is_null());
        process("CARD").expect(202);
    });
}

/// Limits apply to the sum, and a coupon without a discount is not used up.
#[test]
fn an_order_keeps_within_its_limits() {
    let shop = TestShop::start();
    let product = shop.product(1_000, 5);
    let line = |quantity: i64| json!({"productId": product, "quantity": quantity});
    let too_much = shop.order(ANN, &json!({"items": [line(100_000), line(1)]}));
    assert_eq!(too_much.complaint(400).1, "#/items/1/quantity");
    let dear: Vec<Value> =
        (0..10).map(|_| json!({"productId": shop.product(10_000_000_000, 1), "quantity": 100_000})).collect();
    assert_eq!(shop.order(ANN, &json!({"items": dear})).complaint(400).1, "#/items");
    let shown = json!({"items": [line(1)], "totalAmount": 9_007_199_254_740_992_i64});
    assert_eq!(shop.order(ANN, &shown).complaint(400).1, "#/totalAmount");

    let (free, campaign) = (shop.product(0, 5), shop.campaign(5, &json!({})));
    let coupon = json!(shop.issue(ANN, campaign));
    for (name, value) in [("couponId", json!(campaign)), ("userCouponId", coupon)] {
        let refused = shop.order(ANN, &json!({"items": items(free, 1), name: value}));
        assert_eq!(refused.complaint(409), ("coupon.not_usable".to_owned(), format!("#/{name}")));
    }
    assert_eq!(shop.only_coupon(ANN)["status"], "ACTIVE");
}

/// `today` is the day in the shop's time zone.
#[test]
fn the_ranking_uses_the_shops_time_zone() {
    let shop = TestShop::start_with(&[("DOORBUSTER__SHOP__TIME_ZONE", "America/New_York")]);
    let product = shop.product(1_000, 5);
    shop.order(ANN, &json!({"items": items(product, 1), "payment": "ON_DELIVERY"})).expect(200);
    let ranked = shop.get(ANN, "/api/products/popular?window=today").expect(200);
    assert_eq!(ranked["data"][0]["sold"], 1);
}
