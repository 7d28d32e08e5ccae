//! Payments end to end, with a provider that approves, declines, is late, calls back twice, or does not answer.

use std::time::{SystemTime, UNIX_EPOCH};

use app::events::wire_time;
use domain::time::Timestamp;
use serde_json::{Value, json};

use crate::api_asking::in_both_executors;
use crate::client::Answer;
use crate::notices_shared::shops;
use crate::paying::Statement;
use crate::shared::Database;
use crate::shop::{ADMIN, ANN, BOB, TestShop};

/// Asserts that the books of the shop and the provider agree.
#[track_caller]
fn assert_statements(shop: &TestShop, captured: i64, refunded: i64) {
    let expected = Statement { captured, refunded };
    assert_eq!((shop.own_statement(), shop.provider_statement()), (expected, expected));
}

/// Pays an order at this price, which tells the provider how to behave, and checks the result.
fn pays_in_the_end(shop: &TestShop, price: i64) {
    let before = shop.provider_statement();
    let number = shop.unpaid(ANN, price);
    let paid = shop.pay(ANN, &number, 30).expect(200);
    assert_eq!(paid["status"], "COMPLETED");
    let order = shop.get(ANN, &format!("/api/orders/{number}")).expect(200);
    assert_eq!((&order["outcome"], &order["status"]), (&json!("COMPLETED"), &json!("PAYMENT_COMPLETED")));
    let payment = shop.newest_payment();
    assert_eq!((payment.authorized, payment.captured, payment.refunded), (price, price, 0));
    assert_statements(shop, before.captured + price, 0);
}

#[test]
fn a_payment_that_is_approved_completes_its_order() {
    in_both_executors(|shop| {
        pays_in_the_end(shop, 12_300);
        assert_eq!(shop.events_of("PaymentCaptured"), 1);
    });
}

#[test]
fn a_lost_answer_is_queried() {
    let shop = TestShop::start();
    pays_in_the_end(&shop, 40_504);
    let metrics = shop.get(ADMIN, "/metrics").text;
    for line in [
        r#"payment_calls_total{deed="authorize",way="do",answer="unknown"} 1"#,
        r#"payment_calls_total{deed="authorize",way="look_up",answer="approved"} 1"#,
        r#"payment_calls_total{deed="capture",way="do",answer="unknown"} 1"#,
    ] {
        assert!(metrics.contains(line), "{line} is missing in\n{metrics}");
    }
}

#[test]
fn a_payment_that_succeeds_after_its_time_out_is_captured_once() {
    let shop = TestShop::start();
    pays_in_the_end(&shop, 40_408);
    assert_eq!((shop.events_of("PaymentAuthorized"), shop.events_of("PaymentCaptured")), (1, 1));
}

#[test]
fn a_callback_may_come_before_the_answer_and_twice() {
    let shop = TestShop::start();
    pays_in_the_end(&shop, 40_102);
    pays_in_the_end(&shop, 40_208);
    assert_eq!((shop.events_of("PaymentAuthorized"), shop.events_of("PaymentCaptured")), (2, 2));
}

#[test]
fn a_wrong_amount_is_never_booked() {
    let shop = TestShop::start();
    pays_in_the_end(&shop, 40_409);
    let metrics = shop.get(ADMIN, "/metrics").text;
    assert!(metrics.contains("payment_mismatches_total 2"), "once each for authorization and capture:\n{metrics}");
}

#[test]
fn a_declined_payment_is_reported_and_may_be_retried() {
    in_both_executors(|shop| {
        let number = shop.unpaid(ANN, 9_000);
        shop.tell_provider(&json!({"script": "DECLINE", "deed": "authorize", "times": 2}));
        assert_eq!(shop.pay(ANN, &number, 20).problem(402), "payment.declined");
        let path = format!("/api/orders/{number}");
        assert_eq!(shop.get(ANN, &path).expect(200)["outcome"], "AWAITING_PAYMENT");
        assert_eq!(shop.pay(ANN, &number, 20).problem(402), "payment.declined");
        assert_eq!(shop.pay(ANN, &number, 20).expect(200)["status"], "COMPLETED");
        assert_statements(shop, 9_000, 0);
        assert_eq!(shop.pay(ANN, &number, 20).problem(409), "payment.already_paid");
    });
}

/// Returns a refusal's code, `retryable` and detail.
fn refusal(answer: &Answer, status: u16) -> (String, bool, String) {
    let (code, told) = (answer.problem(status), answer.json());
    (code, told["retryable"].as_bool().unwrap(), told["detail"].as_str().unwrap().to_owned())
}

/// T5: message, code and `retryable` agree with the order, also just before it can be paid.
#[test]
fn answers_about_a_payment_agree_with_its_order() {
    let shop = TestShop::start();
    let number = shop.unpaid(ANN, 40_402);
    let (code, is_retryable, detail) = refusal(&shop.pay(ANN, &number, 20), 402);
    assert!(code == "payment.declined" && is_retryable && detail.contains("can be paid again"), "{detail}");

    let number = shop.unpaid(ANN, 1_000);
    shop.pay(ANN, &number, 20).expect(200);
    let path = format!("/api/orders/{number}/process-payment-shipment");
    let taken = shop.post(ANN, &path, &json!({"warehouseStorage": true})).expect(202);
    assert!(!taken["message"].as_str().unwrap().contains("payment"), "{taken}");
    shop.post(ANN, &format!("/api/orders/{number}/refund"), &Value::Null).expect(200);
    shop.payment_until("REFUNDED");
    assert_eq!(refusal(&shop.pay(ANN, &number, 0), 409).0, "order.not_payable");

    let body = json!({"service": "stockService", "out": true, "reason": "a rehearsal"});
    shop.ask(ADMIN, "PUT", "/api/admin/services", &[], &body).expect(200);
    let product = shop.product(1_000, 10);
    let pending = shop.order(ANN, &json!({"items": [{"productId": product, "quantity": 1}]})).number(202).to_owned();
    for path in ["pay", "process-payment-shipment"] {
        let wanted = if path == "pay" { json!({"method": "CARD"}) } else { json!({"warehouseStorage": true}) };
        let answer = shop.post(ANN, &format!("/api/orders/{pending}/{path}"), &wanted);
        let (code, is_retryable, detail) = refusal(&answer, 409);
        assert_eq!((code.as_str(), is_retryable), ("payment.not_yet_due", true), "{detail}");
        // The time of the participant's next attempt, whose breaker may be open.
        let retry_after: u64 = answer.header("retry-after").unwrap().parse().unwrap();
        assert!((1..=30).contains(&retry_after), "{retry_after}");
    }
}

fn now() -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    wire_time::format(Timestamp::from_micros(now.as_micros() as i64))
}

/// A payment that fails after the deadline does not invite to another one.
#[test]
fn after_the_deadline_no_answer_says_that_the_order_can_be_paid_again() {
    let shop = TestShop::start_with(&[("DOORBUSTER__ORDERS__PAY_WITHIN_S", "3")]);
    let number = shop.unpaid(ANN, 1_000);
    shop.tell_provider(&json!({"script": "UNREACHABLE"}));
    let path = format!("/api/orders/{number}");
    let end = shop.get(ANN, &path).expect(200)["payBefore"].as_str().unwrap().to_owned();
    let pay = |wait: &str| {
        let headers = [("prefer", wait), ("idempotency-key", "once")];
        shop.ask(ANN, "POST", &format!("{path}/pay"), &headers, &json!({"method": "CARD"}))
    };
    pay("wait=0").expect(202);
    shop.get_until(ANN, &format!("{path}/status"), |_status| now() > end);
    shop.tell_provider(&json!({"script": "DECLINE"}));
    // The same request again, which waits for the same attempt.
    let answer = pay("wait=20");
    let (code, is_retryable, detail) = refusal(&answer, answer.status);
    assert!(["payment.declined", "order.not_payable"].contains(&code.as_str()) && !is_retryable, "{code}: {detail}");
    let ended = shop.get_until(ANN, &path, |order| order["outcome"] == "CANCELLED");
    assert_eq!(ended["reason"], "payment.expired");
}

/// The same key has the same final result, and a cancelled order is never reported as payable.
#[test]
fn a_repeated_payment_key_returns_the_final_result() {
    let shop = TestShop::start();
    let pay = |number: &str| {
        let headers = [("prefer", "wait=0"), ("idempotency-key", number)];
        shop.ask(ANN, "POST", &format!("/api/orders/{number}/pay"), &headers, &json!({"method": "CARD"}))
    };
    let number = shop.unpaid(ANN, 1_000);
    shop.tell_provider(&json!({"script": "UNREACHABLE"}));
    pay(&number).expect(202);
    shop.post(ANN, &format!("/api/orders/{number}/cancel"), &json!({})).expect(200);
    let first = refusal(&pay(&number), 409);
    assert_eq!((first.0.as_str(), first.1), ("order.not_payable", false));
    shop.tell_provider(&json!({"script": "APPROVE"}));
    shop.payment_when(|payment| payment.tries.is_none());
    assert_eq!(refusal(&pay(&number), 409), first);

    // A refused payment stays refused when a later one pays for the order.
    let number = shop.unpaid(ANN, 1_000);
    shop.tell_provider(&json!({"script": "FAIL_AFTER_PENDING", "deed": "authorize", "times": 1}));
    pay(&number).expect(202);
    shop.payment_until("DECLINED");
    assert!(refusal(&pay(&number), 402).1);
    shop.tell_provider(&json!({"script": "APPROVE", "times": 2}));
    shop.pay(ANN, &number, 20).expect(200);
    let (code, is_retryable, _) = refusal(&pay(&number), 402);
    assert_eq!((code.as_str(), is_retryable), ("payment.declined", false));
}

/// T3: after a 202, the customer learns of the decline by a notice and by the order's status.
#[test]
fn a_decline_after_the_answer_is_notified() {
    in_both_executors(|shop| {
        let number = shop.unpaid(ANN, 1_000);
        shop.tell_provider(&json!({"script": "FAIL_AFTER_PENDING", "deed": "authorize", "times": 1}));
        let path = format!("/api/orders/{number}/status");
        assert!(shop.get(ANN, &path).expect(200)["payment"].is_null());
        shop.pay(ANN, &number, 0).expect(202);
        let status = shop.get_until(ANN, &path, |status| status["payment"]["status"] == "FAILED");
        assert_eq!(status["payment"]["code"], "failed");
        let notices = shop.notices_within(10, ANN, "payment.failed");
        assert_eq!((&notices[0]["orderId"], &notices[0]["status"]), (&json!(number), &json!("FAILED")));
        assert_eq!((&notices[0]["code"], notices.len()), (&json!("failed"), 1));
    });
}

/// Processes share the provider's ledger and its script.
#[test]
fn processes_that_share_a_database_share_the_providers_book() {
    let Some(database) = Database::new("processes_that_share_a_database_share_the_providers_book") else { return };
    let [here, there] = shops(&database, &[]);
    here.tell_provider(&json!({"script": "DECLINE", "deed": "authorize", "times": 1}));
    assert_eq!(there.get(ADMIN, "/api/admin/payments/script").expect(200)["script"], "DECLINE");
    let number = there.unpaid(ANN, 1_000);
    assert_eq!(there.pay(ANN, &number, 20).problem(402), "payment.declined");
    assert_eq!(here.get(ADMIN, "/api/admin/payments/script").expect(200)["script"], "APPROVE");
    here.pay(ANN, &number, 20).expect(200);
    there.post(ANN, &format!("/api/orders/{number}/refund"), &Value::Null).expect(200);
    there.get_until(ANN, &format!("/api/orders/{number}"), |order| order["status"] == "REFUNDED");
}

#[test]
fn a_late_success_of_a_cancelled_order_is_returned_automatically() {
    let shop = TestShop::start();
    // During authorization, and during capture.
    for (operation, state) in [("authorize", "VOIDED"), ("capture", "REFUNDED")] {
        let number = shop.unpaid(ANN, 9_000);
        shop.tell_provider(&json!({"script": "TIME_OUT_THEN_SUCCEED", "deed": operation, "times": 1}));
        assert_eq!(shop.pay(ANN, &number, 0).expect(202)["status"], "PROCESSING");
        let under_way = if operation == "authorize" { "AUTHORIZING" } else { "CAPTURING" };
        // The provider was called and has not answered.
        shop.payment_when(|payment| payment.state == under_way && payment.tries == Some(1));
        let cancelled = shop.post(ANN, &format!("/api/orders/{number}/cancel"), &json!({})).expect(200);
        assert_ne!(cancelled["outcome"], "COMPLETED");
        let payment = shop.payment_until(state);
        assert_eq!(payment.captured, payment.refunded, "{operation}");
        let order = shop.get(ANN, &format!("/api/orders/{number}")).expect(200);
        assert_eq!(order["outcome"], "CANCELLED");
    }
    assert_statements(&shop, 9_000, 9_000);
}

#[test]
fn partial_refunds_survive_a_lost_answer() {
    let shop = TestShop::start();
    let product = shop.product(7_000, 10);
    let order = shop.order(ANN, &json!({"items": [{"productId": product, "quantity": 3}]})).expect(200);
    let number = order["orderNumber"].as_str().unwrap();
    shop.pay(ANN, number, 20).expect(200);
    shop.tell_provider(&json!({"script": "LOSE_ANSWER", "deed": "refund"}));
    let path = format!("/api/orders/{number}/refund");
    let one = json!({"lines": [{"productId": product, "quantity": 1}]});
    shop.ask(ANN, "POST", &path, &[("prefer", "wait=20")], &one).expect(200);
    shop.payment_until("CAPTURED");
    assert_statements(&shop, 21_000, 7_000);
    shop.ask(ANN, "POST", &path, &[("prefer", "wait=20")], &Value::Null).expect(200);
    shop.payment_until("REFUNDED");
    assert_statements(&shop, 21_000, 21_000);
}

const BREAKER_OPEN: &str = r#"doorbuster_breaker_open{service="payment"} 1"#;

/// A payment outage does not stop orders (R-15): payments wait as rows, and no attempt is used up.
#[test]
fn orders_are_accepted_while_the_provider_is_unreachable() {
    let shop = TestShop::start_with(&[("DOORBUSTER__PAYMENT__BREAKER_OPEN_MS", "3000")]);
    shop.tell_provider(&json!({"script": "UNREACHABLE"}));
    let numbers: Vec<String> = (0..8).map(|_| shop.unpaid(ANN, 1_000)).collect();
    for number in &numbers {
        assert_eq!(shop.pay(ANN, number, 0).expect(202)["status"], "PROCESSING");
    }
    let is_open = |shop: &TestShop| shop.get(ADMIN, "/metrics").text.contains(BREAKER_OPEN);
    let opened = (0..400).any(|_| {
        std::thread::sleep(std::time::Duration::from_millis(25));
        is_open(&shop)
    });
    assert!(opened, "the breaker opens");
    let late = shop.unpaid(BOB, 2_000);
    assert_eq!(shop.pay(BOB, &late, 0).expect(202)["status"], "PROCESSING");
    let waiting = shop.newest_payment();
    assert_eq!((waiting.state.as_str(), waiting.tries), ("AUTHORIZING", Some(0)), "it waits, and was not tried");
    shop.tell_provider(&json!({"script": "APPROVE"}));
    for (user, number) in numbers.iter().map(|number| (ANN, number)).chain([(BOB, &late)]) {
        let order = shop.get_until(user, &format!("/api/orders/{number}"), |order| order["outcome"] == "COMPLETED");
        assert_eq!(order["status"], "PAYMENT_COMPLETED");
    }
    assert_statements(&shop, 8 * 1_000 + 2_000, 0);
    assert!(!is_open(&shop), "the breaker is closed again");
}

#[test]
fn payments_in_progress_at_a_stop_are_finished_after_it() {
    let mut shop = TestShop::start();
    let number = shop.unpaid(ANN, 40_504);
    shop.pay(ANN, &number, 0).expect(202);
    shop.stop();
    shop.open();
    shop.get_until(ANN, &format!("/api/orders/{number}"), |order| order["outcome"] == "COMPLETED");
    assert_statements(&shop, 40_504, 0);
}

#[test]
fn only_admins_set_the_providers_script_and_only_known_ones() {
    let shop = TestShop::start();
    let path = "/api/admin/payments/script";
    let plain = shop.get(ADMIN, path).expect(200);
    assert_eq!(plain["script"], "APPROVE");
    assert!(plain["amounts"].as_array().unwrap().contains(&json!({"amount": 40_402, "script": "DECLINE"})));
    let told = shop.post(ADMIN, path, &json!({"script": "DECLINE", "deed": "capture", "times": 3})).expect(200);
    assert_eq!((&told["script"], &told["deed"], &told["times"]), (&json!("DECLINE"), &json!("capture"), &json!(3)));
    for bad in [
        json!({}),
        json!({"script": "EXPLODE"}),
        json!({"script": "DECLINE", "deed": "steal"}),
        json!({"script": "DECLINE", "times": 0}),
        json!({"script": "DECLINE", "amount": 1}),
    ] {
        assert_eq!(shop.post(ADMIN, path, &bad).problem(400), "validation.failed", "{bad}");
    }
    assert_eq!(shop.get(ADMIN, path).expect(200), told);
}

#[test]
fn only_the_scripted_provider_takes_a_script() {
    let shop = TestShop::start_with(&[
        ("DOORBUSTER__PAYMENT__PROVIDER", "http"),
        ("DOORBUSTER__PAYMENT__URL", "http://127.0.0.1:9"),
        ("DOORBUSTER_PAYMENT_KEY", "sk_test_123"),
    ]);
    assert_eq!(shop.get(ADMIN, "/api/admin/payments/script").problem(409), "payment.not_scripted");
    // The provider is unreachable too; the order waits.
    let number = shop.unpaid(ANN, 1_000);
    assert_eq!(shop.pay(ANN, &number, 0).expect(202)["status"], "PROCESSING");
}
