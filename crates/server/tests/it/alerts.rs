//! Alerts of the real binary: raised once, told everywhere, cleared once, also by several processes on one store.

use std::time::Duration;

use serde_json::{Value, json};
use xtask::redis_server::RedisServer;

use crate::api_asking::assert_like;
use crate::buyers::until;
use crate::dlq::{give_up, issued};
use crate::hook_receiver::HookReceiver;
use crate::shared::Database;
use crate::shop::{ADMIN, ANN, TestShop};

const ALERTS: &str = "/api/admin/alerts";
/// Alerts come and go at once, and the machine of the tests may be as full as it is.
const SOON: [(&str, &str); 5] = [
    ("DOORBUSTER__ALERTS__CLEAR_AFTER_S", "0"),
    ("DOORBUSTER__ALERTS__DLQ_OPEN_FOR_S", "0"),
    ("DOORBUSTER__ALERTS__CPU_PERCENT", "100"),
    ("DOORBUSTER__ALERTS__MEMORY_PERCENT", "100"),
    ("DOORBUSTER__ALERTS__DISK_PERCENT", "100"),
];
const PRIVATE: (&str, &str) = ("DOORBUSTER__WEBHOOKS__ALLOW_PRIVATE", "true");

fn start_with(settings: &[(&str, &str)]) -> TestShop {
    TestShop::start_with(&[&SOON[..], settings].concat())
}

/// Codes and subjects of the listed alerts.
pub(crate) fn listed(shop: &TestShop, status: &str) -> Vec<(String, String)> {
    let page = shop.get(ADMIN, &format!("{ALERTS}?status={status}&limit=100")).expect(200);
    let text = |alert: &Value, name: &str| alert[name].as_str().unwrap_or_default().to_owned();
    let mut found: Vec<_> =
        page["data"].as_array().unwrap().iter().map(|alert| (text(alert, "code"), text(alert, "subject"))).collect();
    found.sort();
    found
}

fn is_open(shop: &TestShop, code: &str) -> bool {
    listed(shop, "open").iter().any(|(open, _)| open == code)
}

/// How often a code was raised.
fn raised(shop: &TestShop, code: &str) -> usize {
    listed(shop, "all").iter().filter(|(known, _)| known == code).count()
}

/// Waits until a code is open, lets the cause go, and waits until it is cleared; it was raised once.
#[track_caller]
fn assert_raised_and_cleared(shop: &TestShop, code: &str, end: impl FnOnce()) {
    until(code, || is_open(shop, code));
    shop.metrics_until(&format!("doorbuster_alerts_open{{code=\"{code}\"}} 1"));
    end();
    until(&format!("{code} is cleared"), || !is_open(shop, code));
    assert_eq!(raised(shop, code), 1, "{code}");
}

#[test]
fn a_dead_letter_raises_alerts_that_are_told_everywhere() {
    let (channel, hook) = (HookReceiver::start(&[500, 204]), HookReceiver::start(&[204]));
    let shop = start_with(&[PRIVATE, ("DOORBUSTER__ALERTS__URL", &channel.url())]);
    shop.product(0, 1);
    let types = json!(["alert.raised", "alert.cleared"]);
    shop.post(ADMIN, "/api/admin/webhooks", &json!({"url": hook.url(), "eventTypes": types})).expect(201);
    assert_eq!(shop.get(ADMIN, ALERTS).expect(200), json!({"data": []}));
    give_up(&shop, 7, &issued());
    let of = |code: &str, subject: &str| (code.to_owned(), subject.to_owned());
    let wanted = [of("DLQ_EVENT", "notice-group"), of("DLQ_OPEN", "notice-group"), of("PERMANENT_FAILURE", "")];
    until("three alerts", || listed(&shop, "open") == wanted);
    let page = shop.get(ADMIN, &format!("{ALERTS}?limit=100")).expect(200);
    let open = page["data"].as_array().unwrap().iter().find(|alert| alert["code"] == "DLQ_OPEN").unwrap();
    let shape = json!({
        "alertId": "<integer>", "code": "DLQ_OPEN", "severity": "critical", "subject": "notice-group", "value": 1,
        "threshold": 0, "since": "<time>", "runbook": "docs/monitoring.md#dlq_open",
    });
    assert_like(open, &shape);
    shop.metrics_until("doorbuster_alerts_open{code=\"DLQ_OPEN\"} 1");

    shop.post(ADMIN, "/api/admin/dead-letters/7/drop", &json!({"reason": "made up"})).expect(200);
    until("all are cleared", || listed(&shop, "open").is_empty());
    assert_eq!(listed(&shop, "all"), wanted, "each was raised once");
    let cleared = shop.get(ADMIN, &format!("{ALERTS}?status=all")).expect(200);
    assert!(cleared["data"].as_array().unwrap().iter().all(|alert| alert["clearedAt"].is_string()), "{cleared}");
    // The receiver fails the first time, and then gets every alert.
    channel.next();
    for receiver in [&channel, &hook] {
        let mut told: Vec<(String, String)> = (0..6)
            .map(|_| {
                let body: Value = serde_json::from_str(&receiver.next().body).unwrap();
                let text = |value: &Value| value.as_str().unwrap().to_owned();
                (text(&body["data"]["code"]), text(&body["type"]))
            })
            .collect();
        told.sort();
        let expected = wanted.iter().flat_map(|(code, _)| [of(code, "alert.cleared"), of(code, "alert.raised")]);
        assert_eq!(told, expected.collect::<Vec<_>>());
    }
}

#[test]
fn alerts_are_listed_page_by_page() {
    let shop = start_with(&[]);
    shop.product(0, 1);
    give_up(&shop, 7, &issued());
    until("three alerts", || listed(&shop, "open").len() == 3);
    let (mut path, mut ids) = (format!("{ALERTS}?limit=1"), vec![]);
    loop {
        let page = shop.get(ADMIN, &path).expect(200);
        ids.extend(page["data"].as_array().unwrap().iter().map(|alert| alert["alertId"].as_i64().unwrap()));
        let Some(next) = page["nextCursor"].as_str() else { break };
        path = format!("{ALERTS}?limit=1&cursor={next}");
    }
    assert_eq!(ids.len(), 3);
    assert!(ids.is_sorted_by(|one, other| one > other), "{ids:?}");
    assert_eq!(shop.get(ADMIN, &format!("{ALERTS}?status=closed")).problem(400), "validation.failed");
    assert_eq!(shop.get(ADMIN, &format!("{ALERTS}?state=open")).problem(400), "validation.failed");
    assert_eq!(shop.get(ANN, ALERTS).problem(403), "auth.forbidden");
}

#[test]
fn a_stuck_refund_raises_payment_stuck() {
    let shop = start_with(&[]);
    let number = shop.unpaid(ANN, 1_000);
    shop.pay(ANN, &number, 20).expect(200);
    shop.tell_provider(&json!({"script": "DECLINE", "deed": "refund"}));
    shop.post(ANN, &format!("/api/orders/{number}/refund"), &Value::Null).expect(200);
    assert_raised_and_cleared(&shop, "PAYMENT_STUCK", || {
        let stuck = shop.get(ADMIN, "/api/admin/payments?state=STUCK").expect(200);
        let path = format!("/api/admin/payments/{}/resolve", stuck["data"][0]["paymentId"].as_str().unwrap());
        shop.post(ADMIN, &path, &json!({"reason": "by hand", "reference": "TR-1"})).expect(200);
    });
}

#[test]
fn a_failing_provider_raises_breaker_open() {
    let shop = start_with(&[("DOORBUSTER__PAYMENT__BREAKER_OPEN_MS", "2000")]);
    shop.tell_provider(&json!({"script": "UNREACHABLE"}));
    for _ in 0..6 {
        let number = shop.unpaid(ANN, 1_000);
        shop.pay(ANN, &number, 0).expect(202);
    }
    assert_raised_and_cleared(&shop, "BREAKER_OPEN", || {
        assert!(listed(&shop, "open").contains(&("BREAKER_OPEN".to_owned(), "payment".to_owned())));
        shop.tell_provider(&json!({"script": "APPROVE"}));
    });
}

#[test]
fn a_receiver_that_fails_raises_webhook_dead_and_one_that_is_gone_webhook_disabled() {
    let (failing, gone) = (HookReceiver::start(&[500, 500, 204]), HookReceiver::start(&[410, 204]));
    let shop = start_with(&[PRIVATE, ("DOORBUSTER__WEBHOOKS__RETRY_AFTER", "1s")]);
    let create = |receiver: &HookReceiver| {
        let created = shop.post(ADMIN, "/api/admin/webhooks", &json!({"url": receiver.url()})).expect(201);
        format!("/api/admin/webhooks/{}", created["webhookId"])
    };
    let test = |path: &str| drop(shop.post(ADMIN, &format!("{path}/test"), &json!({})).expect(202));
    let dead = create(&failing);
    test(&dead);
    assert_raised_and_cleared(&shop, "WEBHOOK_DEAD", || {
        let since = json!({"since": "2026-01-01T00:00:00Z"});
        shop.post(ADMIN, &format!("{dead}/recover"), &since).expect(202);
    });
    shop.ask(ADMIN, "DELETE", &dead, &[], &Value::Null);
    let disabled = create(&gone);
    test(&disabled);
    assert_raised_and_cleared(&shop, "WEBHOOK_DISABLED", || {
        shop.ask(ADMIN, "PATCH", &disabled, &[], &json!({"status": "ENABLED"})).expect(200);
    });
}

#[test]
fn a_violated_law_raises_audit_violation_until_an_audit_is_clean() {
    // One clean audit is enough, also where other alerts wait until they are cleared.
    let shop = start_with(&[("DOORBUSTER__ALERTS__CLEAR_AFTER_S", "30"), ("DOORBUSTER__AUDIT__EVERY_S", "0")]);
    let product = shop.product(1_000, 5);
    let change = |by: i64| {
        let sql = "UPDATE product SET received = received + ?1, on_hand = on_hand + ?1 WHERE product_id = ?2";
        assert_eq!(shop.edit().execute(sql, (by, product)).unwrap(), 1);
        shop.get(ADMIN, "/api/admin/audit").expect(200)["violations"].as_i64().unwrap()
    };
    assert!(change(1) > 0);
    assert_raised_and_cleared(&shop, "AUDIT_VIOLATION", || assert_eq!(change(-1), 0));
}

#[test]
fn of_two_processes_one_reports_that_redis_is_down() {
    const NAME: &str = "of_two_processes_one_reports_that_redis_is_down";
    let Some(database) = Database::new(NAME) else { return };
    let Some(mut redis) = RedisServer::start(NAME, &[]) else { return };
    let (url, address) = (database.url(), redis.address());
    let settings = [("DATABASE_URL", &*url), ("REDIS_URL", &*address)];
    let (first, second) = (start_with(&settings), start_with(&settings));
    for shop in [&first, &second] {
        shop.metrics_until("\ndoorbuster_redis_up 1\n");
    }
    redis.kill();
    for shop in [&first, &second] {
        shop.metrics_until("\ndoorbuster_redis_up 0\n");
    }
    until("it is raised", || is_open(&second, "REDIS_DOWN"));
    // Longer than two rounds of each monitor.
    std::thread::sleep(Duration::from_secs(3));
    assert_eq!(raised(&first, "REDIS_DOWN"), 1);
    redis.restart();
    until("it is cleared", || !is_open(&first, "REDIS_DOWN"));
    std::thread::sleep(Duration::from_secs(3));
    assert_eq!(raised(&second, "REDIS_DOWN"), 1);
}

#[test]
fn alerts_of_a_shared_store_are_raised_once_for_all_processes() {
    let Some(database) = Database::new("alerts_of_a_shared_store_are_raised_once_for_all_processes") else { return };
    let open = || start_with(&[("DATABASE_URL", &database.url())]);
    let (first, second) = (open(), open());
    let number = first.unpaid(ANN, 1_000);
    first.pay(ANN, &number, 20).expect(200);
    first.tell_provider(&json!({"script": "DECLINE", "deed": "refund"}));
    first.post(ANN, &format!("/api/orders/{number}/refund"), &Value::Null).expect(200);
    assert_raised_and_cleared(&second, "PAYMENT_STUCK", || {
        std::thread::sleep(Duration::from_secs(3));
        let stuck = first.get(ADMIN, "/api/admin/payments?state=STUCK").expect(200);
        let path = format!("/api/admin/payments/{}/resolve", stuck["data"][0]["paymentId"].as_str().unwrap());
        first.post(ADMIN, &path, &json!({"reason": "by hand", "reference": "TR-1"})).expect(200);
    });
}

/// without any request, and within a second.
#[test]
fn the_background_audit_raises_audit_violation() {
    let shop = start_with(&[("DOORBUSTER__AUDIT__EVERY_S", "1"), ("DOORBUSTER__AUDIT__CPU_PERCENT", "100")]);
    shop.metrics_until("doorbuster_audit_violations 0");
    let product = shop.product(1_000, 5);
    let change = |by: i64| {
        let sql = "UPDATE product SET received = received + ?1, on_hand = on_hand + ?1 WHERE product_id = ?2";
        assert_eq!(shop.edit().execute(sql, (by, product)).unwrap(), 1);
    };
    change(1);
    assert_raised_and_cleared(&shop, "AUDIT_VIOLATION", || change(-1));
    shop.metrics_until("doorbuster_audit_violations 0");
}

#[test]
fn of_two_processes_one_audits() {
    let Some(database) = Database::new("of_two_processes_one_audits") else { return };
    let url = database.url();
    let open = || start_with(&[("DATABASE_URL", &*url), ("DOORBUSTER__AUDIT__EVERY_S", "1")]);
    let (first, second) = (open(), open());
    let audits = |shop: &TestShop| shop.get(ADMIN, "/metrics").text.contains("doorbuster_audit_violations 0");
    until("one audits", || audits(&first) || audits(&second));
    std::thread::sleep(Duration::from_secs(3));
    assert_ne!(audits(&first), audits(&second));
    let (auditor, other) = if audits(&first) { (first, second) } else { (second, first) };
    drop(auditor);
    until("the other takes over", || audits(&other));
}
