//! Several processes over one database.

use std::sync::atomic::{AtomicU32, Ordering};

use mysql_async::prelude::{FromRow, Queryable as _};
use mysql_async::{Conn, Row};
use serde_json::{Value, json};
use server::security::auth::Role;
use xtask::addresses::{Service, address};

use crate::shop::{ANN, BOB, TestShop};

/// A database that is deleted after its test.
pub(crate) struct Database {
    server: String,
    name: String,
}

impl Database {
    pub(crate) fn new(test: &str) -> Option<Database> {
        Some(Database::on(address(Service::Mysql, test)?))
    }

    /// On a server of a single test.
    pub(crate) fn on(server: String) -> Database {
        static MADE: AtomicU32 = AtomicU32::new(0);
        let name = format!("shop_{}_{}", std::process::id(), MADE.fetch_add(1, Ordering::Relaxed));
        let database = Database { server, name };
        database.on_server("CREATE");
        database
    }

    pub(crate) fn url(&self) -> String {
        format!("{}{}", self.server, self.name)
    }

    pub(crate) fn shop(&self) -> TestShop {
        TestShop::start_with(&[("DATABASE_URL", &self.url())])
    }

    fn on_server(&self, what: &str) {
        let _done: Vec<Row> = ask(&self.server, &format!("{what} DATABASE {}", self.name));
    }

    /// Queries the database.
    pub(crate) fn ask<Answer: FromRow + Send + 'static>(&self, statement: &str) -> Vec<Answer> {
        ask(&self.url(), statement)
    }
}

/// Queries a server.
pub(crate) fn ask<Answer: FromRow + Send + 'static>(url: &str, statement: &str) -> Vec<Answer> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut connection = Conn::from_url(url).await.unwrap();
        let answers = connection.query(statement).await.unwrap();
        connection.disconnect().await.unwrap();
        answers
    })
}

impl Drop for Database {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("the database is left as {}", self.name);
            return;
        }
        self.on_server("DROP");
    }
}

#[test]
fn processes_see_each_others_orders() {
    let Some(database) = Database::new("processes_see_each_others_orders") else { return };
    let (first, second) = (database.shop(), database.shop());
    let product = first.product(10_000, 5);
    let campaign = second.campaign(3, &json!({}));
    first.charge(ANN, 50_000);
    assert_eq!(second.get(ANN, "/api/points").expect(200)["balance"], 50_000);
    second.post(ANN, &format!("/api/coupons/{campaign}/issue"), &Value::Null).expect(201);
    let wanted = json!({"items": [{"productId": product, "quantity": 2}], "couponId": campaign, "pointsToUse": 19_000});
    let order = first.order(ANN, &wanted).expect(200);
    assert_eq!(order["outcome"], "COMPLETED", "{order}");
    let number = order["orderNumber"].as_str().unwrap();
    assert_eq!(second.get(ANN, &format!("/api/orders/{number}")).expect(200)["outcome"], "COMPLETED");
    assert_eq!(second.get(BOB, &format!("/api/orders/{number}")).problem(404), "order.not_found");
    assert_eq!(second.get(ANN, &format!("/api/products/{product}")).expect(200)["available"], 3);
    let unpaid = json!({"items": [{"productId": product, "quantity": 3}]});
    let waiting = second.order(BOB, &unpaid).expect(200);
    assert_eq!(waiting["outcome"], "AWAITING_PAYMENT", "{waiting}");
    let number = waiting["orderNumber"].as_str().unwrap();
    first.post(BOB, &format!("/api/orders/{number}/cancel"), &json!({})).expect(200);
    assert_eq!(second.get(ANN, &format!("/api/products/{product}")).expect(200)["available"], 3);
    let orders = second.get(ANN, "/api/orders?limit=10").expect(200);
    assert_eq!(orders["data"].as_array().map(Vec::len), Some(1));
    assert_eq!(second.get(ANN, "/api/users/me/coupons").expect(200)["data"][0]["status"], "USED");
}

/// Returns the customers who got a coupon, with its number.
pub(crate) fn issue_all(shop: &TestShop, campaign: i64, users: impl Iterator<Item = i64>) -> Vec<i64> {
    let mut client = shop.client();
    let mut numbers = vec![];
    for user in users {
        let bearer = format!("Bearer {}", shop.token(user, Role::Customer));
        let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
        let answer = client.send("POST", &format!("/api/coupons/{campaign}/issue"), &headers, "").unwrap();
        match answer.status {
            201 => numbers.push(answer.json()["issueNumber"].as_i64().unwrap()),
            409 | 410 => {}
            other => panic!("{other}: {}", answer.text),
        }
    }
    numbers
}

#[test]
fn two_processes_issue_exactly_the_total_quantity() {
    let Some(database) = Database::new("two_processes_issue_exactly_the_total_quantity") else { return };
    let (first, mut second) = (database.shop(), database.shop());
    let campaign = first.campaign(100, &json!({}));
    // Every customer asks at both processes, concurrently.
    let mut numbers = std::thread::scope(|scope| {
        let (first, second) = (&first, &second);
        let streams = [
            scope.spawn(move || issue_all(first, campaign, 1..=120)),
            scope.spawn(move || issue_all(second, campaign, (1..=120).rev())),
            scope.spawn(move || issue_all(first, campaign, 60..=180)),
            scope.spawn(move || issue_all(second, campaign, (60..=180).rev())),
        ];
        streams.into_iter().flat_map(|stream| stream.join().unwrap()).collect::<Vec<i64>>()
    });
    numbers.sort_unstable();
    assert_eq!(numbers, (1..=100).collect::<Vec<i64>>());
    second.kill();
    assert_eq!(first.get(ANN, &format!("/api/coupons/{campaign}")).expect(200)["remaining"], 0);
    second.open();
    // What one process adds, the other one issues.
    let path = format!("/api/admin/coupons/{campaign}");
    first.ask(crate::shop::ADMIN, "PATCH", &path, &[], &json!({"totalQuantity": 101})).expect(200);
    second.post(999, &format!("/api/coupons/{campaign}/issue"), &Value::Null).expect(201);
    first.post(998, &format!("/api/coupons/{campaign}/issue"), &Value::Null).expect(410);
}
