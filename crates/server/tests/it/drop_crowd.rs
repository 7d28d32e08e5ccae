//! A crowd in the waiting room of a drop, over two processes of which one is killed: no place is lost, exactly the stock is
//! sold, no customer gets more than the limit, and customers are admitted in the order of decision.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::api_asking::items;
use crate::client::Client;
use crate::shared::Database;
use crate::shop::{ADMIN, ANN, TestShop};

const CUSTOMERS: i64 = 2_000;
const FIRST: i64 = 10_000;
const STOCK: i64 = 300;
const LIMIT: i64 = 2;
const WORKERS: i64 = 8;
const PATIENCE: Duration = Duration::from_secs(120);

fn users_of(worker: i64) -> impl Iterator<Item = i64> {
    (FIRST..FIRST + CUSTOMERS).filter(move |user| user % WORKERS == worker)
}

/// Joins; returns the ticket, or nothing if the process is dead.
fn join(address: &str, path: &str, bearer: &str) -> Option<String> {
    let headers = [("authorization", bearer), ("content-type", "application/json")];
    let answer = Client::connect(address).ok()?.send("POST", path, &headers, "").ok()?;
    assert_eq!(answer.status, 202, "{}", answer.text);
    Some(answer.json()["ticket"].as_str().unwrap().to_owned())
}

/// Everybody joins, at both processes; the second one is killed meanwhile. Returns the tickets that were told.
fn everybody_joins(shops: &mut [TestShop; 2], path: &str) -> BTreeMap<i64, String> {
    let (joined, addresses) = (AtomicI64::new(0), shops.each_ref().map(|shop| shop.address.clone()));
    let bearers: BTreeMap<i64, String> = (FIRST..FIRST + CUSTOMERS).map(|user| (user, shops[0].bearer(user))).collect();
    let [_, second] = shops;
    std::thread::scope(|scope| {
        let workers = (0..WORKERS).map(|worker| {
            let (joined, address, bearers) = (&joined, &addresses[usize::from(worker % 2 == 1)], &bearers);
            scope.spawn(move || -> Vec<(i64, Option<String>)> {
                let join = |user| {
                    let ticket = join(address, path, &bearers[&user]);
                    joined.fetch_add(1, Ordering::Relaxed);
                    (user, ticket)
                };
                users_of(worker).map(join).collect()
            })
        });
        let workers: Vec<_> = workers.collect();
        let began = Instant::now();
        while joined.load(Ordering::Relaxed) < CUSTOMERS / 4 {
            assert!(began.elapsed() < PATIENCE, "nobody joins");
            std::thread::sleep(Duration::from_millis(1));
        }
        second.kill();
        let told = workers.into_iter().flat_map(|worker| worker.join().unwrap());
        told.filter_map(|(user, ticket)| Some((user, ticket?))).collect()
    })
}

/// Waits for the customer's turn.
fn turn(shop: &TestShop, user: i64, path: &str) -> Value {
    shop.get_within(120, user, path, |ticket| ticket["status"] != "WAITING")
}

/// Buys what the limit allows, and tries once more. Returns the units.
fn buy(shop: &TestShop, user: i64, path: &str, product: i64) -> i64 {
    let ticket = turn(shop, user, path);
    if ticket["status"] == "SOLD_OUT" {
        return 0;
    }
    assert_eq!(ticket["status"], "ADMITTED");
    let headers = [("prefer", "wait=60"), ("queue-ticket", ticket["ticket"].as_str().unwrap())];
    let order = |units| {
        let body = json!({"items": items(product, units), "payment": "ON_DELIVERY"});
        shop.ask(user, "POST", "/api/orders", &headers, &body)
    };
    match order(LIMIT).expect(200)["outcome"].as_str().unwrap() {
        "COMPLETED" => assert_eq!(order(1).problem(409), "customer.limit_exceeded"),
        outcome => {
            assert_eq!(outcome, "CANCELLED");
            return 0;
        }
    }
    LIMIT
}

/// Checks that tickets are numbered in the order of decision, and that no customer buys before their turn.
fn assert_in_order(proof: &str) {
    let (mut joined, mut admitted, mut tickets) = (0, 0, BTreeMap::new());
    for line in proof.lines().skip(1) {
        let link: Value = serde_json::from_str(line).unwrap();
        let (subject, customer) = (link["subject"].as_i64().unwrap(), link["customer"].as_str().unwrap().to_owned());
        match link["kind"].as_str().unwrap() {
            "JOINED" => {
                joined += 1;
                assert_eq!(subject, joined, "tickets are numbered in the order of decision");
                assert_eq!(tickets.insert(customer, subject), None, "one ticket for each customer");
            }
            "ADMITTED" => {
                assert!(subject > admitted, "the queue goes on");
                admitted = subject;
            }
            "CLAIMED" => assert!(tickets[&customer] <= admitted, "{line} comes before its turn"),
            kind => panic!("nobody has {kind}"),
        }
    }
    assert_eq!(joined, CUSTOMERS);
}

#[test]
fn a_crowd_over_two_processes_buys_in_turn_and_loses_no_place() {
    let Some(database) = Database::new("a_crowd_over_two_processes_buys_in_turn_and_loses_no_place") else { return };
    let mut shops = [database.shop(), database.shop()];
    let product = shops[0].product(1_000, STOCK);
    let drop = json!({
        "name": "Saturday", "startsAt": "2020-01-01T00:00:00Z", "endsAt": "2099-01-01T00:00:00Z",
        "products": [{"productId": product, "perCustomer": LIMIT}],
        "waitingRoom": {"admitPerSecond": 400, "holdSeconds": 3_600},
    });
    let id = shops[0].post(ADMIN, "/api/admin/drops", &drop).expect(201)["dropId"].as_i64().unwrap();
    let (path, admin) = (format!("/api/drops/{id}/queue"), format!("/api/admin/drops/{id}"));
    shops[0].patch(ADMIN, &admin, &json!({"paused": true})).expect(200);
    let told = everybody_joins(&mut shops, &path);
    shops[1].open();
    for (number, user) in (FIRST..FIRST + CUSTOMERS).enumerate() {
        match told.get(&user) {
            // A part of them is enough; the proof has them all.
            Some(_) if number % 7 > 0 => {}
            Some(ticket) => assert_eq!(shops[1].get(user, &path).expect(200)["ticket"], ticket.as_str()),
            None => assert_eq!(shops[0].post(user, &path, &Value::Null).expect(202)["status"], "WAITING"),
        }
    }
    assert!(told.len() < usize::try_from(CUSTOMERS).unwrap(), "the second process was killed too late");
    shops[0].patch(ADMIN, &admin, &json!({"paused": false})).expect(200);
    let sold = AtomicI64::new(0);
    std::thread::scope(|scope| {
        for worker in 0..WORKERS {
            let (shop, sold, path) = (&shops[usize::from(worker % 2 == 1)], &sold, &path);
            scope.spawn(move || {
                for user in users_of(worker) {
                    sold.fetch_add(buy(shop, user, path, product), Ordering::Relaxed);
                }
            });
        }
    });
    assert_eq!(sold.load(Ordering::Relaxed), STOCK);
    let most = "SELECT CAST(MAX(units) AS SIGNED) FROM (SELECT SUM(quantity) AS units FROM order_line \
                JOIN orders USING (order_id) WHERE outcome = 'COMPLETED' GROUP BY user_id) AS bought";
    assert_eq!(database.ask::<i64>(most), [LIMIT]);
    let proof = shops[1].get(ANN, &format!("/api/drops/{id}/proof"));
    assert_in_order(&proof.text);
    verify::verify(&proof.text).unwrap();
    shops[0].assert_adds_up();
}
