use serde_json::{Value, json};

use crate::api_asking::{WAIT, assert_like, in_both_executors, items};
use crate::shop::{ADMIN, ANN, TestShop};

/// Returns the outcome of an order and its reason.
fn ending(order: &Value) -> (&str, &str) {
    (order["outcome"].as_str().unwrap(), order["reason"].as_str().unwrap_or(""))
}

fn step(name: &str, state: &str) -> Value {
    json!({"step": name, "state": state, "at": "<time>"})
}

#[test]
fn an_order_is_received_and_followed() {
    in_both_executors(|shop| {
        let product = shop.product(10_000, 5);
        let answer = shop.post(ANN, "/api/orders", &json!({"items": items(product, 1)}));
        let receipt = answer.expect(202);
        let number = receipt["orderNumber"].as_str().unwrap();
        let wanted = json!({
            "orderNumber": "<text>", "status": "PENDING", "estimatedProcessingTime": "<text>",
            "trackingUrl": format!("/api/orders/{number}/status"),
        });
        assert_like(&receipt, &wanted);
        let path = format!("/api/orders/{number}");
        assert_eq!(answer.header("location"), Some(path.as_str()));
        assert_eq!(answer.header("retry-after"), Some("1"));
        assert_eq!((answer.header("preference-applied"), answer.header("idempotency-replayed")), (None, None));
        let order = shop.get_until(ANN, &path, |order| order["outcome"] != "PENDING");
        assert_eq!(ending(&order), ("AWAITING_PAYMENT", ""));
        shop.get(ANN, receipt["trackingUrl"].as_str().unwrap()).expect(200);
    });
}

#[test]
fn an_order_that_waits_for_its_payment_has_claimed_everything() {
    in_both_executors(|shop| {
        let product = shop.product(10_000, 5);
        let campaign = shop.campaign(5, &json!({}));
        shop.issue(ANN, campaign);
        shop.charge(ANN, 5_000);
        let receiver =
            json!({"name": "Ann", "phone": "010-1234", "postalCode": "04524", "address": "110 Sejong-daero"});
        let body = json!({
            "items": items(product, 2), "couponId": campaign, "pointsToUse": 4_000, "totalAmount": 20_000, "userId": ANN,
            "payment": "PREPAID", "warehouseStorage": false, "receiver": receiver,
        });
        let answer = shop.order(ANN, &body);
        let order = answer.expect(200);
        let number = order["orderNumber"].as_str().unwrap();
        let wanted = json!({
            "orderNumber": number, "userId": ANN, "currency": "KRW",
            "items": [{"productId": product, "name": "Sneaker", "quantity": 2, "unitPrice": 10_000, "refundedQuantity": 0}],
            "totalPrice": 20_000, "discountPrice": 1_000, "totalAmount": 20_000, "discountAmount": 1_000,
            "pointsUsed": 4_000, "amountDue": 15_000, "paidAmount": 0, "refundedAmount": 0,
            "payment": {"terms": "PREPAID", "amount": 15_000, "capturedAmount": 0, "refundedAmount": 0},
            "receiver": receiver, "mode": "parallel", "outcome": "AWAITING_PAYMENT", "status": "PENDING_PAYMENT",
            "steps": [step("STOCK", "COMPLETED"), step("COUPON", "COMPLETED"), step("POINT", "COMPLETED")],
            "payBefore": "<time>", "createdAt": "<time>", "updatedAt": "<time>",
        });
        assert_like(&order, &wanted);
        assert_eq!(answer.header("location"), Some(format!("/api/orders/{number}").as_str()));
        assert_eq!(answer.header("preference-applied"), Some("wait=20"));
        assert_eq!(shop.get(ANN, &format!("/api/orders/{number}")).expect(200), order);
        assert_eq!(shop.get(ANN, "/api/orders").expect(200), json!({"data": [order]}));
        assert_eq!((shop.available(product), shop.balance(ANN)), (3, 1_000));
        let coupon = shop.only_coupon(ANN);
        assert_eq!((&coupon["status"], &coupon["usedOrder"]), (&json!("USED"), &json!(number)));
    });
}

#[test]
fn an_order_paid_on_delivery_completes_when_it_is_claimed() {
    in_both_executors(|shop| {
        let product = shop.product(10_000, 5);
        let body = json!({"items": items(product, 2), "payment": "ON_DELIVERY"});
        let order = shop.order(ANN, &body).expect(200);
        assert_eq!(ending(&order), ("COMPLETED", ""));
        assert_eq!((&order["status"], &order["amountDue"]), (&json!("PREPARING"), &json!(20_000)));
        assert!(order["payBefore"].is_null());
        assert_eq!(shop.available(product), 3);
    });
}

#[test]
fn an_order_with_nothing_due_completes_when_it_is_claimed() {
    in_both_executors(|shop| {
        let product = shop.product(10_000, 5);
        let campaign = shop.campaign(5, &json!({}));
        shop.charge(ANN, 9_000);
        let body = json!({"items": items(product, 1), "userCouponId": shop.issue(ANN, campaign), "pointsToUse": 9_000});
        let order = shop.order(ANN, &body).expect(200);
        assert_eq!(ending(&order), ("COMPLETED", ""));
        assert_eq!((&order["status"], &order["amountDue"]), (&json!("PAYMENT_COMPLETED"), &json!(0)));
        assert_eq!(shop.balance(ANN), 0);
    });
}

#[test]
fn several_lines_of_one_product_are_one() {
    in_both_executors(|shop| {
        let (one, other) = (shop.product(1_000, 5), shop.product(500, 5));
        let line = |product: i64, quantity: i64| json!({"productId": product, "quantity": quantity});
        let lines = json!([line(one, 1), line(other, 1), line(one, 2)]);
        let order = shop.order(ANN, &json!({"items": lines, "totalAmount": 3_500})).expect(200);
        let shown: Vec<_> = order["items"].as_array().unwrap().iter().map(|item| &item["quantity"]).collect();
        assert_eq!(shown, [3, 1]);
        assert_like(&order["steps"], &json!([step("STOCK", "COMPLETED")]));
        assert_eq!((shop.available(one), shop.available(other)), (2, 4));
        // Together they exceed the stock, though each alone does not.
        let order = shop.order(ANN, &json!({"items": [line(one, 1), line(one, 2)]})).expect(200);
        assert_eq!(ending(&order), ("CANCELLED", "stock.exhausted"));
    });
}

#[test]
fn a_percentage_is_rounded_down_and_capped() {
    let shop = TestShop::start();
    let product = shop.product(999, 50);
    let percent = json!({"discount": {"type": "PERCENT", "value": 15, "maxAmount": 1_000}, "maxIssuePerUser": 2});
    let campaign = shop.campaign(5, &percent);
    for (quantity, discount) in [(1, 149), (10, 1_000)] {
        shop.issue(ANN, campaign);
        let order = shop.order(ANN, &json!({"items": items(product, quantity), "couponId": campaign})).expect(200);
        assert_eq!(order["discountPrice"], discount, "{order}");
    }
}

#[test]
fn a_discount_never_goes_below_zero() {
    let shop = TestShop::start();
    let product = shop.product(300, 5);
    let campaign = shop.campaign(5, &json!({}));
    shop.issue(ANN, campaign);
    let order = shop.order(ANN, &json!({"items": items(product, 1), "couponId": campaign})).expect(200);
    assert_eq!(ending(&order), ("COMPLETED", ""));
    assert_eq!((&order["discountPrice"], &order["amountDue"]), (&json!(300), &json!(0)));
}

#[test]
fn a_campaigns_oldest_coupon_is_used_first() {
    in_both_executors(|shop| {
        let product = shop.product(10_000, 5);
        let campaign = shop.campaign(5, &json!({"maxIssuePerUser": 2}));
        let (first, second) = (shop.issue(ANN, campaign), shop.issue(ANN, campaign));
        let used = |order: &Value| {
            let held = shop.get(ANN, "/api/users/me/coupons").expect(200);
            let used_for = |coupon: &&Value| coupon["usedOrder"] == order["orderNumber"];
            held["data"].as_array().unwrap().iter().find(used_for).unwrap()["userCouponId"].clone()
        };
        let by_campaign = json!({"items": items(product, 1), "couponId": campaign});
        assert_eq!(used(&shop.order(ANN, &by_campaign).expect(200)), json!(first));
        assert_eq!(used(&shop.order(ANN, &by_campaign).expect(200)), json!(second));
        let order = shop.order(ANN, &by_campaign).expect(200);
        assert_eq!(ending(&order), ("CANCELLED", "coupon.not_usable"));
    });
}

#[test]
fn partial_claims_are_released() {
    in_both_executors(|shop| {
        let (product, scarce) = (shop.product(10_000, 5), shop.product(10_000, 1));
        let campaign = shop.campaign(5, &json!({}));
        let coupon = shop.issue(ANN, campaign);
        let other = shop.campaign(5, &json!({}));
        shop.charge(ANN, 2_000);
        let lines = json!([{"productId": product, "quantity": 1}, {"productId": scarce, "quantity": 2}]);
        for (body, reason) in [
            (json!({"items": lines, "userCouponId": coupon, "pointsToUse": 2_000}), "stock.exhausted"),
            (json!({"items": items(product, 1), "couponId": other, "pointsToUse": 2_000}), "coupon.not_usable"),
            (json!({"items": items(product, 1), "couponId": campaign, "pointsToUse": 2_001}), "points.insufficient"),
        ] {
            let answer = shop.post(ANN, "/api/orders", &body);
            let path = format!("/api/orders/{}", answer.number(202));
            let order = shop.get_until(ANN, &path, |order| order["outcome"] == "CANCELLED");
            assert_eq!((ending(&order), &order["status"]), (("CANCELLED", reason), &json!("CANCELLED")));
            assert_eq!((shop.available(product), shop.available(scarce)), (5, 1), "{reason}");
            assert_eq!((shop.balance(ANN), &shop.only_coupon(ANN)["status"]), (2_000, &json!("ACTIVE")), "{reason}");
        }
    });
}

#[test]
fn a_cancelled_outcome_ends_a_wait() {
    in_both_executors(|shop| {
        let product = shop.product(10_000, 1);
        let answer = shop.ask(ANN, "POST", "/api/orders", &[WAIT], &json!({"items": items(product, 2)}));
        assert_eq!(ending(&answer.expect(200)), ("CANCELLED", "stock.exhausted"));
    });
}

#[test]
fn an_admin_chooses_the_mode() {
    in_both_executors(|shop| {
        let product = shop.product(10_000, 1);
        for (mode, outcome) in [("atomic", "AWAITING_PAYMENT"), ("atomic", "CANCELLED"), ("parallel", "CANCELLED")] {
            let order = shop.order(ADMIN, &json!({"items": items(product, 1), "mode": mode})).expect(200);
            assert_eq!((&order["mode"], &order["outcome"]), (&json!(mode), &json!(outcome)));
        }
    });
}

#[test]
fn an_atomic_shop_decides_in_the_request() {
    let shop = TestShop::start_with(&[("DOORBUSTER__ORDERS__MODE", "atomic")]);
    let product = shop.product(10_000, 2);
    let campaign = shop.campaign(5, &json!({}));
    shop.issue(ANN, campaign);
    shop.charge(ANN, 2_000);
    let short = json!({"items": items(product, 3), "couponId": campaign, "pointsToUse": 2_000});
    let order = shop.order(ANN, &short).expect(200);
    assert_eq!((&order["mode"], ending(&order)), (&json!("atomic"), ("CANCELLED", "stock.exhausted")));
    assert_eq!((shop.available(product), shop.balance(ANN)), (2, 2_000));
    let enough = json!({"items": items(product, 2), "couponId": campaign, "pointsToUse": 2_000});
    let order = shop.order(ANN, &enough).expect(200);
    assert_eq!((ending(&order), &order["amountDue"]), (("AWAITING_PAYMENT", ""), &json!(17_000)));
    assert_eq!((shop.available(product), shop.balance(ANN)), (0, 0));
}

#[test]
fn the_status_shows_the_orders_progress() {
    in_both_executors(|shop| {
        let product = shop.product(10_000, 5);
        let number = shop.order(ANN, &json!({"items": items(product, 1)})).number(200);
        let status = shop.get(ANN, &format!("/api/orders/{number}/status")).expect(200);
        let wanted = json!({
            "orderId": number, "outcome": "AWAITING_PAYMENT", "status": "PENDING_PAYMENT",
            "statusDescription": "<text>", "progressPercentage": 20, "canCancel": true, "lastUpdated": "<time>",
            "payBefore": "<time>",
        });
        assert_like(&status, &wanted);
        assert_eq!(shop.get(ANN, &format!("/orders/{number}/status")).expect(200), status);

        let number = shop.order(ANN, &json!({"items": items(product, 9)})).number(200);
        let status = shop.get(ANN, &format!("/api/orders/{number}/status")).expect(200);
        let wanted = json!({
            "orderId": number, "outcome": "CANCELLED", "reason": "stock.exhausted", "status": "CANCELLED",
            "statusDescription": "<text>", "progressPercentage": 0, "canCancel": false, "lastUpdated": "<time>",
        });
        assert_like(&status, &wanted);
    });
}

#[test]
fn the_events_list_every_change_in_order() {
    in_both_executors(|shop| {
        let product = shop.product(10_000, 5);
        let number = shop.order(ANN, &json!({"items": items(product, 1), "payment": "ON_DELIVERY"})).number(200);
        let history = shop.get(ANN, &format!("/api/orders/{number}/events")).expect(200);
        let entries = history["data"].as_array().unwrap();
        for entry in entries {
            let wanted = json!({
                "at": "<time>", "event": "<text>", "status": "<text>", "outcome": "<text>", "cause": "<text>",
            });
            assert_like(entry, &wanted);
        }
        let told =
            |entry: &Value| ["event", "outcome", "status"].map(|member| entry[member].as_str().unwrap().to_owned());
        assert_eq!(told(entries.first().unwrap()), ["OrderCreated", "PENDING", "CREATED"]);
        assert_eq!(told(entries.last().unwrap()), ["OrderCompleted", "COMPLETED", "PREPARING"]);
        assert!(entries.is_sorted_by_key(|entry| entry["at"].as_str().unwrap()));
        assert_eq!(shop.get(ADMIN, &format!("/api/admin/orders/{number}/events")).expect(200), history);
    });
}

#[test]
fn an_admin_sees_the_orders_of_all_users() {
    let shop = TestShop::start();
    let product = shop.product(10_000, 5);
    let order = shop.order(ANN, &json!({"items": items(product, 1)})).expect(200);
    let number = order["orderNumber"].as_str().unwrap();
    assert_eq!(shop.get(ADMIN, "/api/admin/orders").expect(200), json!({"data": [order]}));
    assert_eq!(shop.get(ADMIN, &format!("/api/admin/orders/{number}")).expect(200), order);
    assert_eq!(shop.get(ADMIN, "/api/admin/orders/x").problem(404), "order.not_found");
    assert_eq!(shop.get(ADMIN, "/api/orders").expect(200), json!({"data": []}));
}
