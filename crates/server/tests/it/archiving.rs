//! `doorbuster archive`: old events go to files; audit, histories and lists stay true.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::{Value, json};

use crate::api_asking::items;
use crate::shared::Database;
use crate::shop::{ADMIN, ANN, BOB, SECRET, TestShop};

pub(crate) fn doorbuster(args: &[&str], shop: &TestShop) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_doorbuster"));
    command.args(args).arg("--data-dir").arg(shop.folder()).env("DOORBUSTER_AUTH_SECRET", SECRET);
    command.envs(shop.settings()).output().unwrap()
}

#[track_caller]
pub(crate) fn archived(shop: &TestShop, before: &str) -> Value {
    // Groups that follow the commit may not have come to the end yet.
    for _ in 0..200 {
        let output = doorbuster(&["archive", "--json", "--before", before], shop);
        if output.status.success() {
            return serde_json::from_slice(&output.stdout).unwrap();
        }
        let refusal = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(refusal.contains("which has not handled it"), "{refusal}");
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    panic!("a group never comes to the end");
}

fn paid(shop: &TestShop, user: i64, product: i64) -> String {
    let number = shop.order(user, &json!({"items": items(product, 1)})).number(200);
    shop.pay(user, &number, 20).expect(200);
    number
}

pub(crate) fn events(shop: &TestShop) -> Vec<Value> {
    shop.get(ADMIN, "/api/admin/events?limit=100").expect(200)["data"].as_array().unwrap().clone()
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

/// A history that needs archived events says so; another one is exact.
fn check_histories(shop: &TestShop, needing: &[String], later: i64, line: &str) {
    for path in needing {
        let past = shop.get(ADMIN, &format!("/api/admin/{path}/history"));
        assert_eq!(past.problem(410), "history.archived", "{path}");
        assert!(past.json()["detail"].as_str().unwrap().contains(line));
    }
    let state = &shop.get(ADMIN, &format!("/api/admin/products/{later}/history")).expect(200)["state"];
    assert_eq!((&state["sold"], &state["price"]), (&json!(1), &json!(2_000)), "{state:#}");
    let export = doorbuster(&["export", "events"], shop);
    assert!(String::from_utf8_lossy(&export.stderr).contains(line), "{export:?}");
}

fn check(shop: &TestShop) {
    let product = shop.product(1_000, 50);
    let campaign = shop.campaign(5, &json!({}));
    shop.issue(ANN, campaign);
    shop.charge(ANN, 500);
    let old = paid(shop, ANN, product);
    let open = shop.order(BOB, &json!({"items": items(product, 1)})).number(200);
    let later = shop.product(2_000, 50);
    let line = events(shop)[0]["at"].as_str().unwrap().to_owned();
    let fresh = paid(shop, BOB, later);
    let all = events(shop).len();

    // Events that are still needed are not archived, and nothing is written.
    assert!((0..200).any(|_| {
        let refused = shop.post(ADMIN, "/api/admin/archive", &json!({"before": line}));
        assert_eq!(refused.problem(409), "archive.refused");
        let why = refused.json()["detail"].as_str().unwrap().to_owned();
        // Groups that follow the commit may not have come to the end yet.
        assert!(why.contains("AWAITING_PAYMENT") || why.contains("which has not handled it"), "{why}");
        std::thread::sleep(std::time::Duration::from_millis(100));
        why.contains("AWAITING_PAYMENT")
    }));
    assert_eq!(shop.post(ADMIN, "/api/admin/archive", &json!({"before": "then"})).complaint(400).1, "#/before");
    assert_eq!(events(shop).len(), all);
    shop.ask(BOB, "POST", &format!("/api/orders/{open}/cancel"), &[("prefer", "wait=20")], &json!({})).expect(200);
    shop.get_until(BOB, &format!("/api/orders/{open}"), |order| order["status"] == "CANCELLED");

    // An earlier attempt was killed when it had written files and removed nothing.
    let folder = shop.folder().join("archive");
    fs::create_dir_all(&folder).unwrap();
    for name in ["events-000000000001-000000000002.ndjson.gz", "events-000000000003.part"] {
        fs::write(folder.join(name), "half").unwrap();
    }
    let done = archived(shop, &line);
    assert!(done["archived"].as_i64().unwrap() > 5, "{done}");
    assert_eq!(done["archivedBefore"], line);
    assert_eq!(files(&folder).len(), 1, "{:?}", files(&folder));
    let left = events(shop);
    assert!(left.iter().all(|event| event["at"].as_str().unwrap() >= line.as_str()), "{left:#?}");
    shop.assert_adds_up();
    let again = archived(shop, &line);
    assert_eq!((again["archived"].as_i64(), &again["total"]), (Some(0), &done["total"]));

    let needing =
        [format!("products/{product}"), format!("coupons/{campaign}"), format!("orders/{old}"), format!("users/{ANN}")];
    check_histories(shop, &needing, later, &line);
    shop.get(ADMIN, &format!("/api/admin/orders/{fresh}/history")).expect(200);

    // Life goes on, also that of an order whose events are in files.
    shop.ask(ANN, "POST", &format!("/api/orders/{old}/cancel"), &[("prefer", "wait=20")], &json!({})).expect(200);
    shop.get_until(ADMIN, &format!("/api/admin/orders/{old}"), |order| order["payment"]["status"] == "REFUNDED");
    shop.assert_adds_up();

    // A later archive goes on in new files; together they are the whole chain.
    let newest = events(shop)[0]["at"].as_str().unwrap().to_owned();
    archived(shop, &newest);
    assert_eq!(files(&folder).len(), 2);
    let verify = ["archive", "--json", "--verify", folder.to_str().unwrap()];
    let output = doorbuster(&verify, shop);
    assert!(output.status.success(), "{output:?}");
    let verified: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&verified["events"], &verified["faults"]), (&verified["kept"], &json!([])));
    shop.assert_adds_up();
    // A member appended to a compressed file is read by every tool, so it counts.
    let (first, whole) = (&files(&folder)[0], fs::read(&files(&folder)[0]).unwrap());
    fs::write(first, [whole.clone(), fs::read(&files(&folder)[1]).unwrap()].concat()).unwrap();
    let changed = doorbuster(&verify, shop);
    assert_eq!(changed.status.code(), Some(1), "{changed:?}");
    assert!(String::from_utf8_lossy(&changed.stderr).contains("is missing or unreadable"), "{changed:?}");
    fs::write(first, whole).unwrap();
    fs::remove_file(&files(&folder)[1]).unwrap();
    assert_eq!(doorbuster(&verify, shop).status.code(), Some(1));
}

#[test]
fn old_events_go_to_files() {
    check(&TestShop::start());
}

#[test]
fn old_events_of_the_own_log_go_to_files() {
    check(&TestShop::start_with_log());
}

#[test]
fn old_events_of_a_database_go_to_files() {
    let Some(database) = Database::new("old_events_of_a_database_go_to_files") else { return };
    check(&database.shop());
}

#[test]
fn a_stopped_shop_archives_and_is_not_moved_any_more() {
    let mut shop = TestShop::start();
    let product = shop.product(1_000, 50);
    paid(&shop, ANN, product);
    shop.product(2_000, 50);
    let line = events(&shop)[0]["at"].as_str().unwrap().to_owned();
    std::thread::sleep(std::time::Duration::from_millis(1_500));
    shop.stop();
    assert!(archived(&shop, &line)["archived"].as_i64().unwrap() > 3);
    shop.assert_adds_up();
    let incremental = doorbuster(&["audit", "--incremental", "--json"], &shop);
    assert!(incremental.status.success(), "{incremental:?}");
    let moved = doorbuster(&["move", "--to", "mysql://nobody@127.0.0.1:1/none"], &shop);
    assert!(String::from_utf8_lossy(&moved.stderr).contains("archive"), "{moved:?}");
    shop.open();
    paid(&shop, BOB, product);
    shop.assert_adds_up();
}
