//! A client whose shop is killed repeatedly gets every notice once, in order.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::json;

use crate::client::Client;
use crate::live::{Events, Received, expect_kinds};
use crate::shop::{ANN, TestShop};

const ROUNDS: u64 = 6;
const BUYERS: usize = 3;

/// Places orders until the shop is killed or the test ends.
fn buy(shop: &TestShop, product: i64, is_over: &AtomicBool) {
    let Ok(mut client) = Client::connect(&shop.address) else { return };
    let bearer = shop.bearer(ANN);
    let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
    let body = json!({"items": [{"productId": product, "quantity": 1}]}).to_string();
    while !is_over.load(Ordering::Relaxed) && client.send("POST", "/api/orders", &headers, &body).is_ok() {}
}

fn listen_through_crashes(settings: &[(&str, &str)]) {
    let mut shop = TestShop::start_with(settings);
    let product = shop.product(0, 1_000_000);
    let heard: Mutex<Vec<Received>> = Mutex::new(vec![]);
    for round in 0..ROUNDS {
        let is_over = AtomicBool::new(false);
        std::thread::scope(|scope| {
            let (shop, heard, is_over) = (&shop, &heard, &is_over);
            for _ in 0..BUYERS {
                scope.spawn(move || buy(shop, product, is_over));
            }
            scope.spawn(move || {
                let after = heard.lock().unwrap().len();
                let mut events = Events::open(shop, ANN, Some(i64::try_from(after).unwrap()));
                while let Ok(told) = events.next() {
                    heard.lock().unwrap().push(told);
                }
            });
            std::thread::sleep(Duration::from_millis(300 + 50 * round));
            is_over.store(round % 2 == 1, Ordering::Relaxed);
            let pid = shop.pid().to_string();
            assert!(std::process::Command::new("kill").args(["-KILL", &pid]).status().unwrap().success());
        });
        shop.kill();
        shop.open();
    }
    let heard = heard.into_inner().unwrap();
    assert!(heard.len() > 10, "something was heard: {}", heard.len());
    expect_kinds(&heard, 1, &vec!["order.completed"; heard.len()]);
    // The store's notices are those received live, followed by those that no client received.
    let last = last_number(&shop);
    let from = last.saturating_sub(900);
    let mut events = Events::open(&shop, ANN, Some(i64::try_from(from).unwrap()));
    let kept = events.take(last - from);
    expect_kinds(&kept, i64::try_from(from + 1).unwrap(), &vec!["order.completed"; last - from]);
    assert_eq!(heard[from.min(heard.len())..], kept[..heard.len().saturating_sub(from)]);
}

/// Returns the number of a customer's notices, from the start position of a new stream.
fn last_number(shop: &TestShop) -> usize {
    let product = shop.product(0, 1);
    let mut events = Events::open(shop, ANN, None);
    shop.order(ANN, &json!({"items": [{"productId": product, "quantity": 1}]})).expect(200);
    usize::try_from(events.next().unwrap().id).unwrap()
}

#[test]
fn notices_survive_kill_9_without_loss_or_repeat() {
    listen_through_crashes(&[]);
}

#[test]
fn notices_survive_kill_9_under_the_log_executor() {
    listen_through_crashes(&[("DOORBUSTER__ENGINE__EXECUTOR", "log")]);
}
