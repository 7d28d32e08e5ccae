//! Processing modes over HTTP: chosen, changed at run time, recorded; and participants that are out of service.

use serde_json::{Value, json};

use crate::api_asking::{assert_like, in_both_executors, items};
use crate::shop::{ADMIN, ANN, BOB, SECRET, TestShop};

const MODES: &str = "/api/admin/modes";

fn change(shop: &TestShop, body: &Value) -> Value {
    shop.ask(ADMIN, "PUT", MODES, &[], body).expect(200)
}

fn mode_of(order: &Value) -> (&str, &str) {
    (order["mode"].as_str().unwrap(), order["chosenBy"].as_str().unwrap_or("named"))
}

#[test]
fn an_admin_may_choose_any_of_the_six_modes() {
    in_both_executors(|shop| {
        let product = shop.product(10_000, 50);
        for (named, recorded) in [
            ("parallel", ("parallel", "named")),
            ("sequential", ("sequential", "named")),
            ("adaptive", ("parallel", "adaptive")),
            ("gradual", ("sequential", "gradual")),
            ("atomic", ("atomic", "named")),
            ("sync", ("sync", "named")),
        ] {
            let order = shop.order(ADMIN, &json!({"items": items(product, 1), "mode": named})).expect(200);
            assert_eq!((mode_of(&order), &order["outcome"]), (recorded, &json!("AWAITING_PAYMENT")), "{named}");
        }
    });
}

/// A synchronous order is answered with the order itself, without `Prefer: wait`; so is its repeat.
#[test]
fn a_synchronous_order_is_answered_with_its_outcome() {
    in_both_executors(|shop| {
        change(shop, &json!({"mode": "sync", "reason": "before"}));
        let product = shop.product(10_000, 1);
        let body = json!({"items": items(product, 1)});
        let first = shop.ask(ANN, "POST", "/api/orders", &[("idempotency-key", "one")], &body);
        assert_eq!(first.expect(200)["outcome"], "AWAITING_PAYMENT");
        let again = shop.ask(ANN, "POST", "/api/orders", &[("idempotency-key", "one")], &body);
        assert_eq!((again.expect(200), again.header("idempotency-replayed")), (first.expect(200), Some("true")));
        let short = shop.post(ANN, "/api/orders", &body).expect(200);
        assert_eq!((&short["outcome"], &short["reason"]), (&json!("CANCELLED"), &json!("stock.exhausted")));
    });
}

#[test]
fn the_setting_changes_at_run_time_and_records_who_and_why() {
    let mut shop = TestShop::start_with(&[("DOORBUSTER__ORDERS__MODE", "sequential")]);
    let product = shop.product(10_000, 50);
    let order = |shop: &TestShop| shop.order(ANN, &json!({"items": items(product, 1)})).expect(200);
    let before = shop.get(ADMIN, MODES).expect(200);
    assert_eq!(
        (&before["mode"], &before["percent"], &before["changed"]),
        (&json!("sequential"), &json!(0), &Value::Null)
    );
    assert_eq!(before["recommendation"][0]["mode"], "parallel");
    assert_eq!(mode_of(&order(&shop)), ("sequential", "named"));

    let after = change(&shop, &json!({"mode": "gradual", "percent": 100, "reason": "everybody"}));
    let wanted = json!({
        "version": 1, "from": {"mode": "sequential", "percent": 0}, "to": {"mode": "gradual", "percent": 100},
        "changedBy": ADMIN, "reason": "everybody", "changedAt": "<time>",
    });
    assert_like(&after["changed"], &wanted);
    assert_eq!(mode_of(&order(&shop)), ("parallel", "gradual"));
    let again = change(&shop, &json!({"mode": "gradual", "percent": 100, "reason": "everybody"}));
    assert_eq!(again, after, "a repeated change changes nothing");
    change(&shop, &json!({"mode": "gradual", "percent": 0, "reason": "nobody"}));
    assert_eq!(mode_of(&order(&shop)), ("sequential", "gradual"));
    change(&shop, &json!({"mode": "atomic", "reason": "one decision"}));

    shop.kill();
    shop.open();
    let order = order(&shop);
    assert_eq!(mode_of(&order), ("atomic", "named"), "what an admin set outlives the process");
    let page = shop.get(ADMIN, "/api/admin/modes/changes?limit=2").expect(200);
    let versions: Vec<&Value> = page["data"].as_array().unwrap().iter().map(|change| &change["version"]).collect();
    assert_eq!(versions, [3, 2]);
    let next = format!("/api/admin/modes/changes?limit=2&cursor={}", page["nextCursor"].as_str().unwrap());
    assert_like(&shop.get(ADMIN, &next).expect(200), &json!({"data": [wanted]}));
}

#[test]
fn an_invalid_change_is_refused() {
    let shop = TestShop::start();
    for (body, pointer) in [
        (json!({"mode": "fast", "reason": "x"}), "#/mode"),
        (json!({"mode": "gradual", "percent": 101, "reason": "x"}), "#/percent"),
        (json!({"mode": "gradual", "percent": -1, "reason": "x"}), "#/percent"),
        (json!({"mode": "gradual", "reason": " "}), "#/reason"),
        (json!({"mode": "gradual"}), "#/reason"),
    ] {
        let answer = shop.ask(ADMIN, "PUT", MODES, &[], &body);
        assert_eq!(answer.complaint(400), ("validation.failed".to_owned(), pointer.to_owned()));
    }
    assert_eq!(shop.get(ADMIN, "/api/admin/modes/changes").expect(200), json!({"data": []}));
}

/// O-18: a step that was never requested is shown as skipped, once the order has ended.
#[test]
fn a_sequential_order_shows_its_skipped_steps() {
    in_both_executors(|shop| {
        let product = shop.product(10_000, 1);
        shop.charge(ADMIN, 500);
        let body = json!({"items": items(product, 2), "pointsToUse": 500, "mode": "sequential"});
        let order = shop.order(ADMIN, &body).expect(200);
        let states: Vec<&Value> = order["steps"].as_array().unwrap().iter().map(|step| &step["state"]).collect();
        assert_eq!((&order["outcome"], states), (&json!("CANCELLED"), vec![&json!("FAILED"), &json!("SKIPPED")]));
        assert_eq!(shop.balance(ADMIN), 500);
    });
}

pub(crate) fn switch(shop: &TestShop, service: &str, out: bool) -> Value {
    let body = json!({"service": service, "out": out, "reason": "a rehearsal"});
    shop.ask(ADMIN, "PUT", "/api/admin/services", &[], &body).expect(200)
}

/// O-36, O-43, O-49, T11, T15: the order waits, and shows its progress and estimate in the customer's language.
#[test]
fn an_order_whose_participant_is_out_of_service_waits_and_shows_its_progress() {
    in_both_executors(|shop| {
        let product = shop.product(10_000, 5);
        shop.order(ANN, &json!({"items": items(product, 1)})).expect(200);
        switch(shop, "couponService", true);
        let campaign = shop.campaign(5, &json!({}));
        shop.issue(BOB, campaign);
        let body = json!({"items": items(product, 1), "couponId": campaign, "payment": "ON_DELIVERY"});
        let number = shop.post(BOB, "/api/orders", &body).number(202).to_owned();
        let path = format!("/api/orders/{number}/status");
        let status = shop.get_until(BOB, &path, |status| status["progressPercentage"] != 10);
        let wanted = json!({
            "orderId": number, "outcome": "PENDING", "status": "CREATED", "statusDescription": "<text>",
            "progressPercentage": 30, "canCancel": true, "lastUpdated": "<time>", "estimatedCompletion": "<time>",
        });
        assert_like(&status, &wanted);

        let korean = shop.ask(BOB, "GET", &path, &[("accept-language", "ko-KR,ko;q=0.9")], &Value::Null);
        assert_eq!(korean.header("content-language"), Some("ko"));
        assert!(korean.header("vary").is_some_and(|vary| vary.contains("accept-language")));
        assert_eq!(korean.expect(200)["statusDescription"], "주문이 접수되었습니다.");
        let english = shop.get(BOB, &path);
        assert_eq!(english.header("content-language"), Some("en"));
        assert!(english.expect(200)["statusDescription"].as_str().unwrap().is_ascii());

        let services = switch(shop, "couponService", false);
        assert_eq!(services["data"][1], json!({"service": "couponService", "breaker": "closed", "out": false}));
        let order = shop.get_until(BOB, &format!("/api/orders/{number}"), |order| order["outcome"] != "PENDING");
        assert_eq!((&order["outcome"], &order["discountPrice"]), (&json!("COMPLETED"), &json!(1_000)));
        let history = shop.get(BOB, &format!("/api/orders/{number}/events")).expect(200);
        let is_delayed = |entry: &Value| entry["event"] == "DelayedProcessing";
        assert!(history["data"].as_array().unwrap().iter().any(is_delayed));
    });
}

/// Returns what `doorbuster` prints, run beside the shop.
pub(crate) fn command(shop: &TestShop, args: &[&str]) -> String {
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_doorbuster"))
        .args(args)
        .arg("--data-dir")
        .arg(shop.folder())
        .env("DOORBUSTER_AUTH_SECRET", SECRET)
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// A compensation whose participant is out of service gets stuck, is listed, and is resolved with all claims released.
#[test]
fn a_stuck_order_is_listed_and_resolved_on_the_command_line() {
    // Two attempts with pauses of one second.
    let shop = TestShop::start_with(&[
        ("DOORBUSTER__ORDERS__STEP_DEADLINE_S", "1"),
        ("DOORBUSTER__ORDERS__ORDER_DEADLINE_S", "1"),
        ("DOORBUSTER__ORDERS__RESTORATIONS_MAX", "2"),
    ]);
    let product = shop.product(10_000, 5);
    let number = shop.order(ANN, &json!({"items": items(product, 2)})).number(200).to_owned();
    switch(&shop, "stockService", true);
    let path = format!("/api/orders/{number}");
    let cancelled = shop.post(ANN, &format!("{path}/cancel"), &json!({})).expect(200);
    assert_eq!(cancelled["outcome"], "COMPENSATING");
    shop.get_until(ANN, &path, |order| order["outcome"] == "COMPENSATION_STUCK");
    let listed = shop.get(ADMIN, "/api/admin/orders?outcome=COMPENSATION_STUCK").expect(200);
    assert_eq!(listed["data"][0]["orderNumber"], number.as_str());
    assert_eq!(shop.get(ADMIN, "/api/admin/orders?outcome=COMPLETED").expect(200), json!({"data": []}));
    assert!(command(&shop, &["order", "stuck"]).contains(&number));
    assert!(shop.get(ADMIN, "/metrics").text.contains("doorbuster_compensations_stuck_total 1"));
    assert_eq!(shop.available(product), 3);
    shop.metrics_until("doorbuster_orders_stuck 1\n");
    let status = shop.get(ANN, &format!("{path}/status")).expect(200);
    assert_eq!(status["progressPercentage"], 20, "all of it is still held");

    let resolved = command(&shop, &["order", "resolve", &number, "--reason", "counted by hand", "--json"]);
    let resolved: Value = serde_json::from_str(&resolved).unwrap();
    assert_eq!(resolved["outcome"], "CANCELLED");
    assert_eq!(shop.available(product), 5);
    shop.metrics_until("doorbuster_orders_stuck 0\n");
    assert!(command(&shop, &["order", "stuck"]).contains("No orders are stuck"));
    let history = shop.get(ANN, &format!("{path}/events")).expect(200);
    let events: Vec<&Value> = history["data"].as_array().unwrap().iter().map(|entry| &entry["event"]).collect();
    for event in ["CompensationStuck", "CompensationResolved", "StockRestored", "OrderCancelled"] {
        assert!(events.contains(&&json!(event)), "{event} is missing in {events:?}");
    }
    let answer = shop.post(ADMIN, &format!("/api/admin/orders/{number}/resolve"), &json!({"reason": "again"}));
    assert_eq!(answer.problem(409), "order.not_cancellable");
}
