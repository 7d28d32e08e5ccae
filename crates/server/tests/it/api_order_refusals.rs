use serde_json::json;

use crate::api_asking::{WAIT, in_both_executors, items};
use crate::shop::{ADMIN, ANN, BOB, TestShop};

fn order_path(number: &str, action: &str) -> String {
    format!("/api/orders/{number}{action}")
}

#[test]
fn an_invalid_order_is_refused_at_once() {
    let shop = TestShop::start();
    let product = shop.product(1_000, 5);
    let campaign = shop.campaign(5, &json!({}));
    let bobs = shop.issue(BOB, campaign);
    let before = shop.everything();
    for (body, status, code, pointer) in [
        (json!({"items": []}), 400, "order.empty", "#/items"),
        (json!({"items": items(product, 0)}), 400, "validation.failed", "#/items/0/quantity"),
        (json!({"items": items(999, 1)}), 404, "product.not_found", "#/items/0/productId"),
        (json!({"items": items(product, 1), "couponId": 999}), 404, "coupon.not_found", ""),
        (json!({"items": items(product, 1), "couponId": -1}), 404, "coupon.not_found", ""),
        (json!({"items": items(product, 1), "userCouponId": "x"}), 404, "coupon.not_found", ""),
        (json!({"items": items(product, 1), "userCouponId": bobs}), 404, "coupon.not_found", ""),
        (json!({"items": items(product, 1), "totalAmount": 999}), 409, "price.changed", "#/totalAmount"),
        (json!({"items": items(product, 1), "pointsToUse": 1_001}), 400, "validation.failed", "#/pointsToUse"),
        (json!({"items": items(product, 1), "userId": BOB}), 403, "auth.forbidden", "#/userId"),
        (json!({"items": items(product, 1), "mode": "atomic"}), 403, "auth.forbidden", "#/mode"),
    ] {
        let complaint = shop.order(ANN, &body).complaint(status);
        assert_eq!(complaint, (code.to_owned(), pointer.to_owned()), "{body}");
    }
    assert_eq!(shop.everything(), before);
}

#[test]
fn points_pay_only_what_the_coupon_leaves() {
    let shop = TestShop::start();
    let product = shop.product(1_500, 5);
    let campaign = shop.campaign(5, &json!({}));
    shop.issue(ANN, campaign);
    shop.charge(ANN, 5_000);
    let pay = |points: i64| {
        shop.order(ANN, &json!({"items": items(product, 1), "couponId": campaign, "pointsToUse": points}))
    };
    assert_eq!(pay(501).complaint(400).1, "#/pointsToUse");
    assert_eq!(pay(500).expect(200)["outcome"], "COMPLETED");
}

#[test]
fn a_changed_price_is_refused() {
    let shop = TestShop::start();
    let product = shop.product(1_000, 5);
    let body = json!({"items": items(product, 2), "totalAmount": 2_000});
    shop.order(ANN, &body).expect(200);
    shop.patch(ADMIN, &format!("/api/admin/products/{product}"), &json!({"price": 1_100})).expect(200);
    let refused = shop.order(ANN, &body);
    assert_eq!(refused.problem(409), "price.changed");
    assert!(refused.json()["detail"].as_str().unwrap().contains("2200"), "{refused:?}");
    assert_eq!(shop.available(product), 3);
}

#[test]
fn cancelling_an_order_releases_everything() {
    in_both_executors(|shop| {
        let product = shop.product(10_000, 5);
        let campaign = shop.campaign(5, &json!({}));
        shop.issue(ANN, campaign);
        shop.charge(ANN, 2_000);
        let before = (shop.available(product), shop.balance(ANN), shop.only_coupon(ANN));
        let body = json!({"items": items(product, 2), "couponId": campaign, "pointsToUse": 1_500});
        let number = shop.order(ANN, &body).number(200);
        assert_eq!((shop.available(product), shop.balance(ANN)), (3, 500));
        let answer = shop.ask(ANN, "POST", &order_path(&number, "/cancel"), &[WAIT], &json!({"reason": "too big"}));
        let order = answer.expect(200);
        assert_eq!(answer.header("preference-applied"), Some("wait=20"));
        assert_eq!((&order["outcome"], &order["status"]), (&json!("CANCELLED"), &json!("CANCELLED")));
        assert_eq!(order["reason"], "order.cancelled_by_customer");
        assert!(order["payBefore"].is_null());
        let states: Vec<_> = order["steps"].as_array().unwrap().iter().map(|step| &step["state"]).collect();
        assert_eq!(states, ["RESTORED", "RESTORED", "RESTORED"]);
        assert_eq!((shop.available(product), shop.balance(ANN), shop.only_coupon(ANN)), before);
        let again = shop.post(ANN, &order_path(&number, "/cancel"), &json!({}));
        assert_eq!(again.problem(409), "order.not_cancellable");
        // Its coupon can be used for another order.
        assert_eq!(shop.order(ANN, &body).expect(200)["outcome"], "AWAITING_PAYMENT");
    });
}

#[test]
fn an_order_whose_goods_are_shipped_is_not_cancelled() {
    in_both_executors(|shop| {
        let product = shop.product(10_000, 5);
        let kept = json!({"items": items(product, 1), "payment": "ON_DELIVERY", "warehouseStorage": true});
        let number = shop.order(ANN, &kept).number(200);
        let refused = shop.post(ANN, &order_path(&number, "/cancel"), &json!({}));
        assert_eq!(refused.problem(409), "order.not_cancellable");
        assert_eq!(shop.get(ANN, &order_path(&number, "")).expect(200)["outcome"], "COMPLETED");
        assert_eq!(shop.available(product), 4);
    });
}

#[test]
fn an_admin_cancels_for_the_shop() {
    let shop = TestShop::start();
    let product = shop.product(10_000, 5);
    let number = shop.order(ANN, &json!({"items": items(product, 1)})).number(200);
    let order = shop.post_waiting(ADMIN, &format!("/api/admin/orders/{number}/cancel"), &json!({})).expect(200);
    assert_eq!((&order["outcome"], &order["reason"]), (&json!("CANCELLED"), &json!("order.cancelled_by_admin")));
    assert_eq!(shop.available(product), 5);
}

#[test]
fn only_a_stuck_order_is_resumed() {
    let shop = TestShop::start();
    let product = shop.product(10_000, 5);
    let number = shop.order(ANN, &json!({"items": items(product, 1)})).number(200);
    let refused = shop.post(ADMIN, &format!("/api/admin/orders/{number}/resume"), &json!({}));
    assert_eq!(refused.problem(409), "order.not_cancellable");
    assert_eq!(shop.post(ADMIN, "/api/admin/orders/x/resume", &json!({})).problem(404), "order.not_found");
}

#[test]
fn a_cancellation_is_checked() {
    let shop = TestShop::start();
    let product = shop.product(10_000, 5);
    let number = shop.order(ANN, &json!({"items": items(product, 1)})).number(200);
    for (body, pointer) in [
        (json!({"reason": 7}), "#/reason"),
        (json!({"reason": "x".repeat(501)}), "#/reason"),
        (json!({"reason": "a\u{0}b"}), "#/reason"),
        (json!({"because": "too big"}), "#/because"),
        (json!([]), "#"),
    ] {
        assert_eq!(shop.post(ANN, &order_path(&number, "/cancel"), &body).complaint(400).1, pointer, "{body}");
    }
    assert_eq!(shop.get(ANN, &order_path(&number, "")).expect(200)["outcome"], "AWAITING_PAYMENT");
}

#[test]
fn the_order_of_another_user_is_not_found() {
    in_both_executors(|shop| {
        let product = shop.product(10_000, 5);
        let number = shop.order(ANN, &json!({"items": items(product, 1)})).number(200);
        let unknown = shop.get(BOB, "/api/orders/x");
        for path in ["", "/status", "/events"] {
            let answer = shop.get(BOB, &order_path(&number, path));
            assert_eq!(answer.problem(404), "order.not_found");
            assert_eq!(
                answer.json()["detail"],
                unknown.json()["detail"],
                "nothing tells it from one that is not there"
            );
        }
        assert_eq!(shop.get(BOB, &format!("/orders/{number}/status")).problem(404), "order.not_found");
        let cancel = shop.post(BOB, &order_path(&number, "/cancel"), &json!({}));
        assert_eq!(cancel.problem(404), "order.not_found");
        assert_eq!(shop.get(ANN, &order_path(&number, "")).expect(200)["outcome"], "AWAITING_PAYMENT");
        assert_eq!(shop.get(BOB, "/api/orders").expect(200), json!({"data": []}));
    });
}

#[test]
fn an_order_without_a_wait_gets_a_receipt() {
    let shop = TestShop::start_with_log();
    let product = shop.product(10_000, 5);
    for (prefer, applied) in [("respond-async", Some("respond-async")), ("return=minimal", None), ("wait=soon", None)] {
        let answer = shop.ask(ANN, "POST", "/api/orders", &[("prefer", prefer)], &json!({"items": items(product, 1)}));
        assert_eq!(answer.expect(202)["status"], "PENDING");
        assert_eq!(answer.header("preference-applied"), applied, "{prefer}");
    }
}
