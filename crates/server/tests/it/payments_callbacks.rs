//! Callbacks over HTTP: accepted if signed, applied once, and never booked if they contradict the payment.

use std::time::{SystemTime, UNIX_EPOCH};

use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha2::Sha256;

use crate::client::Answer;
use crate::contract;
use crate::paying::CALLBACK_SECRETS;
use crate::shop::{ADMIN, ANN, TestShop};

const PATH: &str = "/api/payments/callbacks/scripted";

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

fn signed(secret: &str, seconds: u64, body: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(format!("{seconds}.{body}").as_bytes());
    let hex: String = mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("t={seconds},v1={hex}")
}

/// Sends a callback without a token, as a provider does.
fn call_back(shop: &TestShop, path: &str, signature: &str, body: &str) -> Answer {
    let headers = [("content-type", "application/json"), ("stripe-signature", signature)];
    let answer = shop.client().send("POST", path, &headers, body).unwrap();
    contract::assert_foreseen("POST", path, &answer);
    answer
}

fn believed(shop: &TestShop, body: &Value) {
    let body = body.to_string();
    let answer = call_back(shop, PATH, &signed("whsec_new", now(), &body), &body);
    assert_eq!(answer.expect(200), json!({"isTaken": true}));
}

/// A shop with a payment whose provider does not answer, and the callback that will report the authorization.
fn waiting() -> (TestShop, String, Value) {
    let shop = TestShop::start_with(&[CALLBACK_SECRETS]);
    shop.tell_provider(&json!({"script": "UNREACHABLE", "deed": "authorize"}));
    let number = shop.unpaid(ANN, 8_000);
    let payment = shop.pay(ANN, &number, 0).expect(202)["paymentId"].as_str().unwrap().to_owned();
    let key = format!("{number}.{}/1/authorize", shop.newest_payment().order_ms);
    let callback = json!({
        "id": "evt_1", "order": number, "payment": payment, "key": key,
        "deed": "authorize", "currency": "krw",
        "outcome": {"status": "approved", "reference": "sp_1", "amount": 8_000},
    });
    (shop, number, callback)
}

fn completes(shop: &TestShop, number: &str) {
    shop.get_until(ANN, &format!("/api/orders/{number}"), |order| order["outcome"] == "COMPLETED");
}

#[test]
fn a_hundred_identical_callbacks_at_once_are_one() {
    let (shop, number, callback) = waiting();
    std::thread::scope(|scope| {
        for _ in 0..100 {
            scope.spawn(|| believed(&shop, &callback));
        }
    });
    completes(&shop, &number);
    assert_eq!((shop.events_of("PaymentAuthorized"), shop.events_of("PaymentCaptured")), (1, 1));
    believed(&shop, &callback);
    assert_eq!(shop.newest_payment().captured, 8_000, "told again later, it changes nothing");
}

#[test]
fn only_a_signed_callback_is_accepted() {
    let (shop, number, callback) = waiting();
    let (body, other) = (callback.to_string(), callback.to_string().replace("8000", "8"));
    let refused = |signature: &str, body: &str| call_back(&shop, PATH, signature, body).problem(401);
    for (signature, body, why) in [
        (String::new(), &body, "none"),
        ("t=1,v1=00".to_owned(), &body, "made up"),
        (signed("whsec_other", now(), &body), &body, "another secret"),
        (signed("whsec_new", now(), &body), &other, "another body"),
        (signed("whsec_new", now() - 301, &body), &body, "old"),
        (signed("whsec_new", now() + 330, &body), &body, "ahead"),
        (signed("whsec_new", now(), &body).replace("v1", "v0"), &body, "another scheme"),
    ] {
        assert_eq!(refused(&signature, body), "payment.callback_unsigned", "{why}");
    }
    assert_eq!(shop.events_of("PaymentAuthorized"), 0, "nothing of it was taken in");
    // The previous secret is still accepted.
    assert_eq!(call_back(&shop, PATH, &signed("whsec_old", now() - 200, &body), &body).status, 200);
    completes(&shop, &number);
}

#[test]
fn a_signed_callback_that_contradicts_the_payment_is_not_booked() {
    let (shop, number, callback) = waiting();
    let changed = |pointer: &str, value: Value| {
        let mut callback = callback.clone();
        callback["id"] = json!(format!("evt{pointer}"));
        *callback.pointer_mut(pointer).unwrap() = value;
        callback
    };
    let of_order = callback["key"].as_str().unwrap().split('/').next().unwrap().to_owned();
    for lie in [
        changed("/outcome/amount", json!(7_999)),
        changed("/currency", json!("usd")),
        changed("/key", json!(format!("{of_order}/2/authorize"))),
        changed("/key", json!(format!("{of_order}/1/capture"))),
        // An order that had this number before a backup was restored.
        changed("/key", json!(format!("{number}.7/1/authorize"))),
        changed("/key", json!(format!("{number}/1/authorize"))),
        changed("/order", json!("ORD-00000000")),
        changed("/payment", json!("PAY-00000000")),
        changed("/deed", json!("refund")),
    ] {
        believed(&shop, &lie);
        assert_eq!(shop.events_of("PaymentAuthorized"), 0, "{lie}");
    }
    assert_eq!(shop.newest_payment().captured, 0);
    let metrics = shop.get(ADMIN, "/metrics").text;
    assert!(metrics.contains("payment_mismatches_total 2"), "another amount and another currency:\n{metrics}");
    believed(&shop, &callback);
    completes(&shop, &number);
}

#[test]
fn a_callback_may_report_a_decline() {
    let (shop, number, mut callback) = waiting();
    callback["outcome"] = json!({"status": "declined", "code": "lost_card", "reference": null});
    believed(&shop, &callback);
    shop.payment_until("DECLINED");
    let order = shop.get(ANN, &format!("/api/orders/{number}")).expect(200);
    assert_eq!(order["outcome"], "AWAITING_PAYMENT");
}

#[test]
fn a_malformed_callback_is_refused_after_its_signature_was_checked() {
    let shop = TestShop::start_with(&[CALLBACK_SECRETS]);
    for body in ["", "hello", "{}", "[1]", r#"{"id": 7}"#] {
        let answer = call_back(&shop, PATH, &signed("whsec_new", now(), body), body);
        assert_eq!(answer.problem(400), "validation.failed", "{body}");
        assert_eq!(call_back(&shop, PATH, "t=1,v1=00", body).problem(401), "payment.callback_unsigned", "{body}");
    }
    let large = "x".repeat(70_000);
    assert_eq!(call_back(&shop, PATH, &signed("whsec_new", now(), &large), &large).problem(413), "body.too_large");
    let stranger = call_back(&shop, "/api/payments/callbacks/stripe", &signed("whsec_new", now(), "{}"), "{}");
    assert_eq!(stranger.problem(404), "payment.provider_not_found");
}
