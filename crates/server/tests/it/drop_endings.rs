//! Drops that are ended before their start, and what they say to those who ask for something that is not there.

use serde_json::{Value, json};

use crate::api_asking::{in_both_executors, items};
use crate::client::Answer;
use crate::live::Events;
use crate::shared::Database;
use crate::shop::{ADMIN, ANN, BOB, TestShop};

const FAR: &str = "2126-12-01T09:00:00Z";
const PAST: &str = "2020-01-01T00:00:00Z";

fn create(shop: &TestShop, product: i64, more: &Value) -> Answer {
    let mut body = json!({
        "name": "Saturday", "startsAt": FAR, "endsAt": "2126-12-01T10:00:00Z", "products": [{"productId": product}],
    });
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    shop.post(ADMIN, "/api/admin/drops", &body)
}

fn buy(shop: &TestShop, user: i64, product: i64) -> Answer {
    shop.order(user, &json!({"items": items(product, 1), "payment": "ON_DELIVERY"}))
}

/// A drop whose year has a typing error is ended before its start.
fn end_before_start(shop: &TestShop) {
    let product = shop.product(1_000, 5);
    let drop = create(shop, product, &json!({"waitingRoom": {"admitPerSecond": 9, "prequeue": "shuffle"}})).expect(201);
    let (queue, path) =
        (format!("/api/drops/{}/queue", drop["dropId"]), format!("/api/admin/drops/{}", drop["dropId"]));
    shop.post(ANN, &queue, &Value::Null).expect(202);
    assert_eq!(create(shop, product, &json!({})).problem(409), "drop.product_taken");
    assert_eq!(shop.post(ADMIN, &format!("{path}/release"), &Value::Null).problem(409), "drop.not_ended");
    let early = shop.patch(ADMIN, &path, &json!({"endsAt": "2125-01-01T00:00:00Z"}));
    assert_eq!(early.complaint(400), ("validation.failed".to_owned(), "#/endsAt".to_owned()));
    let ended = shop.patch(ADMIN, &path, &json!({"endsAt": PAST})).expect(200);
    assert_eq!(ended["status"], "CLOSED");
    shop.get_until(ANN, &queue, |ticket| ticket["status"] == "EXPIRED");
    assert_eq!(shop.post(BOB, &queue, &Value::Null).problem(410), "drop.ended");
    assert_eq!(buy(shop, BOB, product).problem(410), "drop.ended");
    let header = |text: &str| serde_json::from_str::<Value>(text.lines().next().unwrap()).unwrap();
    let proof = shop.get(BOB, &format!("/api/drops/{}/proof", drop["dropId"]));
    assert_eq!((proof.status, &header(&proof.text)["entries"]), (200, &json!(1)));
    let right = create(shop, product, &json!({"name": "right", "startsAt": PAST})).expect(201);
    assert_eq!(buy(shop, BOB, product).expect(200)["outcome"], "COMPLETED");
    shop.patch(ADMIN, &format!("/api/admin/drops/{}", right["dropId"]), &json!({"endsAt": PAST})).expect(200);
    shop.post(ADMIN, &format!("/api/admin/drops/{}/release", right["dropId"]), &Value::Null).expect(200);
    assert_eq!(buy(shop, BOB, product).expect(200)["outcome"], "COMPLETED");
    shop.assert_adds_up();
}

#[test]
fn a_drop_is_ended_before_its_start_and_its_products_are_free() {
    in_both_executors(end_before_start);
}

#[test]
fn a_drop_in_a_database_is_ended_before_its_start() {
    let Some(database) = Database::new("a_drop_in_a_database_is_ended_before_its_start") else { return };
    end_before_start(&database.shop());
}

/// The proof of such a drop is whole, and its seed is the one that was announced.
#[test]
fn the_proof_of_a_drop_that_never_opened_is_verified() {
    let shop = TestShop::start();
    let product = shop.product(1_000, 5);
    let drop =
        create(&shop, product, &json!({"waitingRoom": {"admitPerSecond": 9, "prequeue": "shuffle"}})).expect(201);
    shop.post(ANN, &format!("/api/drops/{}/queue", drop["dropId"]), &Value::Null).expect(202);
    shop.patch(ADMIN, &format!("/api/admin/drops/{}", drop["dropId"]), &json!({"endsAt": PAST})).expect(200);
    let path = format!("/api/drops/{}/proof", drop["dropId"]);
    let proof = loop {
        let proof = shop.get(BOB, &path).text;
        if proof.lines().next().unwrap().contains("\"seed\"") {
            break proof;
        }
    };
    let file = shop.folder().join("proof.ndjson");
    std::fs::write(&file, proof).unwrap();
    let verified =
        std::process::Command::new(env!("CARGO_BIN_EXE_doorbuster")).arg("verify").arg(&file).output().unwrap();
    assert!(verified.status.success(), "{verified:?}");
    shop.assert_adds_up();
}

/// The end that an admin sets is told to those who wait, although the drop is under way no more.
#[test]
fn the_end_of_a_drop_is_streamed_to_those_who_wait() {
    let shop = TestShop::start();
    let product = shop.product(1_000, 9);
    let drop = create(&shop, product, &json!({"waitingRoom": {"admitPerSecond": 1}})).expect(201);
    shop.post(ANN, &format!("/api/drops/{}/queue", drop["dropId"]), &Value::Null).expect(202);
    let mut events = Events::open(&shop, ANN, Some(0));
    let mut moved = || {
        let told = events.next().unwrap();
        assert_eq!(told.kind, "queue.moved");
        told.data["status"].clone()
    };
    assert_eq!(moved(), "WAITING");
    shop.patch(ADMIN, &format!("/api/admin/drops/{}", drop["dropId"]), &json!({"endsAt": PAST})).expect(200);
    // The estimate changes with the countdown until then.
    while moved() != "EXPIRED" {}
}

#[test]
fn a_receipt_names_the_drops_that_an_order_has() {
    let shop = TestShop::start();
    let product = shop.product(1_000, 5);
    let drop = create(&shop, product, &json!({"startsAt": PAST})).expect(201);
    let order = buy(&shop, ANN, product).number(200);
    let other = shop.get(ANN, &format!("/api/orders/{order}/receipt?dropId=99"));
    assert_eq!(other.problem(404), "receipt.not_found");
    let detail = other.json()["detail"].as_str().unwrap().to_owned();
    assert!(detail.contains(&format!("sold in drop {}", drop["dropId"])), "{detail}");
    let plain = shop.product(1_000, 1);
    let plain = buy(&shop, ANN, plain).number(200);
    let none = shop.get(ANN, &format!("/api/orders/{plain}/receipt?dropId=99"));
    assert_eq!(none.json()["detail"], "No product of this order was sold in a drop.");
}

/// A body without any field is told all that it needs, not only the first.
#[test]
fn every_field_that_is_missing_is_named() {
    let shop = TestShop::start();
    let named = |path: &str, body: &Value| {
        let refused = shop.post(ADMIN, path, body);
        assert_eq!(refused.problem(400), "validation.failed");
        let errors = refused.json()["errors"].as_array().unwrap().clone();
        errors
            .iter()
            .map(|error| format!("{} {}", error["pointer"].as_str().unwrap(), error["code"].as_str().unwrap()))
            .collect::<Vec<_>>()
    };
    let fields = ["#/name required", "#/startsAt required", "#/endsAt required", "#/products required"];
    assert_eq!(named("/api/admin/drops", &json!({})), fields);
    let wrong =
        json!({"name": 7, "startsAt": FAR, "endsAt": FAR, "products": [{}, {"productId": "x"}], "colour": "red"});
    let mut found = named("/api/admin/drops", &wrong);
    found.sort_unstable();
    let expected = [
        "#/colour unknown_field",
        "#/name wrong_type",
        "#/products/0/productId required",
        "#/products/1/productId wrong_type",
    ];
    assert_eq!(found, expected);
}
