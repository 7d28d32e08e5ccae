//! `doorbuster dlq` and its endpoints, beside a running server and on a stopped store.

use std::process::{Command, Output};

use app::events::topic::Topic;
use app::log::group::Group;
use app::state::rows::ParkKey;
use serde_json::{Value, json};

use crate::shop::{ADMIN, ANN, SECRET, TestShop};

const KEPT: &str = "[]";

/// Writes a dead letter as the engine does when the notices group cannot handle an event.
pub(crate) fn give_up(shop: &TestShop, id: i64, payload: &str) {
    let store = shop.edit();
    let sql = "INSERT INTO dead_letter VALUES (?1, 'notice-group', 'coupon-issued', 3, 41, ?2, '1', 'CouponIssued', ?3,
                   1795262400000000, 'PERMANENT', 4, 'a constraint', 1795262400000000, 1795262401000000, 6, NULL, ?4, NULL)";
    // The audit requires that a handled event exists.
    let event: String = store.query_row("SELECT id FROM event LIMIT 1", [], |row| row.get(0)).unwrap();
    store.execute(sql, (id, event, payload, KEPT)).unwrap();
}

pub(crate) fn issued() -> String {
    let event = json!({
        "userCouponId": "UC-00000001", "userId": ANN, "couponId": 1, "couponName": "Drop", "issueNumber": 1,
        "issuedAt": "2026-11-21T12:00:00Z",
    });
    event.to_string()
}

fn dlq(shop: &TestShop, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_doorbuster"))
        .arg("dlq")
        .args(args)
        .arg("--data-dir")
        .arg(shop.folder())
        .env("DOORBUSTER_AUTH_SECRET", SECRET)
        .env("DOORBUSTER__LOG__LEVEL", "error")
        .output()
        .unwrap()
}

#[track_caller]
fn told(output: &Output) -> Value {
    assert!(output.status.success(), "{output:?}");
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn a_dead_letter_is_edited_and_resent_through_the_running_server() {
    let shop = TestShop::start();
    shop.product(0, 1);
    give_up(&shop, 7, "{\"userId\":");
    let list = told(&dlq(&shop, &["list", "--json"]));
    assert_eq!((&list["data"][0]["letterId"], &list["data"][0]["status"]), (&json!(7), &json!("PERMANENT")));
    let human = dlq(&shop, &["show", "7"]);
    assert!(String::from_utf8(human.stdout).unwrap().contains("a constraint"));

    let unsent = told(&dlq(&shop, &["resend", "7", "--reason", "try", "--json"]));
    assert_eq!(
        (&unsent["status"], &unsent["resends"], &unsent["attempts"]),
        (&json!("PERMANENT"), &json!(7), &json!(5))
    );
    let refused = dlq(&shop, &["edit", "7", "--payload", "{}", "--reason", "guess"]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(String::from_utf8(refused.stderr).unwrap().contains("--payload"));
    let edited = told(&dlq(&shop, &["edit", "7", "--payload", &issued(), "--reason", "it was cut off", "--json"]));
    assert_eq!(edited["acts"][1]["payloadBefore"], "{\"userId\":");

    let url = format!("http://{}", shop.address);
    let token = shop.token(ADMIN, server::security::auth::Role::Admin);
    let sent = ["resend", "7", "--reason", "mended", "--json", "--url", &url, "--token", &token];
    assert_eq!(told(&dlq(&shop, &sent))["status"], "HANDLED");
    let answer = shop.ask(ADMIN, "POST", "/api/admin/dead-letters/7/resend", &[], &json!({"reason": "again"}));
    assert_eq!(answer.problem(409), "letter.closed");
    assert_eq!(told(&dlq(&shop, &["list", "--json"]))["data"], json!([]));
}

/// No resend of such a letter can succeed, so an edit would have no effect.
#[test]
fn a_letter_that_contradicts_the_store_is_not_edited() {
    let shop = TestShop::start();
    shop.product(0, 1);
    give_up(&shop, 7, &issued());
    let error = format!("{}: the order requests something else", app::state::rows::DISBELIEVED);
    assert_eq!(shop.edit().execute("UPDATE dead_letter SET error = ?1", [error]).unwrap(), 1);
    let edit = json!({"payload": issued(), "reason": "a guess"});
    let refused = shop.ask(ADMIN, "PATCH", "/api/admin/dead-letters/7", &[], &edit);
    assert_eq!(refused.problem(400), "validation.failed");
    assert_eq!(refused.json()["errors"][0]["code"], "not_editable", "{}", refused.text);
}

#[test]
fn a_dead_letter_is_dropped_in_a_stopped_shop() {
    let mut shop = TestShop::start();
    shop.product(0, 1);
    shop.stop();
    give_up(&shop, 3, &issued());
    let dropped = told(&dlq(&shop, &["drop", "3", "--reason", "told by phone", "--json"]));
    assert_eq!((&dropped["status"], &dropped["acts"][0]["reason"]), (&json!("DROPPED"), &json!("told by phone")));
    let again = dlq(&shop, &["drop", "3", "--reason", "twice"]);
    assert_eq!(again.status.code(), Some(1));
    assert_eq!(told(&dlq(&shop, &["list", "--all", "--json"]))["data"][0]["letterId"], 3);
    let missing = dlq(&shop, &["show", "99"]);
    assert!(String::from_utf8(missing.stderr).unwrap().contains("letter.not_found"));
    shop.open();
}

/// Makes the next event of a key a dead letter of the group: whether others of its key wait cannot be read.
fn fail_next(shop: &TestShop, park: ParkKey) {
    let sql = "INSERT INTO parked_key VALUES (?1, ?2, ?3, CAST(x'FF' AS TEXT), 9000000000000000, 1, 2, 1, 0, NULL, NULL, NULL)";
    shop.edit().execute(sql, (park.group.name(), park.topic.name(), park.key)).unwrap();
}

/// Returns the number of the only open letter, and mends the row that made it one.
fn failed(shop: &TestShop, group: &str) -> Value {
    let list = shop.get_until(ADMIN, "/api/admin/dead-letters", |list| list["data"][0]["group"] == group);
    shop.edit().execute("DELETE FROM parked_key", []).unwrap();
    list["data"][0]["letterId"].clone()
}

/// What was accepted has an end, also if an operator gives up on its event.
#[test]
fn a_coupon_request_whose_letter_is_dropped_ends() {
    let shop = TestShop::start_with_log();
    let campaign = shop.campaign(5, &json!({"issueMode": "queued"}));
    fail_next(&shop, ParkKey::new(Group::CouponRequest, Topic::CouponRequests, &campaign.to_string()));
    let asked = shop.post(ANN, "/api/coupons/issue", &json!({"couponId": campaign}));
    let path = asked.header("location").unwrap().to_owned();
    let letter = failed(&shop, "coupon-request-group");
    assert_eq!(shop.get(ANN, &path).expect(200)["status"], "PENDING");
    let dropped = told(&dlq(&shop, &["drop", &letter.to_string(), "--reason", "it is too late", "--json"]));
    assert_eq!(dropped["status"], "DROPPED");
    let ended = shop.get_until(ANN, &path, |request| request["status"] == "NOTIFIED");
    assert_eq!((&ended["resultCode"], &ended["result"]), (&json!("SYSTEM_ERROR"), &Value::Null));
    let notice = shop.notices_within(10, ANN, "coupon.refused").remove(0);
    assert_eq!(notice["resultCode"], "SYSTEM_ERROR");
}

#[test]
fn a_letter_that_something_waits_for_is_not_dropped() {
    let shop = TestShop::start_with_log();
    let number = shop.unpaid(ANN, 12_300);
    fail_next(&shop, ParkKey::new(Group::Payment, Topic::PaymentEvents, &number));
    shop.pay(ANN, &number, 1).expect(202);
    let path = format!("/api/admin/dead-letters/{}", failed(&shop, "payment-group"));
    let reason = json!({"reason": "it need not be paid"});
    assert_eq!(shop.post(ADMIN, &format!("{path}/drop"), &reason).problem(409), "letter.awaited");
    assert_eq!(shop.get(ADMIN, &path).expect(200)["acts"], json!([]));
    assert_eq!(shop.post(ADMIN, &format!("{path}/resend"), &reason).expect(200)["status"], "HANDLED");
    shop.get_until(ANN, &format!("/api/orders/{number}"), |order| order["outcome"] == "COMPLETED");
}

#[test]
fn an_admin_must_give_a_reason() {
    let shop = TestShop::start();
    shop.product(0, 1);
    give_up(&shop, 1, &issued());
    let answer = shop.ask(ADMIN, "POST", "/api/admin/dead-letters/1/drop", &[], &json!({"reason": " "}));
    assert_eq!(answer.problem(400), "validation.failed");
    let answer = shop.ask(ANN, "GET", "/api/admin/dead-letters", &[], &Value::Null);
    assert_eq!(answer.problem(403), "auth.forbidden");
}
