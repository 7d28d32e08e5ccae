//! The same history over the embedded store and over the services: the same answers, and the same final state.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use xtask::redis_server::RedisServer;

use crate::brokers::{over_kafka, start, with_executor};
use crate::buyers::until;
use crate::client::Answer;
use crate::live::Events;
use crate::shared::Database;
use crate::shop::{ADMIN, TestShop};

const SEEDS: [u64; 3] = [1, 20_261_121, 4_711];
const STEPS: usize = 60;
const USERS: i64 = 3;

/// Pseudo-random numbers from a seed.
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: i64) -> i64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % bound.unsigned_abs()).cast_signed()
    }
}

/// Queries the store: returns the first column of a statement's rows.
type Ask<'a> = &'a dyn Fn(&str) -> Vec<i64>;

/// Effects of a history: notices, units sold, and coupon requests whose customer was notified.
fn fulfilled(ask: Ask<'_>) -> [i64; 3] {
    let count = |of: &str| ask(&format!("SELECT COUNT(*) FROM {of}"))[0];
    let sold = ask("SELECT sold FROM product_sales").iter().sum();
    [count("notice"), sold, count("coupon_request WHERE status = 'NOTIFIED'")]
}

struct History<'a> {
    shop: &'a TestShop,
    chance: Chance,
    products: Vec<i64>,
    direct: i64,
    queued: i64,
    orders: Vec<(i64, String)>,
    requests: Vec<(i64, String)>,
}

impl History<'_> {
    fn begin(shop: &TestShop, seed: u64) -> History<'_> {
        (1..=USERS).for_each(|user| shop.charge(user, 20_000));
        History {
            shop,
            chance: Chance(seed),
            products: [(1_000, 12), (2_500, 6), (7_000, 3)].map(|(price, stock)| shop.product(price, stock)).to_vec(),
            direct: shop.campaign(4, &json!({"maxIssuePerUser": 2})),
            queued: shop.campaign(2, &json!({"issueMode": "queued"})),
            orders: vec![],
            requests: vec![],
        }
    }

    /// Runs one random action, and returns its answer.
    fn step(&mut self) -> Value {
        let user = 1 + self.chance.below(USERS);
        let answer = match self.chance.below(10) {
            0 => {
                let amount = 1_000 * (1 + self.chance.below(8));
                self.shop.post(user, "/api/points/charge", &json!({"amount": amount}))
            }
            1 => self.shop.post(user, &format!("/api/coupons/{}/issue", self.direct), &Value::Null),
            2 => {
                let answer = self.shop.post(user, "/api/coupons/issue", &json!({"couponId": self.queued}));
                let number = answer.expect(202)["requestId"].as_str().unwrap().to_owned();
                self.requests.push((user, number));
                answer
            }
            3 => self.cancel(),
            4 => self.administer(),
            _ => self.order(user),
        };
        let told = answer.json();
        json!({"status": answer.status, "code": told["code"], "outcome": told["outcome"], "reason": told["reason"]})
    }

    fn order(&mut self, user: i64) -> Answer {
        let index = usize::try_from(self.chance.below(3)).unwrap();
        let mut wanted = json!({"items": [{"productId": self.products[index], "quantity": 1 + self.chance.below(2)}]});
        if self.chance.below(3) == 0 {
            wanted["couponId"] = json!(self.direct);
        }
        match self.chance.below(3) {
            0 => wanted["pointsToUse"] = json!(500 * self.chance.below(4)),
            1 => wanted["payment"] = json!("ON_DELIVERY"),
            _ => {}
        }
        let answer = self.shop.order(user, &wanted);
        if let Some(number) = answer.json()["orderNumber"].as_str() {
            self.orders.push((user, number.to_owned()));
        }
        answer
    }

    fn cancel(&mut self) -> Answer {
        let Some((user, number)) = self.orders.last().cloned() else { return self.administer() };
        let answer = self.shop.post(user, &format!("/api/orders/{number}/cancel"), &json!({}));
        if answer.status != 200 {
            return answer;
        }
        // The answer shows the order at that moment; with a log, its restorations may still be in progress.
        let shown = || self.shop.get(user, &format!("/api/orders/{number}"));
        until("everything is given back", || shown().expect(200)["outcome"] != "COMPENSATING");
        shown()
    }

    fn administer(&mut self) -> Answer {
        let product = self.products[usize::try_from(self.chance.below(3)).unwrap()];
        if self.chance.below(2) == 0 {
            let more = json!({"delta": 1 + self.chance.below(3), "reason": "receipt"});
            return self.shop.post(ADMIN, &format!("/api/admin/products/{product}/stock"), &more);
        }
        let price = json!({"price": 1_000 + 100 * self.chance.below(20)});
        self.shop.ask(ADMIN, "PATCH", &format!("/api/admin/products/{product}"), &[], &price)
    }

    /// Everything that customers and admins can read.
    fn shown(&self) -> Value {
        let shown = |user: i64, path: &str| self.shop.get(user, path).expect(200);
        let each = |of: &[(i64, String)], path: &dyn Fn(&str) -> String| -> Vec<Value> {
            of.iter().map(|(user, number)| shown(*user, &path(number))).collect()
        };
        let histories = each(&self.orders, &|number| format!("/api/orders/{number}/events"));
        let customer = |user: i64| {
            json!({
                "orders": shown(user, "/api/orders?limit=100"),
                "balance": shown(user, "/api/points"),
                "ledger": shown(user, "/api/points/history?limit=100"),
                "coupons": shown(user, "/api/users/me/coupons?limit=100"),
            })
        };
        let campaigns = [self.direct, self.queued].map(|campaign| shown(ADMIN, &format!("/api/coupons/{campaign}")));
        json!({
            "orders": each(&self.orders, &|number| format!("/api/orders/{number}")),
            "histories": histories.iter().map(facts).collect::<Vec<Value>>(),
            "requests": each(&self.requests, &|number| format!("/api/requests/{number}")),
            "customers": (1..=USERS).map(customer).collect::<Vec<Value>>(),
            "products": shown(ADMIN, "/api/products?limit=10"),
            "campaigns": campaigns,
            "popular": shown(ADMIN, "/api/products/popular?window=all"),
        })
    }

    /// Every notice from the first on.
    fn told(&self, ask: Ask<'_>) -> Value {
        let told = |user: i64| -> Value {
            let count = ask(&format!("SELECT COUNT(*) FROM notice WHERE user_id = {user}"))[0];
            let told = Events::open(self.shop, user, Some(0)).take(usize::try_from(count).unwrap());
            told.into_iter().map(|told| json!([told.id, told.kind, told.data])).collect()
        };
        (1..=USERS).map(told).collect()
    }
}

/// Sorts reports of participants, which arrive in any order.
fn facts(history: &Value) -> Value {
    let mut facts: Vec<&str> =
        history["data"].as_array().unwrap().iter().map(|entry| entry["event"].as_str().unwrap()).collect();
    facts.sort_unstable();
    json!(facts)
}

/// Removes what differs between runs: timestamps are dropped, and codes are replaced by the order of their appearance.
struct Names {
    known: BTreeMap<String, usize>,
}

impl Names {
    fn of(&mut self, kind: &str, name: &str) -> Value {
        let next = self.known.len();
        json!(format!("{kind} {}", self.known.entry(format!("{kind} {name}")).or_insert(next)))
    }

    fn plain(&mut self, key: &str, value: &Value) -> Value {
        match value {
            Value::Object(members) => {
                members.iter().map(|(key, value)| (key.clone(), self.plain(key, value))).collect()
            }
            Value::Array(values) => values.iter().map(|value| self.plain(key, value)).collect(),
            Value::Number(number) if ["productId", "couponId"].contains(&key) => self.of(key, &number.to_string()),
            Value::String(text) if is_moment(text) => json!("a moment"),
            Value::String(text) if is_code(text) => self.of("code", text),
            // Messages contain the order number.
            Value::String(text) if key == "message" => json!(without_codes(text)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
        }
    }
}

fn is_moment(text: &str) -> bool {
    text.len() >= 20 && text.as_bytes()[10] == b'T' && text.ends_with('Z')
}

fn without_codes(text: &str) -> String {
    let is_end = |letter: char| !letter.is_ascii_alphanumeric() && letter != '-';
    text.split_inclusive(is_end)
        .map(|word| if is_code(word.trim_end_matches(is_end)) { "a code " } else { word })
        .collect()
}

/// For example `ORD-SN3D96N6`.
fn is_code(text: &str) -> bool {
    let of_code = |char: char| char.is_ascii_uppercase() || char.is_ascii_digit();
    text.split_once('-').is_some_and(|(_, code)| code.len() >= 6 && code.chars().all(of_code))
}

/// Runs a whole history; returns the answers and the final state. Without `before`, the effects of a step must exist
/// when it is answered; with `before`, each step waits for its effects there.
fn live((shop, ask): (&TestShop, Ask<'_>), seed: u64, before: Option<&[[i64; 3]]>) -> (Vec<[i64; 3]>, Value) {
    let mut history = History::begin(shop, seed);
    let (mut led_to, mut said) = (vec![], vec![]);
    for step in 0..STEPS {
        said.push(history.step());
        if let Some(before) = before {
            until(&format!("step {step} leads to as much: {said:?}"), || fulfilled(ask) == before[step]);
        }
        led_to.push(fulfilled(ask));
    }
    let whole = json!([said, history.shown(), history.told(ask)]);
    (led_to, Names { known: BTreeMap::new() }.plain("", &whole))
}

fn embedded(seed: u64) -> (Vec<[i64; 3]>, Value) {
    let shop = TestShop::start();
    let store = rusqlite::Connection::open(shop.folder().join("shop.db")).unwrap();
    let ask = |statement: &str| {
        let mut statement = store.prepare(statement).unwrap();
        let found = statement.query_map([], |row| row.get(0)).unwrap();
        found.map(Result::unwrap).collect()
    };
    live((&shop, &ask), seed, None)
}

#[test]
fn serial_histories_end_in_the_same_state_in_a_folder_and_over_the_services() {
    let test = "serial_histories_end_in_the_same_state_in_a_folder_and_over_the_services";
    let runs = SEEDS.map(|seed| (seed, "log")).into_iter().chain([(SEEDS[0], "inline")]);
    for (seed, executor) in runs {
        let (Some(database), Some(redis)) = (Database::new(test), RedisServer::start(test, &[])) else { return };
        let Some(mut settings) = over_kafka(test) else { return };
        settings.push(("DATABASE_URL".to_owned(), database.url()));
        settings.push(("REDIS_URL".to_owned(), redis.address()));
        with_executor(&mut settings, executor);
        let (led_to, wanted) = embedded(seed);
        assert!(led_to.last().unwrap().iter().all(|count| *count > 0), "something of everything happened: {led_to:?}");
        let submitter = start(&settings, &["--roles", "api"]);
        let worker = start(&settings, &["--roles", "worker,relay"]);
        let ask = |statement: &str| database.ask::<i64>(statement);
        let (_, found) = live((&submitter, &ask), seed, Some(&led_to));
        drop(worker);
        for (number, part) in ["what was said", "what is shown", "what was told"].iter().enumerate() {
            assert_eq!(found[number], wanted[number], "{part} with seed {seed}, {executor}");
        }
    }
}
