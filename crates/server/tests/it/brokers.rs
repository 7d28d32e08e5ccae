//! The same shop over Kafka.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use socket2::{Domain, Socket, Type};
use xtask::addresses::{Service, address};

use crate::shared::Database;
use crate::shop::{ADMIN, ANN, BOB, TestShop};

const PATIENCE: Duration = Duration::from_secs(60);
pub(crate) const EXECUTOR: &str = "DOORBUSTER__ENGINE__EXECUTOR";

/// Settings of a shop with its own topics on the shared broker, whose groups read them.
pub(crate) fn over_kafka(test: &str) -> Option<Vec<(String, String)>> {
    Some(over(address(Service::Kafka, test)?))
}

/// Sets the executor, which is `log` in the settings of these tests.
pub(crate) fn with_executor(settings: &mut Vec<(String, String)>, executor: &str) {
    settings.retain(|(key, _)| key != EXECUTOR);
    settings.push((EXECUTOR.to_owned(), executor.to_owned()));
}

/// The same on brokers of a single test.
pub(crate) fn over(brokers: String) -> Vec<(String, String)> {
    static MADE: AtomicU32 = AtomicU32::new(0);
    let prefix = format!("s{}-{}.", std::process::id(), MADE.fetch_add(1, Ordering::Relaxed));
    let mut settings = vec![("KAFKA_BROKERS".to_owned(), brokers), ("DOORBUSTER__KAFKA__PREFIX".to_owned(), prefix)];
    with_executor(&mut settings, "log");
    settings
}

pub(crate) fn start(settings: &[(String, String)], flags: &[&str]) -> TestShop {
    let settings: Vec<(&str, &str)> = settings.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
    TestShop::start_as(&settings, flags)
}

#[track_caller]
pub(crate) fn until(what: &str, is_so: impl Fn() -> bool) {
    let started = Instant::now();
    while !is_so() {
        assert!(started.elapsed() < PATIENCE, "it never became so: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

pub(crate) fn outcome(shop: &TestShop, user: i64, number: &str) -> String {
    shop.get(user, &format!("/api/orders/{number}")).json()["outcome"].as_str().unwrap_or_default().to_owned()
}

/// Uses every kind of event that goes over the log.
fn sell(submitter: &TestShop, other: &TestShop) {
    let product = submitter.product(10_000, 5);
    let campaign = submitter.campaign(3, &json!({}));
    submitter.charge(ANN, 50_000);
    submitter.post(ANN, &format!("/api/coupons/{campaign}/issue"), &Value::Null).expect(201);
    let wanted = json!({"items": [{"productId": product, "quantity": 2}], "couponId": campaign, "pointsToUse": 19_000});
    let completed = submitter.order(ANN, &wanted).json();
    until("completed", || outcome(submitter, ANN, completed["orderNumber"].as_str().unwrap()) == "COMPLETED");
    let too_many = json!({"items": [{"productId": product, "quantity": 4}], "pointsToUse": 1_000});
    let refused = submitter.order(ANN, &too_many).json();
    until("cancelled", || outcome(submitter, ANN, refused["orderNumber"].as_str().unwrap()) == "CANCELLED");
    let [queued, stream] = ["queued", "stream"].map(|mode| submitter.campaign(1, &json!({"issueMode": mode})));
    let asked = [
        (queued, ANN, "SUCCESS"),
        (stream, ANN, "SUCCESS"),
        (queued, BOB, "OUT_OF_STOCK"),
        (stream, BOB, "OUT_OF_STOCK"),
    ];
    for (campaign, user, code) in asked {
        let request = submitter.post(user, "/api/coupons/issue", &json!({"couponId": campaign})).expect(202);
        let path = format!("/api/requests/{}", request["requestId"].as_str().unwrap());
        until("notified", || other.get(user, &path).json()["status"] == "NOTIFIED");
        assert_eq!(other.get(user, &path).json()["resultCode"], code);
    }
    until("counted", || other.get(ANN, "/api/products/popular?window=all").json()["data"][0]["sold"] == 2);
    let rare = submitter.product(12_000, 1);
    let unpaid = submitter.order(BOB, &json!({"items": [{"productId": rare, "quantity": 1}]})).json();
    let path = format!("/api/orders/{}", unpaid["orderNumber"].as_str().unwrap());
    until("claimed", || other.get(BOB, &path).json()["outcome"] == "AWAITING_PAYMENT");
    let receiver = json!({"name": "Bob", "phone": "010-1234-5678", "postalCode": "04524", "address": "Seoul"});
    let fulfil = json!({"payment": {"method": "CARD"}, "receiver": receiver, "warehouseStorage": false});
    submitter.post(BOB, &format!("{path}/process-payment-shipment"), &fulfil).expect(202);
    until("paid and sent", || other.get(BOB, &path).json()["status"] == "PREPARING");
    assert_eq!(other.get(BOB, &path).json()["outcome"], "COMPLETED");
}

#[test]
fn a_folder_and_kafka_are_a_shop() {
    let Some(settings) = over_kafka("a_folder_and_kafka_are_a_shop") else { return };
    let mut shop = start(&settings, &[]);
    sell(&shop, &shop);
    shop.kill();
    shop.open();
    sell(&shop, &shop);
}

#[test]
fn a_relay_that_begins_again_repeats_nothing_that_counts() {
    let Some(settings) = over_kafka("a_relay_that_begins_again_repeats_nothing_that_counts") else { return };
    let mut shop = start(&settings, &[]);
    sell(&shop, &shop);
    let points = shop.get(ANN, "/api/points").expect(200)["balance"].clone();
    let store = rusqlite::Connection::open(shop.folder().join("shop.db")).unwrap();
    let counted =
        "SELECT (SELECT count(*) FROM notice), (SELECT sum(sold) FROM product_sales), (SELECT count(*) FROM coupon)";
    let count = || store.query_row(counted, [], |row| <(i64, i64, i64)>::try_from(row)).unwrap();
    // Answers come before notices and ranking, which must be complete before the stop.
    let (notices, sold, coupons) = (10, 3, 3);
    until("all is taken in", || count() == (notices, sold, coupons));
    shop.stop();
    store.execute("UPDATE relay_shard SET position = 0", []).unwrap();
    let ends: i64 = store.query_row("SELECT sum(seq) FROM outbox_shard", [], |row| row.get(0)).unwrap();
    shop.open();
    let relayed = || store.query_row("SELECT sum(position) FROM relay_shard", [], |row| row.get::<_, i64>(0)).unwrap();
    until("everything is published again", || relayed() >= ends);
    // Behind all repeated events, and through the same groups.
    let product = shop.product(0, 1);
    let last = shop.order(BOB, &json!({"items": [{"productId": product, "quantity": 1}]})).json();
    until("completed", || outcome(&shop, BOB, last["orderNumber"].as_str().unwrap()) == "COMPLETED");
    until("one notice more, and one that is sold", || count() == (notices + 1, sold + 1, coupons));
    assert_eq!(shop.get(ANN, "/api/points").expect(200)["balance"], points);
}

#[test]
fn roles_share_the_work_of_one_database() {
    let Some(database) = Database::new("roles_share_the_work_of_one_database") else { return };
    let Some(mut settings) = over_kafka("roles_share_the_work_of_one_database") else { return };
    settings.push(("DATABASE_URL".to_owned(), database.url()));
    let submitter = start(&settings, &["--roles", "api"]);
    let order = json!({"items": [{"productId": submitter.product(0, 10), "quantity": 1}]});
    let placed = submitter.post(ANN, "/api/orders", &order).expect(202);
    let number = placed["orderNumber"].as_str().unwrap();
    assert_eq!(outcome(&submitter, ANN, number), "PENDING", "no worker is running yet");
    let relay = start(&settings, &["--roles", "relay"]);
    assert_eq!(relay.get(ADMIN, "/livez").status, 200);
    assert_eq!(relay.get(ANN, "/api/points").status, 404, "it answers no customer");
    let worker = start(&settings, &["--roles", "worker"]);
    until("completed", || outcome(&submitter, ANN, number) == "COMPLETED");
    let other = start(&settings, &["--roles", "api"]);
    sell(&submitter, &other);
    // A second worker shares the partitions; a stopped worker leaves them to the other.
    let mut second = start(&settings, &["--roles", "worker"]);
    sell(&other, &submitter);
    second.kill();
    sell(&submitter, &other);
    drop(worker);
    second.open();
    sell(&submitter, &other);
}

/// A bound port without a listener, which later forwards connections to the broker.
struct Bootstrap(Socket);

impl Bootstrap {
    fn new() -> Bootstrap {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        socket.bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, 0)).into()).unwrap();
        Bootstrap(socket)
    }

    fn address(&self) -> SocketAddr {
        self.0.local_addr().unwrap().as_socket().unwrap()
    }

    fn open(self, broker: String) {
        self.0.listen(128).unwrap();
        let listener = TcpListener::from(self.0);
        std::thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let Ok(server) = TcpStream::connect(&broker) else { continue };
                let (Ok(back), Ok(forth)) = (server.try_clone(), client.try_clone()) else { continue };
                std::thread::spawn(move || pass_on(client, server));
                std::thread::spawn(move || pass_on(back, forth));
            }
        });
    }
}

fn pass_on(mut from: TcpStream, mut to: TcpStream) {
    let mut bytes = [0; 4_096];
    while let Ok(count @ 1..) = from.read(&mut bytes) {
        if to.write_all(&bytes[..count]).is_err() {
            break;
        }
    }
}

#[test]
fn orders_are_accepted_while_kafka_is_away() {
    let Some(mut settings) = over_kafka("orders_are_accepted_while_kafka_is_away") else { return };
    let bootstrap = Bootstrap::new();
    let broker = settings[0].1.split(',').next().unwrap().to_owned();
    settings[0].1 = bootstrap.address().to_string();
    let shop = start(&settings, &[]);
    let order = json!({"items": [{"productId": shop.product(0, 10), "quantity": 1}]});
    let placed: Vec<Value> = (0..10).map(|_| shop.post(ANN, "/api/orders", &order).expect(202)).collect();
    let numbers: Vec<&str> = placed.iter().map(|order| order["orderNumber"].as_str().unwrap()).collect();
    assert!(numbers.iter().all(|number| outcome(&shop, ANN, number) == "PENDING"));
    bootstrap.open(broker);
    until("all are completed", || numbers.iter().all(|number| outcome(&shop, ANN, number) == "COMPLETED"));
}

#[test]
fn a_shop_may_leave_kafka_and_come_back() {
    let Some(settings) = over_kafka("a_shop_may_leave_kafka_and_come_back") else { return };
    let mut shop = TestShop::start();
    sell(&shop, &shop);
    for brokers in [settings[0].1.as_str(), "", settings[0].1.as_str()] {
        shop.stop();
        shop.set("KAFKA_BROKERS", brokers);
        shop.set("DOORBUSTER__KAFKA__PREFIX", &settings[1].1);
        shop.open();
        sell(&shop, &shop);
    }
}

#[test]
fn a_folder_has_one_process_with_all_roles() {
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_doorbuster"))
        .args(["serve", "--roles", "api", "--listen", "127.0.0.1:0", "--data-dir", "/nonexistent/never"])
        .output()
        .unwrap();
    assert!(!output.status.success());
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("DATABASE_URL"), "{said}");
}
