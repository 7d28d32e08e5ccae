//! The past: what a campaign, a product, an order and a customer were at a moment equals what was read then.

use std::process::{Command, Output};

use app::events::wire_time;
use domain::time::Timestamp;
use serde_json::{Value, json};

use crate::api_asking::{in_both_executors, items};
use crate::shared::Database;
use crate::shop::{ADMIN, ANN, TestShop};

/// Returns the moment of the newest event. A history counts by the store's clock, from which this machine's may differ.
fn now(shop: &TestShop) -> String {
    shop.get(ADMIN, "/api/admin/events?limit=1").expect(200)["data"][0]["at"].as_str().unwrap().to_owned()
}

fn moment(text: &Value) -> Timestamp {
    wire_time::parse(text.as_str().unwrap()).unwrap()
}

/// What was read at a moment.
struct Seen {
    at: String,
    campaign: Value,
    product: Value,
    points: Value,
    coupons: Value,
    order: Option<Value>,
}

struct Sale<'a> {
    shop: &'a TestShop,
    campaign: i64,
    product: i64,
    order: Option<String>,
    seen: Vec<Seen>,
}

impl Sale<'_> {
    fn look(&mut self) {
        let shop = self.shop;
        let get = |user, path: String| shop.get(user, &path).expect(200);
        let order = self.order.as_ref().map(|number| get(ADMIN, format!("/api/admin/orders/{number}")));
        let seen = Seen {
            campaign: get(ANN, format!("/api/coupons/{}", self.campaign)),
            product: get(ANN, format!("/api/products/{}", self.product)),
            points: get(ANN, "/api/points".to_owned())["balance"].clone(),
            coupons: get(ANN, "/api/users/me/coupons".to_owned())["data"].clone(),
            order,
            at: now(shop),
        };
        self.seen.push(seen);
    }

    fn state(&self, path: &str, at: &str) -> Value {
        let history = self.shop.get(ADMIN, &format!("/api/admin/{path}/history?asOf={at}&limit=100")).expect(200);
        assert_eq!(history["asOf"], at);
        let events = history["events"].as_array().unwrap();
        let moments: Vec<Timestamp> = events.iter().map(|event| moment(&event["at"])).collect();
        assert!(moments.iter().all(|moment| *moment <= wire_time::parse(at).unwrap()));
        assert!(moments.is_sorted(), "oldest first");
        history["state"].clone()
    }

    fn check(&self) {
        for Seen { at, campaign, product, points, coupons, order } in &self.seen {
            assert_eq!(self.state(&format!("coupons/{}", self.campaign), at), *campaign, "at {at}");
            let stocked = self.state(&format!("products/{}", self.product), at);
            for (field, value) in product.as_object().unwrap() {
                assert_eq!(stocked[field], *value, "{field} at {at}");
            }
            let customer = self.state(&format!("users/{ANN}"), at);
            assert_eq!((&customer["points"], &customer["coupons"]), (points, coupons), "at {at}");
            if let (Some(order), Some(number)) = (order, &self.order) {
                let mut order = order.clone();
                order.as_object_mut().unwrap().remove("receiver");
                assert_eq!(self.state(&format!("orders/{number}"), at), order, "at {at}");
            }
        }
    }
}

fn check_everything(shop: &TestShop) {
    let campaign = shop.campaign(2, &json!({"queueKey": "user", "discount": {"type": "PERCENT", "value": 10}}));
    let product = shop.product(10_000, 5);
    let mut sale = Sale { shop, campaign, product, order: None, seen: vec![] };
    sale.look();
    shop.patch(ADMIN, &format!("/api/admin/coupons/{campaign}"), &json!({"paused": true})).expect(200);
    shop.charge(ANN, 700);
    sale.look();
    shop.patch(ADMIN, &format!("/api/admin/coupons/{campaign}"), &json!({"paused": false, "totalQuantity": 3}))
        .expect(200);
    shop.issue(ANN, campaign);
    shop.patch(ADMIN, &format!("/api/admin/products/{product}"), &json!({"price": 9_000})).expect(200);
    sale.look();
    let receiver = json!({"name": "Ann", "phone": "010-1234", "postalCode": "04524", "address": "110 Sejong-daero"});
    let body = json!({"items": items(product, 2), "couponId": campaign, "pointsToUse": 500, "receiver": receiver});
    let number = shop.order(ANN, &body).number(200);
    sale.order = Some(number.clone());
    sale.look();
    shop.pay(ANN, &number, 20).expect(200);
    sale.look();
    let stock = json!({"delta": -1, "reason": "broken"});
    shop.post(ADMIN, &format!("/api/admin/products/{product}/stock"), &stock).expect(200);
    shop.patch(ADMIN, &format!("/api/admin/products/{product}"), &json!({"status": "PAUSED"})).expect(200);
    sale.look();
    shop.ask(ANN, "POST", &format!("/api/orders/{number}/cancel"), &[("prefer", "wait=20")], &json!({})).expect(200);
    let path = format!("/api/admin/orders/{number}");
    shop.get_until(ADMIN, &path, |order| order["payment"]["status"] == "REFUNDED");
    sale.look();
    sale.check();
    let first = shop.get(ADMIN, &format!("/api/admin/coupons/{campaign}/history?limit=1")).expect(200);
    let first = moment(&first["events"][0]["at"]);
    let before = wire_time::format(Timestamp::from_micros(first.micros() - 1));
    assert_eq!(sale.state(&format!("coupons/{campaign}"), &before), Value::Null, "it did not exist yet");
    assert_eq!(sale.state(&format!("products/{product}"), &before), Value::Null);
    assert_eq!(sale.state(&format!("orders/{number}"), &before), Value::Null);
    assert_eq!(sale.state(&format!("users/{ANN}"), &before), json!({"userId": ANN, "points": 0, "coupons": []}));
}

#[test]
fn a_past_state_equals_what_was_read_then() {
    in_both_executors(check_everything);
}

#[test]
fn a_past_state_equals_what_was_read_then_on_the_shared_store() {
    let Some(database) = Database::new("a_past_state_equals_what_was_read_then_on_the_shared_store") else { return };
    check_everything(&database.shop());
}

#[test]
fn a_long_history_comes_in_pages_and_its_state_is_exact() {
    let shop = TestShop::start();
    let campaign = shop.campaign(60, &json!({}));
    for user in 1..=30 {
        shop.issue(user, campaign);
    }
    let (mut issued, mut cursor) = (vec![], String::new());
    loop {
        let path = format!("/api/admin/coupons/{campaign}/history?limit=7{cursor}");
        let page = shop.get(ADMIN, &path).expect(200);
        assert_eq!((&page["state"]["issued"], &page["state"]["remaining"]), (&json!(30), &json!(30)));
        let events = page["events"].as_array().unwrap();
        issued.extend(events.iter().filter_map(|event| event["payload"]["issueNumber"].as_i64()));
        match page["nextCursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(issued, (1..=30).collect::<Vec<_>>());
}

/// A customer comes into being by the first write, or by registering.
fn check_customers_of_nothing(shop: &TestShop) {
    let history = |user: i64| shop.get(ADMIN, &format!("/api/admin/users/{user}/history"));
    assert_eq!(history(ANN).problem(404), "user.not_found");
    shop.get(ANN, "/api/points").expect(200);
    assert_eq!(history(ANN).problem(404), "user.not_found", "a read creates nothing");
    shop.charge(ANN, 700);
    assert_eq!(history(ANN).expect(200)["state"]["points"], 700);
    let account = json!({"email": "bob@example.com", "password": "correct horse battery", "name": "Bob"});
    let registered = shop.post(ANN, "/api/users", &account).expect(201)["userId"].as_i64().unwrap();
    assert_eq!(history(registered).expect(200)["state"], json!({"userId": registered, "points": 0, "coupons": []}));
}

#[test]
fn the_history_of_a_customer_who_never_existed_is_not_found() {
    check_customers_of_nothing(&TestShop::start());
    let Some(database) = Database::new("the_history_of_a_customer_who_never_existed_is_not_found") else { return };
    check_customers_of_nothing(&database.shop());
}

#[test]
fn a_history_of_nothing_is_not_found() {
    let shop = TestShop::start();
    for path in ["coupons/7", "products/7", "orders/ORD-XXXXXXXX", "users/x"] {
        shop.get(ADMIN, &format!("/api/admin/{path}/history")).problem(404);
    }
    shop.get(ADMIN, "/api/admin/users/1/history?asOf=yesterday").problem(400);
    shop.get(ANN, "/api/admin/users/1/history").problem(403);
}

fn run(shop: &TestShop, arguments: &[&str]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_doorbuster"));
    command.args(arguments).arg("--data-dir").arg(shop.folder()).env("DOORBUSTER_AUTH_SECRET", crate::shop::SECRET);
    let Output { status, stdout, stderr } = command.output().unwrap();
    assert!(status.success(), "{}", String::from_utf8_lossy(&stderr));
    String::from_utf8(stdout).unwrap()
}

#[test]
fn the_command_line_shows_the_past_and_exports_it() {
    let shop = TestShop::start();
    let campaign = shop.campaign(2, &json!({}));
    let product = shop.product(10_000, 5);
    shop.issue(ANN, campaign);
    let body = json!({"items": items(product, 1), "couponId": campaign, "payment": "ON_DELIVERY"});
    let number = shop.order(ANN, &body).number(200);
    let at = now(&shop);
    shop.patch(ADMIN, &format!("/api/admin/products/{product}"), &json!({"price": 9_000})).expect(200);

    let json_of = |arguments: &[&str]| -> Value { serde_json::from_str(&run(&shop, arguments)).unwrap() };
    let (campaign, product, user) = (campaign.to_string(), product.to_string(), ANN.to_string());
    assert_eq!(json_of(&["coupon", "history", &campaign, "--as-of", &at, "--json"])["state"]["issued"], 1);
    assert_eq!(json_of(&["product", "history", &product, "--as-of", &at, "--json"])["state"]["price"], 10_000);
    assert_eq!(json_of(&["product", "history", &product, "--json"])["state"]["price"], 9_000);
    assert_eq!(json_of(&["user", "history", &user, "--json"])["state"]["coupons"][0]["usedOrder"], number.as_str());
    assert_eq!(json_of(&["order", "history", &number, "--json"])["state"]["outcome"], "COMPLETED");
    assert!(run(&shop, &["product", "history", &product]).contains("PriceChanged"));
    let why = run(&shop, &["order", "why", &number]);
    assert!(why.contains("OrderCreated") && why.contains("mode: ") && why.contains("OrderCompleted"), "{why}");
    assert_eq!(json_of(&["order", "why", &number, "--json"])["orderNumber"], number.as_str());

    let store = rusqlite::Connection::open(shop.folder().join("shop.db")).unwrap();
    let count: i64 = store.query_row("SELECT count(*) FROM event", [], |row| row.get(0)).unwrap();
    let events = run(&shop, &["export", "events"]);
    assert_eq!(events.lines().count() as i64, count);
    assert!(events.lines().all(|line| serde_json::from_str::<Value>(line).unwrap()["eventId"].is_string()));
    let after = wire_time::format(Timestamp::from_micros(moment(&json!(at)).micros() + 1));
    let later = run(&shop, &["export", "events", "--since", &after, "--format", "csv"]);
    assert_eq!(later.lines().count(), 2, "a header, and the change of price: {later}");
    let order: Value = serde_json::from_str(&run(&shop, &["export", "orders", "--json"])).unwrap();
    assert_eq!((&order["orderNumber"], &order["noLongerDue"]), (&json!(number), &json!(0)));
    let orders = run(&shop, &["export", "orders", "--format", "csv"]);
    assert!(orders.lines().nth(1).is_some_and(|line| line.starts_with(&number)), "{orders}");
    let coupons: Value = serde_json::from_str(&run(&shop, &["export", "coupons"])).unwrap();
    assert_eq!((&coupons["issueNumber"], &coupons["usedOrder"]), (&json!(1), &json!(number)));
}
