//! The process as its operator sees it: start, stop, restart.

use std::collections::BTreeSet;
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use serde_json::json;

use crate::api_asking::{WAIT, items};
use crate::client::Client;
use crate::shop::{ADMIN, ANN, BOB, SECRET, TestShop};

/// Starts a second process on the shop's folder, which must exit by itself.
fn serve_beside(shop: &TestShop) -> Output {
    Command::new(env!("CARGO_BIN_EXE_doorbuster"))
        .args(["serve", "--listen", "127.0.0.1:0", "--data-dir"])
        .arg(shop.folder())
        .env("DOORBUSTER_AUTH_SECRET", SECRET)
        .output()
        .unwrap()
}

#[track_caller]
fn assert_refused(output: &Output, saying: &str) {
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success(), "{said}");
    assert!(said.contains(saying), "{said}");
    assert!(!said.contains("panicked"), "{said}");
}

/// Places orders until the shop has stopped; returns the numbers of the answered ones.
fn order_until_the_stop(shop: &TestShop, user: i64, product: i64) -> Vec<String> {
    let mut numbers = vec![];
    let body = json!({"items": items(product, 1), "payment": "ON_DELIVERY"}).to_string();
    let bearer = shop.bearer(user);
    // Every second order waits for its outcome, the others only for the receipt.
    let waiting = [("authorization", bearer.as_str()), WAIT];
    let Ok(mut client) = Client::connect(&shop.address) else { return numbers };
    for headers in [&waiting[..], &waiting[..1]].into_iter().cycle() {
        let Ok(answer) = client.send("POST", "/api/orders", headers, &body) else { return numbers };
        match answer.status {
            200 | 202 => numbers.push(answer.number(answer.status)),
            // The engine is closing; the order was not accepted.
            503 => {}
            other => panic!("{other}: {}", answer.text),
        }
        if answer.header("connection") == Some("close") {
            return numbers;
        }
    }
    unreachable!("the shop is stopped")
}

fn stop_under_load(settings: &[(&str, &str)]) {
    let mut shop = TestShop::start_with(settings);
    let product = shop.product(1_000, 1_000_000);
    let pid = shop.pid().to_string();
    let numbers: BTreeSet<String> = std::thread::scope(|scope| {
        let shop = &shop;
        let customers: Vec<_> =
            (1..=8).map(|user| scope.spawn(move || order_until_the_stop(shop, user, product))).collect();
        std::thread::sleep(Duration::from_millis(500));
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
        customers.into_iter().flat_map(|customer| customer.join().unwrap()).collect()
    });
    // It has exited or is about to, and must exit with success.
    shop.stop();
    assert!(!numbers.is_empty());
    shop.open();
    for number in &numbers {
        let path = format!("/api/admin/orders/{number}");
        shop.get_until(ADMIN, &path, |order| order["outcome"] == "COMPLETED");
    }
}

#[test]
fn a_stop_under_load_loses_nothing_that_was_answered() {
    stop_under_load(&[]);
}

#[test]
fn a_stop_under_load_loses_nothing_that_was_answered_under_the_log_executor() {
    stop_under_load(&[("DOORBUSTER__ENGINE__EXECUTOR", "log")]);
}

#[test]
fn a_stop_answers_waiting_requests() {
    let mut shop = TestShop::start_with_log();
    let product = shop.product(1_000, 5);
    let number = std::thread::scope(|scope| {
        let shop = &shop;
        let body = json!({"items": items(product, 1)});
        let waiting = scope.spawn(move || shop.order(ANN, &body));
        std::thread::sleep(Duration::from_millis(20));
        assert!(Command::new("kill").args(["-TERM", &shop.pid().to_string()]).status().unwrap().success());
        let answer = waiting.join().unwrap();
        answer.number(answer.status)
    });
    shop.stop();
    shop.open();
    shop.get_until(ANN, &format!("/api/orders/{number}"), |order| order["outcome"] == "AWAITING_PAYMENT");
}

#[test]
fn a_restart_takes_the_same_port_at_once() {
    let mut shop = TestShop::start();
    shop.charge(ANN, 100);
    let address = shop.address.clone();
    // A connection that is open when the process exits keeps the port in TIME_WAIT for a while.
    let mut client = shop.client();
    client.send("GET", "/livez", &[], "").unwrap().expect(200);
    for round in 0..2 {
        if round == 0 {
            shop.stop()
        } else {
            shop.kill()
        }
        shop.open_on(&address);
        assert_eq!(shop.address, address);
        assert_eq!(shop.balance(ANN), 100);
        client = shop.client();
        client.send("GET", "/livez", &[], "").unwrap().expect(200);
    }
}

#[test]
fn a_folder_is_served_by_one_process() {
    let shop = TestShop::start();
    shop.charge(ANN, 100);
    assert_refused(&serve_beside(&shop), "already served by another process");
    assert_eq!(shop.balance(ANN), 100);
}

#[test]
fn a_port_that_is_taken_is_named() {
    let shop = TestShop::start();
    let folder = shop.folder().with_extension("beside");
    let output = Command::new(env!("CARGO_BIN_EXE_doorbuster"))
        .args(["serve", "--listen", &shop.address, "--data-dir"])
        .arg(&folder)
        .output()
        .unwrap();
    assert_refused(&output, &shop.address);
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn a_store_of_a_newer_program_is_refused() {
    let mut shop = TestShop::start();
    shop.charge(ANN, 100);
    shop.stop();
    let change_schema = |sql: &str| {
        let store = rusqlite::Connection::open(shop.folder().join("shop.db")).unwrap();
        store.execute(sql, []).unwrap();
    };
    change_schema(
        "INSERT INTO refinery_schema_history (version, name, applied_on, checksum)
         SELECT 9999, 'future', applied_on, checksum FROM refinery_schema_history LIMIT 1",
    );
    assert_refused(&serve_beside(&shop), "use a newer program");
    change_schema("DELETE FROM refinery_schema_history WHERE version = 9999");
    shop.open();
    assert_eq!(shop.balance(ANN), 100);
}

#[test]
fn the_readiness_probe_answers_when_the_shop_is_ready() {
    let shop = TestShop::start();
    for path in ["/livez", "/readyz", "/metrics"] {
        let answer = shop.client().send("GET", path, &[], "").unwrap();
        assert_eq!(answer.status, 200, "{path}");
    }
    let metrics = shop.client().send("GET", "/metrics", &[], "").unwrap();
    assert!(metrics.text.contains("doorbuster_"), "{}", metrics.text);
}

#[test]
fn the_start_is_quick_and_the_idle_process_is_small() {
    let started = Instant::now();
    let shop = TestShop::start();
    shop.get(BOB, "/api/products").expect(200);
    let took = started.elapsed();
    let status = std::fs::read_to_string(format!("/proc/{}/status", shop.pid())).unwrap_or_default();
    let resident = status.lines().find(|line| line.starts_with("VmRSS")).unwrap_or("VmRSS unknown").to_owned();
    eprintln!("first answer after {took:?}, {resident}");
    assert!(took < Duration::from_secs(10));
}
