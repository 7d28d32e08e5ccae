//! T6, T15: estimates of orders and payments are measured, and are never before the next attempt.

use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::api_asking::{in_both_executors, items};
use crate::api_modes::switch;
use crate::buyers::until;
use crate::client::Answer;
use crate::shared::Database;
use crate::shop::{ADMIN, ANN, BOB, TestShop};

/// Orders that fail until the coupon breaker opens, and how many seconds it stays open.
const COUPON_CALLS: usize = 3;
const COUPON_OPEN_S: u64 = 20;
/// The same for the payment provider's breaker, as configured here.
const PROVIDER_CALLS: usize = 5;
const PROVIDER_OPEN_S: u64 = 90;
const BREAKER_OPEN: (&str, &str) = ("DOORBUSTER__PAYMENT__BREAKER_OPEN_MS", "90000");

/// Returns the seconds of an ISO 8601 duration of whole minutes and seconds.
fn seconds(duration: &Value) -> u64 {
    let text = duration.as_str().unwrap().strip_prefix("PT").unwrap();
    let (minutes, rest) = text.split_once('M').unwrap_or(("0", text));
    minutes.parse::<u64>().unwrap() * 60 + rest.strip_suffix('S').unwrap_or("0").parse::<u64>().unwrap()
}

fn retry_after(answer: &Answer) -> u64 {
    answer.header("retry-after").unwrap().parse().unwrap()
}

/// Returns the estimate of a receipt, which is also its retry time.
#[track_caller]
fn told(answer: &Answer) -> u64 {
    let told = seconds(&answer.expect(202)["estimatedProcessingTime"]);
    assert_eq!(retry_after(answer), told);
    told
}

/// Returns how many seconds ahead an order's estimate is; it is never in the past.
#[track_caller]
fn ahead(shop: &TestShop, user: i64, number: &str) -> Option<u64> {
    let asked_at = Timestamp::now();
    let status = shop.get(user, &format!("/api/orders/{number}/status")).expect(200);
    let at: Timestamp = status.get("estimatedCompletion")?.as_str().unwrap().parse().unwrap();
    // Times are truncated to milliseconds.
    let left = Duration::try_from(at.duration_since(asked_at) + jiff::SignedDuration::from_millis(1));
    Some(left.unwrap_or_else(|_| panic!("{at} is before {asked_at}: {status}")).as_secs())
}

/// Checks the seconds until the next attempt of a breaker that opened at a given time, on a machine of any speed.
#[track_caller]
fn assert_waits(seconds: u64, (since, open_s): (Instant, u64)) {
    let least = open_s.saturating_sub(since.elapsed().as_secs() + 1);
    assert!((least..=open_s).contains(&seconds), "{seconds} is not in {least} to {open_s}");
}

fn place(shop: &TestShop, user: i64, body: &Value) -> Answer {
    shop.post(user, "/api/orders", body)
}

#[test]
fn a_default_estimate_is_used_until_an_order_was_measured() {
    in_both_executors(|shop| {
        let product = shop.product(10_000, 1_000);
        let wanted = json!({"items": items(product, 1)});
        switch(shop, "stockService", true);
        let first = place(shop, ANN, &wanted);
        let number = first.number(202).to_owned();
        assert_eq!((&first.json()["estimatedProcessingTime"], retry_after(&first)), (&json!("PT10S"), 1));
        assert!(ahead(shop, ANN, &number).is_some());
        switch(shop, "stockService", false);
        let path = format!("/api/orders/{number}");
        shop.get_until(ANN, &path, |order| order["outcome"] == "AWAITING_PAYMENT");
        assert_eq!(ahead(shop, ANN, &number), None, "its customer is waited for");
        // It was retried after five seconds, and no other order was slower.
        until("measured", || place(shop, BOB, &wanted).expect(202)["estimatedProcessingTime"] != "PT10S");
        let next = told(&place(shop, BOB, &wanted));
        assert!((5..60).contains(&next), "{next}");
    });
}

/// no estimate is before the breaker's next attempt, except for orders that do not need that participant.
#[test]
fn no_estimate_is_before_the_participants_next_attempt() {
    in_both_executors(|shop| {
        let product = shop.product(10_000, 50);
        let campaign = shop.campaign(50, &json!({"maxIssuePerUser": 9}));
        (0..=COUPON_CALLS).for_each(|_| drop(shop.issue(BOB, campaign)));
        switch(shop, "couponService", true);
        let wanted = json!({"items": items(product, 1), "couponId": campaign});
        let open = (Instant::now(), COUPON_OPEN_S);
        (0..COUPON_CALLS).for_each(|_| drop(place(shop, BOB, &wanted).expect(202)));
        let is_open = || shop.get(ADMIN, "/api/admin/services").expect(200)["data"][1]["breaker"] == "open";
        until("the breaker is open", is_open);
        let answer = place(shop, BOB, &wanted);
        assert_waits(told(&answer), open);
        assert_waits(ahead(shop, BOB, &answer.number(202)).unwrap(), open);
        let paying = shop.post(BOB, &format!("/api/orders/{}/pay", answer.number(202)), &json!({"method": "CARD"}));
        assert_eq!(paying.problem(409), "payment.not_yet_due");
        assert_waits(retry_after(&paying), open);
        let without = place(shop, ANN, &json!({"items": items(product, 1)}));
        let told = seconds(&without.expect(202)["estimatedProcessingTime"]);
        assert!(told <= 10, "{told}");
    });
}

fn begin_to_pay(shop: &TestShop) -> String {
    let number = shop.unpaid(ANN, 12_300);
    shop.pay(ANN, &number, 0).expect(202);
    number
}

#[test]
fn a_payment_has_an_estimate_while_it_is_in_progress() {
    in_both_executors(|shop| {
        shop.tell_provider(&json!({"script": "UNREACHABLE"}));
        let number = begin_to_pay(shop);
        assert!(ahead(shop, ANN, &number).is_some());
        shop.payment_when(|ledger| ledger.tries > Some(0));
        assert!(ahead(shop, ANN, &number).is_some());
        shop.tell_provider(&json!({"script": "APPROVE"}));
        shop.payment_until("CAPTURED");
        assert_eq!(ahead(shop, ANN, &number), None);
    });
}

#[test]
fn no_payment_estimate_is_before_the_providers_next_attempt() {
    for settings in [&[BREAKER_OPEN][..], &[BREAKER_OPEN, ("DOORBUSTER__ENGINE__EXECUTOR", "log")]] {
        let shop = TestShop::start_with(settings);
        let (late, later, again) = (shop.unpaid(ANN, 1_000), shop.unpaid(ANN, 1_000), shop.unpaid(ANN, 1_000));
        shop.tell_provider(&json!({"script": "UNREACHABLE"}));
        let open = (Instant::now(), PROVIDER_OPEN_S);
        (0..PROVIDER_CALLS).for_each(|_| drop(begin_to_pay(&shop)));
        shop.metrics_until("doorbuster_breaker_open{service=\"payment\"} 1");
        let sent = shop.post(
            ANN,
            &format!("/api/orders/{late}/process-payment-shipment"),
            &json!({"payment": {"method": "CARD"}, "warehouseStorage": true}),
        );
        assert_waits(told(&sent), open);
        let paid = shop.pay(ANN, &later, 0);
        assert_eq!(paid.expect(202)["status"], "PROCESSING");
        assert_waits(retry_after(&paid), open);
        for number in [&late, &later] {
            assert_waits(ahead(&shop, ANN, number).unwrap(), open);
        }
        shop.pay(ANN, &again, 0).expect(202);
        let refused = shop.ask(ANN, "POST", &format!("/api/orders/{again}/pay"), &[], &json!({"method": "ACCOUNT"}));
        assert_eq!(refused.problem(409), "payment.in_progress");
        assert_waits(retry_after(&refused), open);
    }
}

/// A process that does not call the provider knows only what is in the rows.
#[test]
fn a_process_without_payment_loop_gives_no_estimate_of_an_overdue_payment() {
    let Some(database) = Database::new("a_process_without_a_cashier") else { return };
    let settings = [("DATABASE_URL", &*database.url()), ("DOORBUSTER__PAYMENT__TIMEOUT_MS", "1000")];
    let shop = TestShop::start_as(&settings, &["--roles", "api"]);
    let number = shop.unpaid(ANN, 12_300);
    assert_eq!(ahead(&shop, ANN, &number), None);
    shop.pay(ANN, &number, 0).expect(202);
    assert!(ahead(&shop, ANN, &number).is_some(), "it is due, and may be asked about at any moment");
    until("it is overdue, so nobody asks", || ahead(&shop, ANN, &number).is_none());
}

/// An open breaker is an alert, by which processes without that breaker know its next attempt.
#[test]
fn no_estimate_of_another_process_is_before_the_breakers_next_attempt() {
    let Some(database) = Database::new("no_estimate_of_another_process") else { return };
    let url = database.url();
    let settings = [("DATABASE_URL", &*url), BREAKER_OPEN, ("DOORBUSTER__ENGINE__EXECUTOR", "log")];
    let (worker, api) = (TestShop::start_with(&settings), TestShop::start_as(&settings, &["--roles", "api"]));
    let product = worker.product(10_000, 50);
    let campaign = worker.campaign(50, &json!({"maxIssuePerUser": 9}));
    (0..=COUPON_CALLS).for_each(|_| drop(worker.issue(BOB, campaign)));
    let numbers: Vec<String> = (0..=PROVIDER_CALLS).map(|_| worker.unpaid(ANN, 1_000)).collect();
    worker.tell_provider(&json!({"script": "UNREACHABLE"}));
    let provider = (Instant::now(), PROVIDER_OPEN_S);
    numbers[1..].iter().for_each(|number| drop(worker.pay(ANN, number, 0).expect(202)));
    worker.metrics_until("doorbuster_breaker_open{service=\"payment\"} 1");
    api.metrics_until("doorbuster_alerts_open{code=\"BREAKER_OPEN\"} 1");
    let paid = api.pay(ANN, &numbers[0], 0);
    assert_eq!(paid.expect(202)["status"], "PROCESSING");
    assert_waits(retry_after(&paid), provider);
    assert_waits(ahead(&api, ANN, &numbers[0]).unwrap(), provider);

    switch(&worker, "couponService", true);
    let wanted = json!({"items": items(product, 1), "couponId": campaign});
    let open = (Instant::now(), COUPON_OPEN_S);
    (0..COUPON_CALLS).for_each(|_| drop(place(&worker, BOB, &wanted).expect(202)));
    worker.metrics_until("doorbuster_breaker_open{service=\"coupon\"} 1");
    api.metrics_until("doorbuster_alerts_open{code=\"BREAKER_OPEN\"} 2");
    let answer = place(&api, BOB, &wanted);
    assert_waits(told(&answer), open);
    assert_waits(ahead(&api, BOB, &answer.number(202)).unwrap(), open);
}
