//! Waiting rooms when something is in the way: a start that nobody notices, a pause, a product that is not on sale.

use std::process::Command;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::buyers::until;
use crate::shop::{ADMIN, ANN, BOB, TestShop};

const PAST: &str = "2020-01-01T00:00:00Z";
const FUTURE: &str = "2099-01-01T00:00:00Z";

/// Creates a drop of one product with a waiting room.
fn drop_with(shop: &TestShop, product: i64, starts_at: &str, room: &Value) -> Value {
    let body = json!({
        "name": "Saturday", "startsAt": starts_at, "endsAt": FUTURE, "products": [{"productId": product}], "waitingRoom": room,
    });
    shop.post(ADMIN, "/api/admin/drops", &body).expect(201)
}

fn queue_of(drop: &Value) -> String {
    format!("/api/drops/{}/queue", drop["dropId"])
}

fn join(shop: &TestShop, user: i64, drop: &Value) -> Value {
    shop.post(user, &queue_of(drop), &Value::Null).expect(202)
}

/// Returns the proof, and what `doorbuster verify` says of it.
fn proof(shop: &TestShop, drop: &Value) -> (Vec<Value>, bool) {
    let proof = shop.get(ANN, &format!("/api/drops/{}/proof", drop["dropId"])).text;
    let file = shop.folder().join("proof.ndjson");
    std::fs::write(&file, &proof).unwrap();
    let checked = Command::new(env!("CARGO_BIN_EXE_doorbuster")).arg("verify").arg(&file).output().unwrap();
    (proof.lines().map(|line| serde_json::from_str(line).unwrap()).collect(), checked.status.success())
}

#[test]
fn a_shop_that_was_down_over_the_start_draws_only_those_before() {
    let mut shop = TestShop::start();
    let product = shop.product(1_000, 99);
    let starts_at = Timestamp::now().checked_add(SignedDuration::from_secs(3)).unwrap();
    let room = json!({"admitPerSecond": 1, "prequeue": "shuffle"});
    let drop = drop_with(&shop, product, &starts_at.to_string(), &room);
    for user in 2_000..2_008 {
        assert_eq!(join(&shop, user, &drop)["position"], Value::Null);
    }
    assert_eq!(proof(&shop, &drop).0[0].get("drawn"), None);
    shop.kill();
    until("the drop has started", || Timestamp::now() >= starts_at);
    shop.open();
    for user in 2_008..2_016 {
        join(&shop, user, &drop);
    }
    let (lines, is_valid) = proof(&shop, &drop);
    assert_eq!((&lines[0]["drawn"], is_valid), (&json!(8), true), "{}", lines[0]);
    assert!(lines[0]["seed"].is_string(), "{}", lines[0]);
    let places = |users: std::ops::Range<i64>| {
        let position = |user| shop.get(user, &queue_of(&drop)).expect(200)["position"].as_i64().unwrap();
        users.map(position).collect::<Vec<_>>()
    };
    // The queue may move between the two.
    let after = places(2_008..2_016);
    let before = places(2_000..2_008);
    assert!(before.iter().max() < after.iter().min(), "{before:?} {after:?}");
    shop.assert_adds_up();
}

/// Waits until a customer's ticket is so.
fn ticket_within(shop: &TestShop, user: i64, drop: &Value, is_so: impl Fn(&Value) -> bool) -> Value {
    shop.get_within(30, user, &queue_of(drop), is_so)
}

/// A hold of five seconds, and a pause of six.
#[test]
fn a_pause_stops_the_time_to_order_and_the_admission() {
    let shop = TestShop::start();
    let product = shop.product(1_000, 99);
    let drop = drop_with(&shop, product, PAST, &json!({"admitPerSecond": 1, "holdSeconds": 5}));
    join(&shop, ANN, &drop);
    assert!(ticket_within(&shop, ANN, &drop, |ticket| ticket["status"] == "ADMITTED")["admittedUntil"].is_string());
    let pause = |paused: bool| {
        let path = format!("/api/admin/drops/{}", drop["dropId"]);
        shop.patch(ADMIN, &path, &json!({"paused": paused})).expect(200);
    };
    pause(true);
    let paused_at = Timestamp::now();
    let waits = join(&shop, BOB, &drop);
    assert_eq!((&waits["ahead"], &waits["estimatedWaitSeconds"]), (&json!(0), &Value::Null));
    until("the hold would be over", || Timestamp::now() >= paused_at + SignedDuration::from_secs(6));
    let stands = shop.get(ANN, &queue_of(&drop)).expect(200);
    assert_eq!((&stands["status"], stands.get("admittedUntil")), (&json!("ADMITTED"), None));
    assert_eq!(shop.get(BOB, &queue_of(&drop)).expect(200)["status"], "WAITING");
    pause(false);
    assert!(shop.get(ANN, &queue_of(&drop)).expect(200)["admittedUntil"].is_string());
    ticket_within(&shop, BOB, &drop, |ticket| ticket["status"] == "ADMITTED");
    ticket_within(&shop, ANN, &drop, |ticket| ticket["status"] == "EXPIRED");
    shop.assert_adds_up();
}

#[test]
fn a_paused_product_takes_no_turns() {
    let shop = TestShop::start();
    let product = shop.product(1_000, 99);
    let set =
        |status| shop.patch(ADMIN, &format!("/api/admin/products/{product}"), &json!({"status": status})).expect(200);
    set("PAUSED");
    let drop = drop_with(&shop, product, PAST, &json!({"admitPerSecond": 9}));
    assert_eq!((&drop["status"], &drop["products"][0]["status"]), (&json!("OPEN"), &json!("PAUSED")));
    join(&shop, ANN, &drop);
    until("the queue has moved", || shop.events_of("DropOpened") == 1);
    let ticket = shop.get(ANN, &queue_of(&drop)).expect(200);
    assert_eq!((&ticket["status"], &ticket["estimatedWaitSeconds"]), (&json!("WAITING"), &Value::Null));
    set("ON_SALE");
    ticket_within(&shop, ANN, &drop, |ticket| ticket["status"] == "ADMITTED");
    shop.assert_adds_up();
}

#[test]
fn nobody_waits_in_a_closed_drop() {
    let shop = TestShop::start();
    let product = shop.product(1_000, 0);
    let drop = drop_with(&shop, product, PAST, &json!({"admitPerSecond": 1}));
    let path = format!("/api/drops/{}", drop["dropId"]);
    for user in [ANN, BOB] {
        join(&shop, user, &drop);
    }
    assert_eq!(shop.get(ANN, &path).expect(200)["waiting"], 2);
    let ended = shop.patch(ADMIN, &format!("/api/admin{}", &path[4..]), &json!({"endsAt": "2020-01-02T00:00:00Z"}));
    assert_eq!(ended.expect(200)["waiting"], 0);
    assert_eq!(shop.get(ANN, &path).expect(200)["waiting"], 0);
}
