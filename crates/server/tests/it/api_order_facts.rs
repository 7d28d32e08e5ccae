//! What an order shows of its money, its goods and its cancellation, to its customer and to an admin.

use serde_json::{Value, json};

use crate::api_asking::{in_both_executors, items};
use crate::shop::{ADMIN, ANN, BOB, TestShop};

fn receiver() -> Value {
    json!({"name": "Ann", "phone": "010-1234", "postalCode": "04524", "address": "110 Sejong-daero"})
}

fn paid(shop: &TestShop, body: &Value) -> String {
    let number = shop.order(ANN, body).number(200);
    shop.pay(ANN, &number, 20).expect(200);
    number
}

fn order(shop: &TestShop, number: &str) -> Value {
    let own = shop.get(ANN, &format!("/api/orders/{number}")).expect(200);
    let admins = shop.get(ADMIN, &format!("/api/admin/orders/{number}")).expect(200);
    assert_eq!(own, admins, "an admin sees what its customer sees");
    let listed = shop.get(ANN, "/api/orders").expect(200)["data"].as_array().unwrap().clone();
    assert_eq!(listed.iter().find(|order| order["orderNumber"] == number), Some(&own), "so do lists");
    own
}

fn notes(shop: &TestShop, number: &str) -> Vec<String> {
    let events = shop.get(ANN, &format!("/api/orders/{number}/events")).expect(200);
    let notes = events["data"].as_array().unwrap().iter().filter_map(|event| event["note"].as_str());
    notes.map(str::to_owned).collect()
}

/// T7.
#[test]
fn why_an_order_was_cancelled_is_kept() {
    in_both_executors(|shop| {
        let number = shop.unpaid(ANN, 12_300);
        let why = json!({"reason": " ordered twice "});
        shop.ask(ANN, "POST", &format!("/api/orders/{number}/cancel"), &[("prefer", "wait=20")], &why).expect(200);
        let cancelled = order(shop, &number);
        assert_eq!(
            (&cancelled["cancelReason"], &cancelled["reason"]),
            (&json!("ordered twice"), &json!("order.cancelled_by_customer"))
        );
        assert!(notes(shop, &number).iter().all(|note| note == "ordered twice"));
        assert!(!notes(shop, &number).is_empty());

        let product = shop.product(1_000, 5);
        let paid = paid(shop, &json!({"items": items(product, 1)}));
        let path = format!("/api/admin/orders/{paid}/cancel");
        let taken_back = shop.post(ADMIN, &path, &json!({"reason": "it is broken"})).expect(200);
        assert_eq!(
            (&taken_back["cancelReason"], &taken_back["reason"]),
            (&json!("it is broken"), &json!("order.cancelled_by_admin"))
        );
        assert_eq!(notes(shop, &paid), ["it is broken"]);
    });
}

/// T7, T8: a partial refund is visible, with its amount and reason.
#[test]
fn refunds_are_visible_on_the_order() {
    in_both_executors(|shop| {
        let product = shop.product(3_333, 5);
        let number = paid(shop, &json!({"items": items(product, 3), "receiver": receiver()}));
        let part = json!({"lines": [{"productId": product, "quantity": 1}], "reason": "does not fit"});
        shop.post(ANN, &format!("/api/orders/{number}/refund"), &part).expect(200);
        shop.payment_when(|payment| payment.refunded > 0);
        let order = order(shop, &number);
        assert_eq!((&order["refundedAmount"], &order["refundReason"]), (&json!(3_333), &json!("does not fit")));
        assert_eq!(order["items"][0]["refundedQuantity"], 1);
        let amounts = ["totalAmount", "discountAmount", "pointsUsed", "paidAmount"].map(|name| order[name].clone());
        assert_eq!(amounts, [9_999, 0, 0, 9_999].map(Value::from));
        let payment = &order["payment"];
        assert_eq!(
            (&payment["status"], &payment["method"], &payment["terms"]),
            (&json!("PAID"), &json!("CARD"), &json!("PREPAID"))
        );
        assert_eq!((&payment["capturedAmount"], &payment["refundedAmount"]), (&json!(9_999), &json!(3_333)));
        assert!(payment["paymentId"].as_str().is_some_and(|id| id.starts_with("PAY-")));
        assert_eq!(notes(shop, &number), ["does not fit"]);
    });
}

/// T8.
#[test]
fn shipment_and_storage_are_visible_on_the_order() {
    let shop = TestShop::start();
    let product = shop.product(3_000, 5);
    let number = paid(&shop, &json!({"items": items(product, 1), "receiver": receiver()}));
    let shipped = json!({"status": "SHIPPED", "trackingNumber": "KR-4004"});
    shop.patch(ADMIN, &format!("/api/admin/shipments/{number}"), &shipped).expect(200);
    let sent = order(&shop, &number);
    assert_eq!(
        (&sent["shipment"]["status"], &sent["shipment"]["trackingNumber"]),
        (&json!("SHIPPED"), &json!("KR-4004"))
    );
    assert_eq!((&sent["receiver"], sent.get("storage")), (&receiver(), None));

    let number = paid(&shop, &json!({"items": items(product, 1), "warehouseStorage": true}));
    assert_eq!(order(&shop, &number)["storage"]["status"], "IN_STORAGE");
    shop.tell_provider(&json!({"script": "DECLINE", "times": 1}));
    let number = shop.unpaid(ANN, 700);
    shop.pay(ANN, &number, 20).problem(402);
    let declined = order(&shop, &number);
    assert_eq!(declined["payment"]["status"], "FAILED");
    assert!(declined["payment"]["failureCode"].is_string());
}

/// T10: one meaning of `totalAmount`.
#[test]
fn the_total_of_a_completed_order_is_its_items() {
    let shop = TestShop::start();
    let product = shop.product(10_000, 5);
    let campaign = shop.campaign(5, &json!({}));
    shop.issue(ANN, campaign);
    shop.charge(ANN, 2_000);
    let body = json!({"items": items(product, 2), "couponId": campaign, "pointsToUse": 1_500, "totalAmount": 20_000});
    paid(&shop, &body);
    let event = shop.payload_of("OrderCompleted");
    let amounts = ["totalAmount", "discountAmount", "pointsUsed", "paidAmount"].map(|name| event[name].clone());
    assert_eq!(amounts, [20_000, 1_000, 1_500, 17_500].map(Value::from));
}

/// On the customers' paths, an admin token sees only the admin's own orders.
#[test]
fn an_admin_has_separate_paths() {
    let shop = TestShop::start();
    let number = shop.unpaid(ANN, 12_300);
    let path = |rest: &str| format!("/api/orders/{number}{rest}");
    for rest in ["", "/status", "/events"] {
        assert_eq!(shop.get(ADMIN, &path(rest)).problem(404), "order.not_found", "{rest}");
        shop.get(ADMIN, &format!("/api/admin/orders/{number}{rest}")).expect(200);
    }
    let process = json!({"receiver": receiver()});
    for (rest, body) in [
        ("/pay", json!({"method": "CARD"})),
        ("/process-payment-shipment", process),
        ("/cancel", json!({})),
        ("/refund", json!({})),
    ] {
        for user in [ADMIN, BOB] {
            assert_eq!(shop.post(user, &path(rest), &body).problem(404), "order.not_found", "{rest}");
        }
    }
    assert_eq!(shop.get(ANN, &path("")).expect(200)["outcome"], "AWAITING_PAYMENT");
    shop.post(ADMIN, &format!("/api/admin/orders/{number}/cancel"), &json!({})).expect(200);
}

#[test]
fn the_events_of_an_order_are_paged_if_a_limit_is_given() {
    let shop = TestShop::start();
    let number = paid(&shop, &json!({"items": items(shop.product(1_000, 5), 1)}));
    let path = format!("/api/orders/{number}/events");
    let all = shop.get(ANN, &path).expect(200);
    let (mut read, mut cursor) = (vec![], String::new());
    loop {
        let page = shop.get(ANN, &format!("{path}?limit=2{cursor}")).expect(200);
        let data = page["data"].as_array().unwrap();
        assert!((1..=2).contains(&data.len()), "{page}");
        read.extend(data.clone());
        let Some(next) = page["nextCursor"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    assert!(read.len() > 2);
    assert_eq!(all, json!({"data": read}));
}
