//! Drops of the real binary: their window, their limits over one and over several processes, and what is told of them.

use serde_json::{Value, json};
use std::sync::atomic::{AtomicI64, Ordering};

use crate::api_asking::{in_both_executors, items};
use crate::client::Answer;
use crate::hook_receiver::HookReceiver;
use crate::shared::Database;
use crate::shop::{ADMIN, ANN, BOB, TestShop};

const PAST: &str = "2020-01-01T00:00:00Z";
const FUTURE: &str = "2099-01-01T00:00:00Z";

/// Creates an open drop of one product, with `more` fields instead of the usual ones.
fn drop_of(shop: &TestShop, product: i64, more: &Value) -> Value {
    let mut body = json!({
        "name": "Saturday", "startsAt": PAST, "endsAt": FUTURE, "products": [{"productId": product, "perCustomer": 2}],
    });
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    shop.post(ADMIN, "/api/admin/drops", &body).expect(201)
}

fn change(shop: &TestShop, drop: &Value, body: &Value) -> Answer {
    shop.patch(ADMIN, &format!("/api/admin/drops/{}", drop["dropId"]), body)
}

fn buy(shop: &TestShop, user: i64, product: i64, quantity: i64) -> Answer {
    shop.order(user, &json!({"items": items(product, quantity), "payment": "ON_DELIVERY"}))
}

#[test]
fn a_drop_is_shown_as_it_was_made() {
    let shop = TestShop::start();
    let (product, other) = (shop.product(1_000, 5), shop.product(2_000, 0));
    let products = json!([{"productId": product, "perCustomer": 2}, {"productId": other}]);
    let made = drop_of(&shop, product, &json!({"products": products, "perCustomer": 3}));
    let expected = json!({
        "dropId": made["dropId"], "name": "Saturday", "startsAt": made["startsAt"], "endsAt": made["endsAt"],
        "status": "OPEN", "paused": false, "perCustomer": 3,
        "products": [
            {"productId": product, "name": "Sneaker", "price": 1_000, "available": 5, "status": "ON_SALE", "perCustomer": 2},
            {"productId": other, "name": "Sneaker", "price": 2_000, "available": 0, "status": "SOLD_OUT"},
        ],
    });
    assert_eq!(made, expected);
    assert_eq!(shop.get(ANN, &format!("/api/drops/{}", made["dropId"])).expect(200), expected);
    assert_eq!(shop.get(ANN, "/api/drops").expect(200)["data"], json!([expected]));
    assert_eq!(shop.get(ANN, "/api/drops/77").problem(404), "drop.not_found");
    let again = json!({"name": "x", "startsAt": PAST, "endsAt": FUTURE, "products": [{"productId": product}]});
    assert_eq!(shop.post(ADMIN, "/api/admin/drops", &again).problem(409), "drop.product_taken");
}

#[test]
fn a_body_that_is_wrong_is_told_where() {
    let shop = TestShop::start();
    let product = shop.product(1_000, 5);
    let good = json!({"name": "x", "startsAt": PAST, "endsAt": FUTURE, "products": [{"productId": product}]});
    for (field, value, place) in [
        ("endsAt", json!(PAST), "#/endsAt"),
        ("startsAt", json!("noon"), "#/startsAt"),
        ("products", json!([]), "#/products"),
        ("products", json!([{"productId": product}, {"productId": product}]), "#/products/1/productId"),
        ("products", json!([{"productId": product, "perCustomer": 0}]), "#/products/0/perCustomer"),
        ("perCustomer", json!(0), "#/perCustomer"),
        ("name", json!(" "), "#/name"),
    ] {
        let mut body = good.clone();
        body[field] = value;
        let found = shop.post(ADMIN, "/api/admin/drops", &body).complaint(400);
        assert_eq!(found, ("validation.failed".to_owned(), place.to_owned()));
    }
    let drop = shop.post(ADMIN, "/api/admin/drops", &good).expect(201);
    assert_eq!(shop.post(ANN, &queue_of(&drop), &Value::Null).problem(404), "queue.not_found");
    let mut body = good;
    body["products"] = json!([{"productId": 77}]);
    let missing = shop.post(ADMIN, "/api/admin/drops", &body).complaint(404);
    assert_eq!(missing, ("product.not_found".to_owned(), "#/products/0/productId".to_owned()));
}

#[test]
fn the_window_and_the_limit_are_decided_with_the_order() {
    in_both_executors(|shop| {
        let product = shop.product(1_000, 9);
        let drop = drop_of(shop, product, &json!({}));
        let refused = buy(shop, ANN, product, 3);
        assert_eq!(refused.problem(409), "customer.limit_exceeded");
        assert_eq!((&refused.json()["limit"], &refused.json()["already"]), (&json!(2), &json!(0)));
        let first = buy(shop, ANN, product, 2).number(200);
        let refused = buy(shop, ANN, product, 1);
        assert_eq!((refused.problem(409).as_str(), &refused.json()["already"]), ("customer.limit_exceeded", &json!(2)));
        shop.post(ANN, &format!("/api/orders/{first}/cancel"), &json!({})).expect(200);
        assert_eq!(buy(shop, ANN, product, 2).expect(200)["outcome"], "COMPLETED");
        change(shop, &drop, &json!({"paused": true})).expect(200);
        assert_eq!(buy(shop, BOB, product, 1).problem(409), "drop.paused");
        change(shop, &drop, &json!({"paused": false})).expect(200);
        assert_eq!(buy(shop, BOB, product, 1).expect(200)["outcome"], "COMPLETED");
        let ended = change(shop, &drop, &json!({"endsAt": "2020-01-02T00:00:00Z"})).expect(200);
        assert_eq!(ended["status"], "CLOSED");
        assert_eq!(buy(shop, BOB, product, 1).problem(410), "drop.ended");
        assert_eq!(change(shop, &drop, &json!({"endsAt": FUTURE})).problem(410), "drop.ended");
        drop_of(shop, product, &json!({"startsAt": "2098-01-01T00:00:00Z"}));
        assert_eq!(buy(shop, BOB, product, 1).problem(409), "drop.not_started");
        shop.assert_adds_up();
    });
}

#[test]
fn a_change_of_a_drop_that_was_seen_differently_changes_nothing() {
    let shop = TestShop::start();
    let product = shop.product(1_000, 5);
    let drop = drop_of(&shop, product, &json!({}));
    let path = format!("/api/admin/drops/{}", drop["dropId"]);
    let tag = |answer: &Answer| answer.header("etag").unwrap().to_owned();
    let seen = tag(&shop.get(ADMIN, &path));
    let pause = |seen: &str| shop.ask(ADMIN, "PATCH", &path, &[("if-match", seen)], &json!({"paused": true}));
    buy(&shop, ANN, product, 1).expect(200);
    assert_eq!(tag(&shop.get(ADMIN, &path)), seen, "a sale is no change");
    let paused = pause(&seen);
    assert_eq!((paused.status, tag(&paused) == seen), (200, false));
    assert_eq!(pause(&seen).problem(412), "precondition.failed");
    assert_eq!(pause(&tag(&paused)).status, 200);
}

#[test]
fn the_rate_of_a_waiting_room_can_be_changed() {
    let shop = TestShop::start();
    let plain = drop_of(&shop, shop.product(1_000, 5), &json!({}));
    let room = drop_of(&shop, shop.product(1_000, 5), &json!({"waitingRoom": {"admitPerSecond": 1}}));
    assert_eq!(change(&shop, &plain, &json!({"admitPerSecond": 5})).problem(404), "queue.not_found");
    assert_eq!(change(&shop, &room, &json!({"admitPerSecond": 0})).complaint(400).1, "#/admitPerSecond");
    for user in 2_000..2_012 {
        shop.post(user, &queue_of(&room), &Value::Null).expect(202);
    }
    let changed = change(&shop, &room, &json!({"admitPerSecond": 5})).expect(200);
    assert_eq!(changed["waitingRoom"]["admitPerSecond"], 5);
    until(&shop, 2_011, &room, "ADMITTED");
}

#[test]
fn products_of_an_ended_drop_are_released() {
    in_both_executors(|shop| {
        let (product, other) = (shop.product(1_000, 5), shop.product(1_000, 5));
        let drop = drop_of(shop, product, &json!({"products": [{"productId": product}, {"productId": other}]}));
        let release = || shop.post(ADMIN, &format!("/api/admin/drops/{}/release", drop["dropId"]), &Value::Null);
        assert_eq!(release().problem(409), "drop.not_ended");
        change(shop, &drop, &json!({"endsAt": "2020-01-02T00:00:00Z"})).expect(200);
        assert_eq!(buy(shop, ANN, product, 1).problem(410), "drop.ended");
        drop_of(shop, other, &json!({}));
        release().expect(200);
        assert_eq!(buy(shop, ANN, product, 4).expect(200)["outcome"], "COMPLETED");
        assert_eq!(buy(shop, ANN, other, 3).problem(409), "customer.limit_exceeded");
        shop.assert_adds_up();
    });
}

#[test]
fn an_order_of_two_drops_has_two_receipts() {
    let shop = TestShop::start();
    let products = [shop.product(1_000, 5), shop.product(1_000, 5)];
    let drops = products.map(|product| drop_of(&shop, product, &json!({}))["dropId"].as_i64().unwrap());
    let lines = json!([{"productId": products[0], "quantity": 1}, {"productId": products[1], "quantity": 1}]);
    let order = shop.order(ANN, &json!({"items": lines, "payment": "ON_DELIVERY"})).number(200).to_owned();
    let receipt = |query: &str| shop.get(ANN, &format!("/api/orders/{order}/receipt{query}"));
    for drop in drops {
        assert_eq!(receipt(&format!("?dropId={drop}")).expect(200)["dropId"], drop);
    }
    assert_eq!(receipt("").expect(200)["dropId"], drops[0]);
    assert_eq!(receipt("?dropId=99").problem(404), "receipt.not_found");
}

#[test]
fn a_ticket_is_good_for_no_longer_than_its_drop() {
    let shop = TestShop::start();
    let product = shop.product(1_000, 5);
    let ends = (jiff::Timestamp::now() + jiff::SignedDuration::from_secs(600)).to_string();
    let room = json!({"waitingRoom": {"admitPerSecond": 100, "holdSeconds": 3_000}, "endsAt": ends});
    let drop = drop_of(&shop, product, &room);
    shop.post(ANN, &queue_of(&drop), &Value::Null).expect(202);
    assert_eq!(until(&shop, ANN, &drop, "ADMITTED")["admittedUntil"], drop["endsAt"]);
    change(&shop, &drop, &json!({"endsAt": "2020-01-02T00:00:00Z"})).expect(200);
    assert!(until(&shop, ANN, &drop, "EXPIRED")["admittedUntil"].is_null());
    let release = format!("/api/admin/drops/{}/release", drop["dropId"]);
    let stale = shop.ask(ADMIN, "POST", &release, &[("if-match", "\"x\"")], &Value::Null);
    assert_eq!(stale.status, 412);
}

#[test]
fn a_drop_of_many_products_is_released() {
    in_both_executors(|shop| {
        let products: Vec<i64> = (0..20).map(|_| shop.product(1_000, 5)).collect();
        let offers: Vec<Value> = products.iter().map(|product| json!({"productId": product})).collect();
        let drop = drop_of(shop, products[0], &json!({"products": offers}));
        change(shop, &drop, &json!({"endsAt": "2020-01-02T00:00:00Z"})).expect(200);
        shop.post(ADMIN, &format!("/api/admin/drops/{}/release", drop["dropId"]), &Value::Null).expect(200);
        for product in products {
            assert_eq!(buy(shop, ANN, product, 1).expect(200)["outcome"], "COMPLETED");
        }
        shop.assert_adds_up();
    });
}

#[test]
fn turns_are_told_to_webhooks_once() {
    let shop = TestShop::start_with(&[("DOORBUSTER__WEBHOOKS__ALLOW_PRIVATE", "true")]);
    let receiver = HookReceiver::start(&[200]);
    let types = json!(["drop.opened", "drop.sold_out", "drop.closed"]);
    shop.post(ADMIN, "/api/admin/webhooks", &json!({"url": receiver.url(), "eventTypes": types, "ordered": true}))
        .expect(201);
    let product = shop.product(1_000, 1);
    let drop = drop_of(&shop, product, &json!({}));
    let told = |wanted: &str| {
        let body: Value = serde_json::from_str(&receiver.next().body).unwrap();
        assert_eq!((&body["type"], &body["data"]["dropId"]), (&json!(wanted), &drop["dropId"]));
        assert_eq!(body["data"]["name"], "Saturday");
    };
    told("drop.opened");
    buy(&shop, ANN, product, 1).expect(200);
    told("drop.sold_out");
    assert_eq!(shop.get(ANN, &format!("/api/drops/{}", drop["dropId"])).expect(200)["status"], "SOLD_OUT");
    change(&shop, &drop, &json!({"endsAt": "2020-01-02T00:00:00Z"})).expect(200);
    told("drop.closed");
}

#[test]
fn a_drop_opens_by_the_stores_clock_after_a_restart() {
    let mut shop = TestShop::start();
    let product = shop.product(1_000, 1);
    let now = jiff::Timestamp::now();
    let starts_at = now.checked_add(jiff::SignedDuration::from_secs(2)).unwrap().to_string();
    let drop = drop_of(&shop, product, &json!({"startsAt": starts_at}));
    assert_eq!(buy(&shop, ANN, product, 1).problem(409), "drop.not_started");
    shop.kill();
    shop.open();
    shop.get_within(30, ANN, &format!("/api/drops/{}", drop["dropId"]), |drop| drop["status"] == "OPEN");
    assert_eq!(buy(&shop, ANN, product, 1).expect(200)["outcome"], "COMPLETED");
}

fn hash_of(text: &str) -> String {
    use sha2::Digest as _;
    sha2::Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn queue_of(drop: &Value) -> String {
    format!("/api/drops/{}/queue", drop["dropId"])
}

/// Waits until a customer's ticket has this status, and returns it.
fn until(shop: &TestShop, user: i64, drop: &Value, status: &str) -> Value {
    shop.get_within(30, user, &queue_of(drop), |ticket| ticket["status"] == status)
}

fn buy_with(shop: &TestShop, user: i64, product: i64, ticket: &Value) -> Answer {
    let headers = [("prefer", "wait=20"), ("queue-ticket", ticket["ticket"].as_str().unwrap())];
    let body = json!({"items": items(product, 1), "payment": "ON_DELIVERY"});
    shop.ask(user, "POST", "/api/orders", &headers, &body)
}

#[test]
fn a_waiting_room_admits_in_turn_and_a_ticket_is_its_customers() {
    let mut shop = TestShop::start();
    let product = shop.product(1_000, 9);
    let room = json!({"waitingRoom": {"admitPerSecond": 1, "holdSeconds": 60}});
    let drop = drop_of(&shop, product, &room);
    assert_eq!(drop["waitingRoom"], json!({"admitPerSecond": 1, "holdSeconds": 60, "prequeue": "fifo"}));
    assert_eq!(shop.get(ANN, &queue_of(&drop)).problem(404), "queue.ticket_not_found");
    let join = |shop: &TestShop, user| shop.post(user, &queue_of(&drop), &Value::Null).expect(202);
    let customers = [ANN, BOB, 2_001, 2_002, 2_003];
    let tickets = customers.map(|user| join(&shop, user));
    assert_eq!(join(&shop, 2_003)["ticket"], tickets[4]["ticket"]);
    let last = shop.get(2_003, &queue_of(&drop)).expect(200);
    assert!(last["ahead"].as_i64().unwrap() <= 4 && last["estimatedWaitSeconds"].as_i64().unwrap() <= 6, "{last}");
    shop.kill();
    shop.open();
    until(&shop, ANN, &drop, "ADMITTED");
    assert_eq!(buy(&shop, ANN, product, 1).problem(403), "queue.ticket_required");
    assert_eq!(buy_with(&shop, 2_004, product, &tickets[0]).problem(403), "queue.ticket_required");
    assert_eq!(buy_with(&shop, ANN, product, &tickets[0]).expect(200)["outcome"], "COMPLETED");
    assert_eq!(shop.ask(2_002, "DELETE", &queue_of(&drop), &[], &Value::Null).status, 204);
    assert_eq!(shop.get(2_002, &queue_of(&drop)).problem(404), "queue.ticket_not_found");
    until(&shop, 2_003, &drop, "ADMITTED");
    assert_eq!(buy_with(&shop, 2_003, product, &tickets[4]).expect(200)["outcome"], "COMPLETED");
    shop.assert_adds_up();
}

#[test]
fn a_move_of_the_queue_is_streamed() {
    let shop = TestShop::start();
    let product = shop.product(1_000, 9);
    let drop = drop_of(&shop, product, &json!({"waitingRoom": {"admitPerSecond": 1}}));
    for user in [BOB, 2_001, ANN] {
        shop.post(user, &queue_of(&drop), &Value::Null).expect(202);
    }
    let (mut client, bearer) = (shop.client(), shop.bearer(ANN));
    client.write("GET", "/api/events", &[("authorization", &bearer), ("prefer", "wait=8")], "").unwrap();
    assert_eq!(client.read().unwrap().status, 200);
    let stream = client.chunks().unwrap();
    let told: Vec<&str> = stream.split("\n\n").filter(|event| event.contains("event: queue.moved")).collect();
    assert!(told.len() >= 2, "{stream}");
    assert!(told.last().unwrap().contains("\"status\":\"ADMITTED\""), "{stream}");
}

#[test]
fn a_proof_and_a_receipt_are_verified_without_the_shop() {
    let shop = TestShop::start();
    let product = shop.product(1_000, 9);
    let drop = drop_of(&shop, product, &json!({"waitingRoom": {"admitPerSecond": 100, "prequeue": "shuffle"}}));
    let ticket = shop.post(ANN, &queue_of(&drop), &Value::Null).expect(202);
    until(&shop, ANN, &drop, "ADMITTED");
    let order = buy_with(&shop, ANN, product, &ticket).number(200);
    let receipt = shop.get(ANN, &format!("/api/orders/{order}/receipt")).expect(200);
    assert_eq!(shop.get(BOB, &format!("/api/orders/{order}/receipt")).problem(404), "order.not_found");
    let plain = shop.product(1_000, 1);
    let other = buy(&shop, ANN, plain, 1).number(200);
    assert_eq!(shop.get(ANN, &format!("/api/orders/{other}/receipt")).problem(404), "receipt.not_found");
    let proof = shop.get(BOB, &format!("/api/drops/{}/proof", drop["dropId"]));
    assert_eq!(proof.status, 200);
    let root = shop.get(BOB, "/api/drops/root").expect(200);
    let head = &root["drops"][0];
    let last: Value = serde_json::from_str(proof.text.lines().last().unwrap()).unwrap();
    assert_eq!((&head["dropId"], &head["entries"], &head["head"]), (&drop["dropId"], &last["number"], &last["hash"]));
    let line = format!("{} {} {}\n", head["dropId"], head["entries"], head["head"].as_str().unwrap());
    assert_eq!(root["root"].as_str().unwrap(), hash_of(&line));
    let folder = shop.folder();
    let (proof_file, receipt_file) = (folder.join("proof.ndjson"), folder.join("receipt.json"));
    std::fs::write(&proof_file, &proof.text).unwrap();
    std::fs::write(&receipt_file, receipt.to_string()).unwrap();
    let root_file = folder.join("root.json");
    std::fs::write(&root_file, root.to_string()).unwrap();
    let verify = || {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_doorbuster"));
        command.arg("verify").arg(&proof_file).arg("--receipt").arg(&receipt_file).arg("--root").arg(&root_file);
        command.output().unwrap()
    };
    let accepted = verify();
    assert!(accepted.status.success(), "{accepted:?}");
    assert!(String::from_utf8_lossy(&accepted.stdout).contains("CLAIMED"), "{accepted:?}");
    std::fs::write(&proof_file, proof.text.replace("JOINED", "LEFT")).unwrap();
    assert!(!verify().status.success());
    shop.assert_adds_up();
}

/// The heads of closed drops are kept by the process, and equal those of the proofs.
#[test]
fn the_root_has_the_heads_of_all_proofs() {
    let shop = TestShop::start();
    let room = json!({"waitingRoom": {"admitPerSecond": 1}});
    let [first, second] = [0, 1].map(|_| drop_of(&shop, shop.product(1_000, 9), &room));
    let proof_of = |drop: &Value| {
        let proof = shop.get(ANN, &format!("/api/drops/{}/proof", drop["dropId"])).text;
        let header: Value = serde_json::from_str(proof.lines().next().unwrap()).unwrap();
        json!({"dropId": header["dropId"], "entries": header["entries"], "head": header["head"]})
    };
    let root = || shop.get(ANN, "/api/drops/root").expect(200)["drops"].clone();
    assert_eq!(root(), json!([]));
    shop.post(ANN, &queue_of(&first), &Value::Null).expect(202);
    assert_eq!(root().as_array().unwrap().len(), 1);
    until(&shop, ANN, &first, "ADMITTED");
    change(&shop, &first, &json!({"endsAt": "2020-01-02T00:00:00Z"})).expect(200);
    crate::buyers::until("the drop is closed", || shop.events_of("DropClosed") == 1);
    shop.post(BOB, &queue_of(&second), &Value::Null).expect(202);
    until(&shop, BOB, &second, "ADMITTED");
    let expected = json!([proof_of(&first), proof_of(&second)]);
    assert_eq!((root(), root()), (expected.clone(), expected.clone()));
    // A closed drop's chain has ended.
    assert_eq!(shop.ask(ANN, "DELETE", &queue_of(&first), &[], &Value::Null).status, 204);
    assert_eq!(shop.get(ANN, &queue_of(&first)).problem(404), "queue.ticket_not_found");
    assert_eq!((proof_of(&first), root()), (expected[0].clone(), expected));
}

/// Every customer orders one unit at a time, from both processes at once.
#[test]
fn two_processes_sell_one_drop_exactly() {
    let Some(database) = Database::new("two_processes_sell_one_drop_exactly") else { return };
    let shops = [database.shop(), database.shop()];
    let product = shops[0].product(1_000, 60);
    let drop = drop_of(&shops[0], product, &json!({}));
    let (sold, limited) = (AtomicI64::new(0), AtomicI64::new(0));
    std::thread::scope(|scope| {
        for worker in 0..8_usize {
            let (shops, sold, limited) = (&shops, &sold, &limited);
            scope.spawn(move || {
                for number in 0..24_i64 {
                    // Each of 40 customers asks more often than the limit allows.
                    let user = 2_000 + (number * 5 + i64::try_from(worker).unwrap()) % 40;
                    let answer = buy(&shops[worker % 2], user, product, 1);
                    match answer.status {
                        200 if answer.json()["outcome"] == "COMPLETED" => sold.fetch_add(1, Ordering::Relaxed),
                        200 => 0,
                        _ => {
                            assert_eq!(answer.problem(409), "customer.limit_exceeded");
                            limited.fetch_add(1, Ordering::Relaxed)
                        }
                    };
                }
            });
        }
    });
    assert_eq!(sold.load(Ordering::Relaxed), 60);
    assert!(limited.load(Ordering::Relaxed) > 0);
    let most = "SELECT CAST(MAX(units) AS SIGNED) FROM (SELECT SUM(quantity) AS units FROM order_line \
                JOIN orders USING (order_id) WHERE outcome = 'COMPLETED' GROUP BY user_id) AS bought";
    assert_eq!(database.ask::<i64>(most), [2]);
    assert_eq!(shops[1].get(ANN, &format!("/api/drops/{}", drop["dropId"])).expect(200)["status"], "SOLD_OUT");
    shops[0].assert_adds_up();
}
