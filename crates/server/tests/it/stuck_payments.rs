//! Refunds that the provider declines: retried, left to an operator, retried and resolved by the operator.

use serde_json::{Value, json};
use server::security::auth::Role;

use crate::api_asking::in_both_executors;
use crate::api_modes::command;
use crate::dashboard::visit;
use crate::shop::{ADMIN, ANN, TestShop};

const STUCK: &str = "/api/admin/payments?state=STUCK";

/// Places and pays an order at this price; returns its number.
fn paid(shop: &TestShop, price: i64) -> String {
    let number = shop.unpaid(ANN, price);
    shop.pay(ANN, &number, 20).expect(200);
    number
}

fn decline(shop: &TestShop, operation: &str, times: Option<u32>) {
    shop.tell_provider(&json!({"script": "DECLINE", "deed": operation, "times": times}));
}

#[test]
fn a_refund_that_is_declined_once_succeeds_at_the_retry() {
    in_both_executors(|shop| {
        for path in ["refund", "cancel"] {
            let number = paid(shop, 1_000);
            decline(shop, "refund", Some(1));
            shop.post(ANN, &format!("/api/orders/{number}/{path}"), &Value::Null).expect(200);
            let payment = shop.payment_until("REFUNDED");
            assert_eq!((payment.captured, payment.refunded), (1_000, 1_000), "{path}");
        }
        assert_eq!(shop.own_statement(), shop.provider_statement());
        assert_eq!(shop.get(ADMIN, STUCK).expect(200)["data"], json!([]));
    });
}

#[test]
fn a_partial_refund_waits_for_the_one_in_progress() {
    let shop = TestShop::start();
    let product = shop.product(7_000, 10);
    let order = shop.order(ANN, &json!({"items": [{"productId": product, "quantity": 3}]})).expect(200);
    let number = order["orderNumber"].as_str().unwrap();
    shop.pay(ANN, number, 20).expect(200);
    decline(&shop, "refund", Some(1));
    let path = format!("/api/orders/{number}/refund");
    let one = json!({"lines": [{"productId": product, "quantity": 1}]});
    for _part in 0..3 {
        shop.post(ANN, &path, &one).expect(200);
    }
    shop.payment_until("REFUNDED");
    assert_eq!(shop.provider_statement().refunded, 21_000);
}

/// An operator's whole workflow: list, metric, retry, resolution; and the notices to the customer.
#[test]
fn a_permanently_declined_refund_waits_for_an_operator_who_retries_and_resolves() {
    let shop = TestShop::start();
    let (first, second) = (paid(&shop, 1_000), paid(&shop, 2_000));
    decline(&shop, "refund", None);
    for number in [&first, &second] {
        shop.post(ANN, &format!("/api/orders/{number}/refund"), &Value::Null).expect(200);
    }
    let found = shop.get_within(60, ADMIN, STUCK, |page| page["data"].as_array().is_some_and(|data| data.len() == 2));
    let stuck = &found["data"][0];
    let expected = json!({
        "state": "STUCK", "operation": "REFUND", "amount": 2_000, "captured": 2_000, "refunded": 0, "resolved": 0,
        "owed": 2_000, "tries": 6, "lastError": "card_declined", "orderNumber": second, "userId": ANN,
    });
    for (field, value) in expected.as_object().unwrap() {
        assert_eq!(&stuck[field], value, "{field}");
    }
    assert!(stuck["since"].is_string() && stuck["nextAttemptAt"].is_null(), "{stuck}");
    let own = visit(&shop, &shop.token(ADMIN, Role::Admin), &format!("/admin/orders/{second}")).text;
    for verb in ["retry", "resolve"] {
        let path = format!("data-path=\"/api/admin/payments/{}/{verb}\"", stuck["paymentId"].as_str().unwrap());
        assert!(own.contains(&path) && own.contains("PaymentStuck"), "{path}: {own}");
    }
    let page = shop.get(ADMIN, &format!("{STUCK}&limit=1")).expect(200);
    let next = format!("{STUCK}&limit=1&cursor={}", page["nextCursor"].as_str().unwrap());
    assert_eq!(shop.get(ADMIN, &next).expect(200)["data"][0]["orderNumber"], json!(first));
    assert!(command(&shop, &["payment", "stuck"]).contains(&second));
    shop.metrics_until("payments_stuck 2");
    let notices = shop.notices_of(ANN, "refund.delayed");
    assert_eq!(notices.len(), 2);
    assert_eq!((&notices[0]["status"], &notices[0]["amount"]), (&json!("DELAYED"), &json!(1_000)));

    let path = format!("/api/admin/payments/{}", stuck["paymentId"].as_str().unwrap());
    // A single retry: the provider still declines, perhaps before this is answered.
    let retried = shop.post(ADMIN, &format!("{path}/retry"), &json!({})).expect(200);
    assert!(retried["state"] == "REFUNDING" || retried["tries"] == 7, "{retried}");
    shop.get_until(ADMIN, &path, |payment| payment["state"] == "STUCK" && payment["tries"] == 7);
    let by_hand = json!({"reason": "the card was closed", "reference": "TR-17"});
    let keyed = [("idempotency-key", "by-hand")];
    let resolved = shop.ask(ADMIN, "POST", &format!("{path}/resolve"), &keyed, &by_hand).expect(200);
    assert_eq!(
        (&resolved["state"], &resolved["resolved"], &resolved["owed"]),
        (&json!("REFUNDED"), &json!(2_000), &json!(0))
    );
    let resolution = &resolved["resolution"];
    assert_eq!((&resolution["by"], &resolution["reference"]), (&json!(ADMIN), &json!("TR-17")));
    let again = shop.ask(ADMIN, "POST", &format!("{path}/resolve"), &keyed, &by_hand);
    assert_eq!(again.header("idempotency-replayed"), Some("true"));
    shop.get_until(ANN, &format!("/api/orders/{second}"), |order| order["status"] == "REFUNDED");

    shop.tell_provider(&json!({"script": "APPROVE"}));
    let first_payment = shop.get(ADMIN, STUCK).expect(200)["data"][0]["paymentId"].as_str().unwrap().to_owned();
    command(&shop, &["payment", "retry", &first_payment]);
    shop.get_until(ANN, &format!("/api/orders/{first}"), |order| order["status"] == "REFUNDED");
    assert!(command(&shop, &["payment", "stuck"]).contains("No payments are stuck"));
    shop.metrics_until("payments_stuck 0");
    assert_eq!(shop.notices_of(ANN, "refund.delayed").len(), 2, "the customer is told once");
    let audit = shop.get(ADMIN, "/api/admin/audit").expect(200);
    assert_eq!(audit["violations"], 0, "{audit:#}");
}

#[test]
fn only_stuck_payments_are_retried_or_resolved() {
    let shop = TestShop::start();
    paid(&shop, 1_000);
    let payments = shop.get(ADMIN, "/api/admin/payments").expect(200);
    assert_eq!(payments["data"][0]["state"], "CAPTURED");
    let path = format!("/api/admin/payments/{}", payments["data"][0]["paymentId"].as_str().unwrap());
    let by_hand = json!({"reason": "why", "reference": "where"});
    assert_eq!(shop.post(ADMIN, &format!("{path}/retry"), &json!({})).problem(409), "payment.not_stuck");
    assert_eq!(shop.post(ADMIN, &format!("{path}/resolve"), &by_hand).problem(409), "payment.not_stuck");
    for bad in [
        json!({}),
        json!({"reason": "why"}),
        json!({"reason": " ", "reference": "x"}),
        json!({"reason": "x", "reference": ""}),
    ] {
        assert_eq!(shop.post(ADMIN, &format!("{path}/resolve"), &bad).problem(400), "validation.failed", "{bad}");
    }
    assert_eq!(shop.post(ADMIN, "/api/admin/payments/PAY-1/retry", &json!({})).problem(404), "payment.not_found");
    assert_eq!(shop.get(ADMIN, "/api/admin/payments?state=LOST").problem(400), "validation.failed");
    assert_eq!(shop.post(ANN, &format!("{path}/retry"), &json!({})).problem(403), "auth.forbidden");
}
