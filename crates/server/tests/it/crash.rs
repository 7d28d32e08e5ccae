//! The real binary under load, killed at random moments: answered requests survive, and the audit is clean.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use serde_json::{Value, json};

use crate::client::{Answer, Client};
use crate::shop::{ADMIN, TestShop};

const ROUNDS: u64 = 20;
const CUSTOMERS: i64 = 6;
const ORDERS: &str = "/api/orders";
const COUPONS: i64 = 5_000;
/// Unit prices. Without a discount, the price tells the scripted provider how to behave: approve, decline, lose the
/// answer, call back twice, call back first, report a wrong amount.
const PRICES: [i64; 6] = [1_000, 40_402, 40_504, 40_208, 40_102, 40_409];

/// A request that was sent with a key, and its answer, if any.
#[derive(Clone, Debug)]
struct Sent {
    user: i64,
    path: String,
    key: String,
    body: Value,
    answer: Option<Answer>,
}

/// Pseudo-random numbers from a seed.
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }
}

fn rounds() -> u64 {
    std::env::var("DOORBUSTER_CRASH_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(ROUNDS)
}

fn send(client: &mut Client, shop: &TestShop, sent: &Sent) -> std::io::Result<Answer> {
    let bearer = shop.bearer(sent.user);
    let headers = [
        ("authorization", bearer.as_str()),
        ("content-type", "application/json"),
        ("idempotency-key", sent.key.as_str()),
        ("prefer", "wait=20"),
    ];
    client.send("POST", &sent.path, &headers, &sent.body.to_string())
}

/// One customer: orders and coupons, one after the other, until the shop is killed.
fn shop_until_the_crash(shop: &TestShop, user: i64, round: u64, (products, coupon): (&[i64], i64)) -> Vec<Sent> {
    let mut sent = vec![];
    let Ok(mut client) = Client::connect(&shop.address) else { return sent };
    let mut chance = Chance(round * 1_000 + user.unsigned_abs());
    for number in 0.. {
        let key = format!("r{round}-u{user}-{number}");
        let product = products[usize::try_from(chance.below(products.len() as u64)).unwrap()];
        let (path, body) = match chance.below(4) {
            0 => (format!("/api/coupons/{coupon}/issue"), json!({})),
            1 => (ORDERS.to_owned(), json!({"items": [{"productId": product, "quantity": 1}], "couponId": coupon})),
            2 => (ORDERS.to_owned(), json!({"items": [{"productId": product, "quantity": 2}], "pointsToUse": 2_000})),
            _ => ("/api/points/charge".to_owned(), json!({"amount": 500})),
        };
        let request = Sent { user, path, key, body, answer: None };
        let Some(order) = try_once(&mut client, shop, request, &mut sent) else { return sent };
        for follow_up in what_follows(&order, &mut chance) {
            if try_once(&mut client, shop, follow_up, &mut sent).is_none() {
                return sent;
            }
        }
    }
    unreachable!("the shop is killed");
}

/// Sends a request and records the answer; without an answer, the shop was killed.
fn try_once(client: &mut Client, shop: &TestShop, mut request: Sent, sent: &mut Vec<Sent>) -> Option<Sent> {
    request.answer = send(client, shop, &request).ok();
    sent.push(request.clone());
    request.answer.is_some().then_some(request)
}

/// Pays an order that waits for its payment, and refunds part of some paid orders.
fn what_follows(placed: &Sent, chance: &mut Chance) -> Vec<Sent> {
    let order = placed.answer.as_ref().map(Answer::json).unwrap_or_default();
    if placed.path != ORDERS || order["outcome"] != "AWAITING_PAYMENT" {
        return vec![];
    }
    let follow_up = |act: &str, body: Value| Sent {
        path: format!("{ORDERS}/{}/{act}", order["orderNumber"].as_str().unwrap()),
        key: format!("{}-{act}", placed.key),
        body,
        ..placed.clone()
    };
    let pay = follow_up("pay", json!({"method": "CARD"}));
    match chance.below(4) {
        0 => vec![follow_up("cancel", json!({}))],
        1 => vec![pay, follow_up("refund", json!({}))],
        2 => vec![pay, follow_up("cancel", json!({}))],
        _ => vec![pay],
    }
}

/// Checks the answer to a repeated request after the crash.
fn check_kept(before: &Answer, after: &Answer, sent: &Sent) {
    if before.status >= 500 {
        return;
    }
    if before.status >= 400 {
        // A refusal changed nothing and is not stored, so the repeat may succeed.
        return;
    }
    assert_eq!(after.header("idempotency-replayed"), Some("true"), "{sent:?} → {after:?}");
    let (before, after) = (before.json(), after.json());
    for member in ["orderNumber", "userCouponId", "issueNumber", "balance", "paymentId"] {
        assert_eq!(before[member], after[member], "{member} of {sent:?}");
    }
    // An outcome never changes, except that a waiting order may have been paid or cancelled since.
    if before["outcome"] != "AWAITING_PAYMENT" && before["outcome"] != "COMPENSATING" {
        assert_eq!(before["outcome"], after["outcome"], "the outcome of {sent:?}");
    }
    if before["status"] == "COMPLETED" && before["paymentId"].is_string() {
        assert_eq!(after["status"], "COMPLETED", "the payment of {sent:?}");
    }
}

fn crash_and_check(settings: &[(&str, &str)], rounds: u64) {
    let mut shop = TestShop::start_with(settings);
    let products = PRICES.map(|price| shop.product(price, 1_000_000));
    let coupon = shop.campaign(COUPONS, &json!({"maxIssuePerUser": 100}));
    (1..=CUSTOMERS).for_each(|user| shop.charge(user, 1_000_000));
    let mut chance = Chance(0x9e37_79b9_7f4a_7c15);
    let mut orders: BTreeMap<String, String> = BTreeMap::new();
    for round in 0..rounds {
        let patience = Duration::from_micros(20_000 + chance.below(400_000));
        let pid = shop.pid().to_string();
        let sent: Vec<Sent> = std::thread::scope(|scope| {
            let shop = &shop;
            let customers: Vec<_> = (1..=CUSTOMERS)
                .map(|user| scope.spawn(move || shop_until_the_crash(shop, user, round, (&products, coupon))))
                .collect();
            std::thread::sleep(patience);
            assert!(std::process::Command::new("kill").args(["-KILL", &pid]).status().unwrap().success());
            customers.into_iter().flat_map(|customer| customer.join().unwrap()).collect()
        });
        shop.kill();
        shop.assert_adds_up();
        shop.open();
        for request in &sent {
            let again = send(&mut shop.client(), &shop, request).unwrap();
            assert!(again.status < 500, "{again:?}");
            if let Some(before) = &request.answer {
                check_kept(before, &again, request);
            }
            if let Some(number) = again.json()["orderNumber"].as_str().filter(|_| request.path == ORDERS) {
                let key = orders.insert(number.to_owned(), request.key.clone());
                assert_eq!(key, None, "no order is made by two keys");
            }
        }
        assert!(sent.iter().any(|request| request.answer.is_some()), "round {round} did something");
    }
    check_everybody(&shop, &orders);
    check_money(&shop);
}

/// When no payment is in progress, the shop's and the provider's books agree.
fn check_money(shop: &TestShop) {
    for _ in 0..2_400 {
        if shop.payments_under_way() == 0 {
            let own = shop.own_statement();
            assert_eq!(own, shop.provider_statement());
            assert!(own.captured > own.refunded && own.refunded > 0, "some was paid, and some came back: {own:?}");
            return;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    panic!("payments are still under way: {}", shop.payments_under_way());
}

/// Every existing order was answered or has a key, and has an outcome.
fn check_everybody(shop: &TestShop, orders: &BTreeMap<String, String>) {
    let mut found = BTreeSet::new();
    let mut cursor = String::new();
    loop {
        let page = shop.get(ADMIN, &format!("/api/admin/orders?limit=100{cursor}")).expect(200);
        for order in page["data"].as_array().unwrap() {
            assert_ne!(order["outcome"], "PENDING", "{order}");
            found.insert(order["orderNumber"].as_str().unwrap().to_owned());
        }
        let Some(next) = page["nextCursor"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    assert_eq!(found, orders.keys().cloned().collect(), "orders and keys match");
}

#[test]
fn what_was_answered_survives_kill_9() {
    crash_and_check(&[], rounds());
}

#[test]
fn what_was_answered_survives_kill_9_under_the_log_executor() {
    crash_and_check(&[("DOORBUSTER__ENGINE__EXECUTOR", "log")], rounds().div_ceil(4));
}

#[test]
fn a_client_that_hangs_up_and_repeats_gets_one_order() {
    const CLIENTS: u64 = 8;
    const TRIES: u64 = 150;
    let shop = TestShop::start();
    let product = shop.product(0, 1_000_000);
    let orders = Mutex::new(BTreeMap::new());
    let lost = AtomicU64::new(0);
    let is_fast = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for client in 1..=CLIENTS {
            let (shop, orders, lost, is_fast) = (&shop, &orders, &lost, &is_fast);
            scope.spawn(move || {
                let mut chance = Chance(client * 7_919);
                for number in 0..TRIES {
                    let sent = Sent {
                        user: i64::try_from(client).unwrap(),
                        path: "/api/orders".to_owned(),
                        key: format!("c{client}-{number}"),
                        body: json!({"items": [{"productId": product, "quantity": 1}]}),
                        answer: None,
                    };
                    hang_up(shop, &sent, Duration::from_micros(chance.below(3_000)));
                    let again = send(&mut shop.client(), shop, &sent).unwrap();
                    let number = again.expect(200)["orderNumber"].as_str().unwrap().to_owned();
                    let replayed = again.header("idempotency-replayed").is_some();
                    lost.fetch_add(u64::from(replayed), Ordering::Relaxed);
                    is_fast.fetch_or(!replayed, Ordering::Relaxed);
                    assert_eq!(orders.lock().unwrap().insert(number, sent.key), None);
                }
            });
        }
    });
    assert!(lost.load(Ordering::Relaxed) > 0, "some hung up after the order was made");
    let orders = orders.into_inner().unwrap();
    assert_eq!(orders.len() as u64, CLIENTS * TRIES);
    check_everybody(&shop, &orders);
}

/// Sends a request and closes the connection after a moment, answered or not.
fn hang_up(shop: &TestShop, sent: &Sent, after: Duration) {
    let mut client = shop.client();
    let bearer = shop.bearer(sent.user);
    let headers = [
        ("authorization", bearer.as_str()),
        ("content-type", "application/json"),
        ("idempotency-key", sent.key.as_str()),
    ];
    client.write("POST", &sent.path, &headers, &sent.body.to_string()).unwrap();
    std::thread::sleep(after);
}
