//! Customers who keep ordering while something fails, and the checks of every accepted order.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use serde_json::json;

use crate::client::{Answer, Client};
use crate::shared::Database;
use crate::shop::TestShop;

/// The longest wait, on a machine that is busy with other tests.
const PATIENCE: Duration = Duration::from_secs(240);
const BUYERS: i64 = 4;
const PRICE: i64 = 1_000;
const POINTS: i64 = 100_000_000;
const PLENTY: i64 = 1_000_000;
/// Stock of the scarce product: most customers who order it are refused and get their points back.
const SCARCE: i64 = 30;
/// The pause before a buyer repeats a request that was answered 503.
const AGAIN: Duration = Duration::from_millis(50);

/// Waits until a condition holds.
#[track_caller]
pub(crate) fn until(what: &str, is_so: impl Fn() -> bool) {
    let started = Instant::now();
    while !is_so() {
        assert!(started.elapsed() < PATIENCE, "it never became so: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// A setting with which no order is cancelled because its participants are away.
pub(crate) fn without_deadline() -> (String, String) {
    ("DOORBUSTER__ORDERS__STEP_DEADLINE_S".to_owned(), "600".to_owned())
}

#[derive(Clone, Debug)]
struct Accepted {
    user: i64,
    product: i64,
    number: String,
}

/// Buyers, the products they order, and their accepted orders.
pub(crate) struct Buyers {
    plenty: i64,
    scarce: i64,
    /// Pause between two orders of one buyer.
    pause: Duration,
    accepted: Mutex<Vec<Accepted>>,
    refused: AtomicU64,
    keys: AtomicU64,
    is_over: AtomicBool,
}

impl Buyers {
    pub(crate) fn prepare(shop: &TestShop, pause: Duration) -> Buyers {
        (1..=BUYERS).for_each(|user| shop.charge(user, POINTS));
        Buyers {
            plenty: shop.product(PRICE, PLENTY),
            scarce: shop.product(PRICE, SCARCE),
            pause,
            accepted: Mutex::default(),
            refused: AtomicU64::new(0),
            keys: AtomicU64::new(0),
            is_over: AtomicBool::new(false),
        }
    }

    /// Orders at these shops for as long as `meanwhile` runs.
    pub(crate) fn buy_at(&self, shops: &[&TestShop], meanwhile: impl FnOnce()) {
        self.is_over.store(false, Ordering::Relaxed);
        std::thread::scope(|scope| {
            // Also if it fails: the buyers must end.
            let _over = Over(&self.is_over);
            for user in 1..=BUYERS {
                scope.spawn(move || self.buy(shops, user));
            }
            meanwhile();
        });
    }

    pub(crate) fn accepted(&self) -> usize {
        self.accepted.lock().unwrap().len()
    }

    /// Returns the number of 503 answers.
    pub(crate) fn refused(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }

    /// Asserts that the fault did not affect buyers. A busy machine may still answer a few requests with 503.
    #[track_caller]
    pub(crate) fn assert_served(&self) {
        let (refused, accepted) = (self.refused(), self.accepted());
        assert!(refused * 10 <= accepted as u64, "{refused} were told to come back, {accepted} were accepted");
    }

    /// Waits until this many more orders are accepted.
    #[track_caller]
    pub(crate) fn await_accepted(&self, more: usize) {
        let before = self.accepted();
        until("orders are accepted", || self.accepted() >= before + more);
    }

    /// Waits until an order that was accepted just now is completed.
    #[track_caller]
    pub(crate) fn await_completed(&self, shop: &TestShop) {
        let before = self.accepted();
        let of_plenty = |order: &&Accepted| order.product == self.plenty;
        let find = || self.accepted.lock().unwrap().iter().skip(before).find(of_plenty).cloned();
        until("an order is accepted", || find().is_some());
        let order = find().unwrap();
        until("it is completed", || outcome(shop, &order) == "COMPLETED");
    }

    fn buy(&self, shops: &[&TestShop], user: i64) {
        let mut turns = shops.iter().cycle().skip(user.unsigned_abs() as usize);
        let mut door = Door { shop: turns.next().unwrap(), client: None };
        for number in 0.. {
            if self.is_over.load(Ordering::Relaxed) {
                return;
            }
            let product = if number % 3 == 0 { self.scarce } else { self.plenty };
            // A request without an answer, or with a 503, is repeated with its key.
            let key = format!("order-{}", self.keys.fetch_add(1, Ordering::Relaxed));
            let started = Instant::now();
            let mut is_repeated = false;
            loop {
                assert!(started.elapsed() < PATIENCE, "buyer {user} is never answered");
                let answer = door.order(user, &key, product);
                if let Some(number) = self.accept(answer, is_repeated) {
                    self.accepted.lock().unwrap().push(Accepted { user, product, number });
                    break;
                }
                is_repeated = true;
                door = Door { shop: turns.next().unwrap(), client: None };
                std::thread::sleep(AGAIN);
            }
            std::thread::sleep(self.pause);
        }
    }

    /// Returns the number of an accepted order; `None` if it must be repeated. Panics for every other answer.
    fn accept(&self, answer: std::io::Result<Answer>, is_repeated: bool) -> Option<String> {
        let Ok(answer) = answer else { return None };
        match answer.status {
            202 | 200 => Some(answer.json()["orderNumber"].as_str().unwrap().to_owned()),
            409 if is_repeated => {
                assert_eq!(answer.problem(409), "idempotency.in_progress");
                None
            }
            503 => {
                assert!(["unavailable", "overloaded"].contains(&answer.problem(503).as_str()), "{answer:?}");
                assert_eq!(answer.json()["retryable"], true);
                self.refused.fetch_add(1, Ordering::Relaxed);
                None
            }
            _ => panic!("buyers were told {answer:?}"),
        }
    }

    /// Waits for the last outcome, and compares everything with the accepted orders. The audit runs when the shops are
    /// dropped.
    pub(crate) fn reconcile(&self, shop: &TestShop, database: &Database) {
        let accepted = self.accepted.lock().unwrap().clone();
        let distinct: BTreeSet<&str> = accepted.iter().map(|order| order.number.as_str()).collect();
        assert_eq!(distinct.len(), accepted.len(), "every key made an order of its own");
        let mut completed: BTreeMap<(i64, i64), i64> = BTreeMap::new();
        for order in &accepted {
            if ended(shop, order) == "COMPLETED" {
                *completed.entry((order.product, order.user)).or_default() += 1;
            } else {
                assert_eq!(order.product, self.scarce, "of the other product there is plenty: {order:?}");
            }
        }
        let sold =
            |product| completed.iter().filter(|((of, _), _)| *of == product).map(|(_, count)| count).sum::<i64>();
        let wanted = accepted.iter().filter(|order| order.product == self.scarce).count();
        assert_eq!(sold(self.scarce), SCARCE.min(i64::try_from(wanted).unwrap()), "neither more nor fewer");
        for (product, stock) in [(self.plenty, PLENTY), (self.scarce, SCARCE)] {
            let available = || shop.get(1, &format!("/api/products/{product}")).expect(200)["available"].clone();
            until("stock is what is left", || available() == stock - sold(product));
        }
        for user in 1..=BUYERS {
            let bought: i64 = completed.iter().filter(|((_, by), _)| *by == user).map(|(_, count)| count).sum();
            let balance = || shop.get(user, "/api/points").expect(200)["balance"].clone();
            until("points of cancelled orders come back", || balance() == POINTS - PRICE * bought);
        }
        assert_told_once(&accepted, database);
    }
}

/// Asserts one outcome and one notice for every accepted order, and no other orders.
fn assert_told_once(accepted: &[Accepted], database: &Database) {
    let count = i64::try_from(accepted.len()).unwrap();
    let orders: Vec<(i64, i64)> = database.ask("SELECT 0, COUNT(*) FROM orders");
    assert_eq!(orders, [(0, count)], "a request is one order, however often it was repeated");
    let outcomes =
        "SELECT COUNT(*), COUNT(DISTINCT order_id) FROM event WHERE type IN ('OrderCompleted', 'OrderCancelled')";
    assert_eq!(database.ask::<(i64, i64)>(outcomes), [(count, count)], "an order ends once");
    let mut of_users: BTreeMap<i64, i64> = BTreeMap::new();
    accepted.iter().for_each(|order| *of_users.entry(order.user).or_default() += 1);
    let of_users: Vec<(i64, i64)> = of_users.into_iter().collect();
    let notices = "SELECT user_id, COUNT(*) FROM notice GROUP BY user_id ORDER BY user_id";
    until("everybody is told", || {
        database.ask::<(i64, i64)>(notices).iter().map(|(_, told)| told).sum::<i64>() >= count
    });
    assert_eq!(database.ask::<(i64, i64)>(notices), of_users, "and told once");
}

struct Over<'a>(&'a AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// A buyer, with a connection to the shop that answered last.
struct Door<'a> {
    shop: &'a TestShop,
    client: Option<Client>,
}

impl Door<'_> {
    fn order(&mut self, user: i64, key: &str, product: i64) -> std::io::Result<Answer> {
        let body = json!({"items": [{"productId": product, "quantity": 1}], "pointsToUse": PRICE}).to_string();
        let bearer = self.shop.bearer(user);
        let headers =
            [("authorization", bearer.as_str()), ("content-type", "application/json"), ("idempotency-key", key)];
        let client = match &mut self.client {
            Some(client) => client,
            none => none.insert(Client::connect(&self.shop.address)?),
        };
        client.send("POST", "/api/orders", &headers, &body)
    }
}

/// Returns the outcome of an order.
fn ended(shop: &TestShop, order: &Accepted) -> String {
    let last = RefCell::new(String::new());
    until("every order ends", || {
        last.replace(outcome(shop, order));
        ["COMPLETED", "CANCELLED"].contains(&last.borrow().as_str())
    });
    last.into_inner()
}

fn outcome(shop: &TestShop, order: &Accepted) -> String {
    let answer = shop.get(order.user, &format!("/api/orders/{}", order.number));
    answer.expect(200)["outcome"].as_str().unwrap().to_owned()
}
