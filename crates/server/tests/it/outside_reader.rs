//! A reader who knows only the topics and the JSON Schemas in docs/events can compute what the shop knows: stock,
//! points, issued coupons, and the status of every order.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::{Duration, Instant};

use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::message::{BorrowedMessage, Header, Headers as _, Message as _, OwnedHeaders};
use rdkafka::producer::{BaseRecord, DefaultProducerContext, Producer as _, ThreadedProducer};
use rdkafka::{ClientConfig, Offset, TopicPartitionList};
use serde_json::{Value, json};

use crate::brokers::{EXECUTOR, outcome, over_kafka, until};
use crate::replaying::replay;
use crate::shop::{ADMIN, ANN, BOB, TestShop};

const BROKER: Duration = Duration::from_secs(30);
const LOOK: Duration = Duration::from_millis(100);

/// The topics that the reader uses, and their keys.
const TOPICS: [(&str, &str); 5] = [
    ("stock-events", "productId"),
    ("point-events", "userId"),
    ("coupon-events", "couponId"),
    ("order-events", "userId"),
    ("external-events", ""),
];

/// The state that the reader computes from events.
#[derive(Default)]
struct Reader {
    seen: BTreeSet<(String, String)>,
    /// On hand, reserved, sold.
    stock: BTreeMap<i64, [i64; 3]>,
    points: BTreeMap<i64, i64>,
    /// The issue numbers of a campaign's coupons, and its number of refusals.
    issued: BTreeMap<i64, BTreeSet<i64>>,
    refused: BTreeMap<i64, usize>,
    refused_outside: BTreeMap<i64, usize>,
    /// The status of each order, and its version.
    orders: BTreeMap<String, (i64, String)>,
}

pub(crate) fn attribute(message: &BorrowedMessage<'_>, name: &str) -> Option<String> {
    let found = message.headers()?.iter().find(|header| header.key == name)?;
    Some(std::str::from_utf8(found.value?).unwrap().to_owned())
}

/// The name in `dev.doorbuster.OrderCreated.v1`.
fn name_of(kind: &str) -> &str {
    kind.strip_prefix("dev.doorbuster.").and_then(|rest| rest.strip_suffix(".v1")).unwrap()
}

fn schema(name: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../../docs/events/{name}.json"));
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// Checks a value against the subset of JSON Schema that the documents use.
#[track_caller]
fn assert_fits(value: &Value, schema: &Value, place: &str) {
    match schema["type"].as_str() {
        Some("object") => {
            for field in schema["required"].as_array().unwrap() {
                assert!(value.get(field.as_str().unwrap()).is_some(), "{place} lacks {field}: {value}");
            }
            for (field, value) in value.as_object().unwrap() {
                let known = &schema["properties"][field];
                assert!(!known.is_null(), "{place}: {field} is described nowhere");
                assert_fits(value, known, &format!("{place}/{field}"));
            }
        }
        Some("array") => value.as_array().unwrap().iter().for_each(|item| assert_fits(item, &schema["items"], place)),
        Some("string") => assert!(value.is_string(), "{place}: {value}"),
        Some("integer") => assert!(value.is_i64(), "{place}: {value}"),
        Some("number") => assert!(value.is_number(), "{place}: {value}"),
        Some("boolean") => assert!(value.is_boolean(), "{place}: {value}"),
        other => assert!(other.is_none(), "{place}: {other:?}"),
    }
}

/// Reads all records that are on a topic now.
pub(crate) fn read_all(settings: &[(String, String)], topic: &str, mut each: impl FnMut(&BorrowedMessage<'_>)) {
    let consumer: BaseConsumer =
        ClientConfig::new().set("bootstrap.servers", &settings[0].1).set("group.id", "outside").create().unwrap();
    let name = format!("{}{topic}", settings[1].1);
    let metadata = consumer.fetch_metadata(Some(&name), BROKER).unwrap();
    for partition in metadata.topics()[0].partitions() {
        let (begin, end) = consumer.fetch_watermarks(&name, partition.id(), BROKER).unwrap();
        let mut list = TopicPartitionList::new();
        list.add_partition_offset(&name, partition.id(), Offset::Offset(begin)).unwrap();
        consumer.assign(&list).unwrap();
        let (mut next, started) = (begin, Instant::now());
        while next < end {
            let Some(message) = consumer.poll(LOOK) else {
                assert!(started.elapsed() < BROKER, "there are more");
                continue;
            };
            let message = message.unwrap();
            next = message.offset() + 1;
            each(&message);
        }
    }
}

impl Reader {
    fn of(settings: &[(String, String)]) -> Reader {
        let mut reader = Reader::default();
        for (topic, key) in TOPICS {
            read_all(settings, topic, |message| reader.read(topic, key, message));
        }
        reader
    }

    fn read(&mut self, topic: &str, key: &str, message: &BorrowedMessage<'_>) {
        let kind = attribute(message, "ce_type").unwrap();
        let name = name_of(&kind);
        let value: Value = serde_json::from_slice(message.payload().unwrap()).unwrap();
        assert_fits(&value, &schema(name), name);
        let told_key = std::str::from_utf8(message.key().unwrap()).unwrap();
        if !key.is_empty() {
            let about = &value[key];
            let about = about.as_str().map_or_else(|| about.to_string(), str::to_owned);
            assert!(about == told_key || name == "ModeChanged", "{topic} is by {key}: {told_key}, {value}");
        }
        if !self.seen.insert((topic.to_owned(), attribute(message, "ce_id").unwrap())) {
            return;
        }
        let number = |field: &str| value[field].as_i64().unwrap();
        match (topic, name) {
            ("stock-events", "StockMoved") => {
                let figures = self.stock.entry(number("productId")).or_default();
                for (figure, change) in figures.iter_mut().zip(["onHandChange", "reservedChange", "soldChange"]) {
                    *figure += number(change);
                }
            }
            ("point-events", "PointsMoved") => *self.points.entry(number("userId")).or_default() += number("change"),
            ("coupon-events", "CouponIssued") => {
                let is_new = self.issued.entry(number("couponId")).or_default().insert(number("issueNumber"));
                assert!(is_new, "a number was given twice: {value}");
            }
            ("coupon-events", "CouponResult") if value["success"] == false => {
                *self.refused.entry(number("couponId")).or_default() += 1;
            }
            ("external-events", "CouponResult") if value["success"] == false => {
                *self.refused_outside.entry(number("couponId")).or_default() += 1;
            }
            ("order-events", _) => self.read_order(name, &value, attribute(message, "ce_version")),
            _ => {}
        }
    }

    fn read_order(&mut self, name: &str, value: &Value, version: Option<String>) {
        let Some(version) = version else { return };
        let status = match (value["status"].as_str(), name) {
            (Some(status), _) => status,
            (None, "OrderCreated") => "CREATED",
            (None, "OrderAwaitingPayment") => "PENDING_PAYMENT",
            (None, "OrderCancelled") => "CANCELLED",
            (None, _) => return,
        };
        let of_order = self.orders.entry(value["orderId"].as_str().unwrap().to_owned()).or_default();
        let version: i64 = version.parse().unwrap();
        if version > of_order.0 {
            *of_order = (version, status.to_owned());
        }
    }
}

/// The orders and campaigns of a run.
#[derive(Default)]
struct Life {
    products: Vec<i64>,
    campaigns: Vec<(i64, usize)>,
    orders: Vec<(i64, String)>,
}

impl Life {
    fn order(&mut self, shop: &TestShop, user: i64, wanted: &Value, ends: &str) -> String {
        let placed = shop.post(user, "/api/orders", wanted).expect(202);
        let number = placed["orderNumber"].as_str().unwrap().to_owned();
        until(ends, || {
            let is = outcome(shop, user, &number);
            let is_final = is == "COMPLETED" || is == "CANCELLED";
            assert!(
                is == ends || !is_final,
                "{wanted} ends otherwise: {}",
                shop.get(user, &format!("/api/orders/{number}")).json()
            );
            is == ends
        });
        self.orders.push((user, number.clone()));
        number
    }

    fn live(&mut self, shop: &TestShop) {
        let lamp = shop.product(10_000, 10);
        let rare = shop.product(12_000, 3);
        let idle = shop.product(5, 0);
        self.products.extend([lamp, rare, idle]);
        for delta in [3, -1] {
            let body = json!({"delta": delta, "reason": "counted"});
            shop.post(ADMIN, &format!("/api/admin/products/{lamp}/stock"), &body).expect(200);
        }
        shop.charge(ANN, 50_000);
        shop.charge(BOB, 1_000);
        let campaign = self.coupons(shop);
        let items = |product: i64, quantity: i64| json!([{"productId": product, "quantity": quantity}]);
        let on_delivery =
            json!({"items": items(lamp, 2), "couponId": campaign, "pointsToUse": 19_000, "payment": "ON_DELIVERY"});
        self.order(shop, ANN, &on_delivery, "COMPLETED");
        // Stock is short, and the points are restored.
        self.order(shop, ANN, &json!({"items": items(rare, 4), "pointsToUse": 1_000}), "CANCELLED");
        // Points are short, and the stock is restored.
        self.order(shop, BOB, &json!({"items": items(rare, 1), "pointsToUse": 5_000}), "CANCELLED");
        let prepaid = |product, quantity| json!({"items": items(product, quantity), "payment": "PREPAID"});
        // Stays reserved.
        self.order(shop, BOB, &prepaid(lamp, 1), "AWAITING_PAYMENT");
        let unpaid = self.order(shop, BOB, &prepaid(lamp, 2), "AWAITING_PAYMENT");
        shop.post(BOB, &format!("/api/orders/{unpaid}/cancel"), &json!({})).expect(200);
        until("taken back", || outcome(shop, BOB, &unpaid) == "CANCELLED");
        for part in [json!({"lines": items(lamp, 1)}), json!({})] {
            let paid = self.order(
                shop,
                ANN,
                &json!({"items": items(lamp, 3), "payment": "PREPAID", "pointsToUse": 300}),
                "AWAITING_PAYMENT",
            );
            let path = format!("/api/orders/{paid}");
            shop.post(ANN, &format!("{path}/pay"), &json!({"method": "CARD"}));
            until("paid", || outcome(shop, ANN, &paid) == "COMPLETED");
            shop.post(ANN, &format!("{path}/refund"), &part);
            if part == json!({}) {
                until("all is given back", || shop.get(ANN, &path).json()["status"] == "REFUNDED");
            }
        }
    }

    /// Returns the campaign of which Ann has a coupon.
    fn coupons(&mut self, shop: &TestShop) -> i64 {
        let direct = shop.campaign(3, &json!({}));
        let queued = shop.campaign(1, &json!({"issueMode": "queued"}));
        self.campaigns.extend([(direct, 0), (queued, 1)]);
        shop.post(ANN, &format!("/api/coupons/{direct}/issue"), &Value::Null).expect(201);
        for user in [ANN, BOB] {
            let request = shop.post(user, "/api/coupons/issue", &json!({"couponId": queued})).expect(202);
            let path = format!("/api/requests/{}", request["requestId"].as_str().unwrap());
            until("told", || shop.get(user, &path).json()["status"] == "NOTIFIED");
        }
        direct
    }

    /// Compares the reader with the shop. Differences may be records in transit.
    fn is_told(&self, shop: &TestShop, reader: &Reader) -> Result<(), String> {
        let same = |what: String, told: &Value, known: &Value| {
            if told == known { Ok(()) } else { Err(format!("{what}: {told} is told, {known} is so")) }
        };
        for product in &self.products {
            // Setting the current status changes nothing, and the answer has all figures.
            let path = format!("/api/admin/products/{product}");
            let known = shop.ask(ADMIN, "PATCH", &path, &[], &json!({"status": "ON_SALE"})).expect(200);
            let [on_hand, reserved, sold] = reader.stock.get(product).copied().unwrap_or_default();
            let told = json!({"onHand": on_hand, "reserved": reserved, "sold": sold});
            let known = json!({"onHand": known["onHand"], "reserved": known["reserved"], "sold": known["sold"]});
            same(format!("product {product}"), &told, &known)?;
        }
        for user in [ANN, BOB] {
            let told = json!(reader.points.get(&user).copied().unwrap_or(0));
            same(format!("points of {user}"), &told, &shop.get(user, "/api/points").json()["balance"])?;
        }
        for (campaign, refused) in &self.campaigns {
            let known = shop.get(ANN, &format!("/api/coupons/{campaign}")).json();
            let told = json!(reader.issued.get(campaign).map_or(0, BTreeSet::len));
            same(format!("campaign {campaign}"), &told, &known["issued"])?;
            for told in [&reader.refused, &reader.refused_outside] {
                let told = told.get(campaign).copied().unwrap_or(0);
                same(format!("refusals of {campaign}"), &json!(told), &json!(refused))?;
            }
        }
        for (user, number) in &self.orders {
            let known = shop.get(*user, &format!("/api/orders/{number}")).json();
            let told = json!(reader.orders.get(number).map(|(_, status)| status));
            same(format!("order {number}"), &told, &known["status"])?;
        }
        Ok(())
    }
}

#[test]
fn a_reader_of_the_topics_knows_what_the_shop_knows() {
    let Some(settings) = over_kafka("a_reader_of_the_topics_knows_what_the_shop_knows") else { return };
    let mut shop = TestShop::start();
    let mut life = Life::default();
    // Inline claims leave no request event.
    life.live(&shop);
    // order-events start with the first broker.
    life.orders.clear();
    shop.stop();
    settings.iter().for_each(|(key, value)| shop.set(key, value));
    // The same group sizes and names as in the sources.
    shop.set("DOORBUSTER__KAFKA__CONSUMER__MEMBERS", "order-processing-group=2,stock-deduction-group=3");
    shop.set("DOORBUSTER__KAFKA__CONSUMER__NAMES", "order-completion-group=ecommerce-group");
    shop.set("DOORBUSTER__KAFKA__CONSUMER__POLL_MAX", "5");
    shop.set("DOORBUSTER__KAFKA__PRODUCER__COMPRESSION", "lz4");
    shop.open();
    life.live(&shop);
    // The relay is killed, and repeats some records.
    shop.kill();
    // The relay publishes what is decided inline, too.
    shop.set(EXECUTOR, "inline");
    shop.open();
    life.live(&shop);
    shop.kill();
    shop.open();
    // Events from before the first broker are published by a replay.
    for topic in ["stock-events", "point-events", "coupon-events", "external-events"] {
        let told = replay(&shop, &settings, &["--from-position", "1", "--topic", topic]);
        assert!(told["published"].as_i64().unwrap() > 0, "{topic}: {told}");
    }
    let store = rusqlite::Connection::open(shop.folder().join("shop.db")).unwrap();
    let left = "SELECT (SELECT sum(seq) FROM outbox_shard) - (SELECT sum(position) FROM relay_shard)";
    let mut last = String::new();
    for _look in 0..5 {
        until("all is published", || store.query_row(left, [], |row| row.get::<_, i64>(0)).unwrap() == 0);
        match life.is_told(&shop, &Reader::of(&settings)) {
            Ok(()) => return,
            // The shop continued meanwhile.
            Err(missing) => last = missing,
        }
    }
    panic!("{last}");
}

fn publish(settings: &[(String, String)], topic: &str, value: &str) {
    let producer: ThreadedProducer<DefaultProducerContext> =
        ClientConfig::new().set("bootstrap.servers", &settings[0].1).create().unwrap();
    let said = |key, value| Header { key, value: Some(value) };
    let headers = OwnedHeaders::new()
        .insert(said("ce_id", "0192f3a1-7bcd-7000-8000-000000000001"))
        .insert(said("ce_time", "2026-11-21T12:00:00Z"))
        .insert(said("ce_source", "/doorbuster"))
        .insert(said("ce_type", "dev.doorbuster.StockRestored.v1"));
    let topic = format!("{}{topic}", settings[1].1);
    let record = BaseRecord::to(&topic).key("ORD-NOBODYS").payload(value).headers(headers);
    producer.send(record).map_err(|(error, _)| error).unwrap();
    producer.flush(BROKER).unwrap();
}

#[test]
fn a_dead_letter_is_published_with_the_original_record() {
    let Some(settings) = over_kafka("a_dead_letter_is_published_with_the_original_record") else { return };
    let mut shop = TestShop::start();
    shop.stop();
    settings.iter().for_each(|(key, value)| shop.set(key, value));
    shop.set("DOORBUSTER__KAFKA__DEAD_LETTERS", ".DLT");
    shop.open();
    // The shop creates its topics when it starts to read.
    let product = shop.product(0, 1);
    let wanted = json!({"items": [{"productId": product, "quantity": 1}]});
    let mut life = Life::default();
    life.order(&shop, ANN, &wanted, "COMPLETED");
    let cut_off = "{\"orderId\":";
    publish(&settings, "order-processing-results", cut_off);
    let letters = || shop.get(ADMIN, "/api/admin/dead-letters").json()["data"].as_array().unwrap().clone();
    until("it is given up", || !letters().is_empty());
    let letter = letters().remove(0);
    let mut found = vec![];
    for _look in 0..200 {
        read_all(&settings, "order-processing-results.DLT", |message| {
            let text = |bytes: &[u8]| std::str::from_utf8(bytes).unwrap().to_owned();
            let names =
                ["ce_type", "dlq_origin_topic", "dlq_origin_offset", "dlq_group", "dlq_attempts", "dlq_letter_id"];
            let said: Vec<String> = names.iter().map(|name| attribute(message, name).unwrap()).collect();
            assert!(!attribute(message, "dlq_error").unwrap().is_empty());
            found.push((text(message.key().unwrap()), text(message.payload().unwrap()), said));
        });
        if !found.is_empty() {
            break;
        }
        std::thread::sleep(LOOK);
    }
    let (key, value, said) = found.remove(0);
    assert_eq!((key.as_str(), value.as_str()), ("ORD-NOBODYS", cut_off));
    let number = |field: &str| letter[field].as_i64().unwrap().to_string();
    let expected = [
        "dev.doorbuster.StockRestored.v1".to_owned(),
        "order-processing-results".to_owned(),
        number("offset"),
        letter["group"].as_str().unwrap().to_owned(),
        number("attempts"),
        number("letterId"),
    ];
    assert_eq!(said, expected, "{letter}");
}
