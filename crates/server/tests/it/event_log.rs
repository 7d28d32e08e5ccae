//! The event log: every event is found by each of its filters, page by page, and says what became of it.

use std::collections::BTreeSet;

use app::events::wire_time;
use domain::time::Timestamp;
use serde_json::{Value, json};

use crate::api_asking::{in_both_executors, items};
use crate::shared::Database;
use crate::shop::{ADMIN, ANN, BOB, TestShop};

/// Follows the cursors to the end; returns all events and the number of pages.
fn all(shop: &TestShop, query: &str) -> (Vec<Value>, usize) {
    let (mut found, mut pages, mut cursor) = (vec![], 0, String::new());
    loop {
        let page = shop.get(ADMIN, &format!("/api/admin/events?{query}{cursor}")).expect(200);
        found.extend(page["data"].as_array().unwrap().iter().cloned());
        pages += 1;
        match page["nextCursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return (found, pages),
        }
    }
}

fn moment(text: &Value) -> Timestamp {
    wire_time::parse(text.as_str().unwrap()).unwrap()
}

fn kinds(shop: &TestShop, query: &str) -> BTreeSet<String> {
    all(shop, query).0.iter().map(|event| event["type"].as_str().unwrap().to_owned()).collect()
}

#[track_caller]
fn assert_has(found: &BTreeSet<String>, wanted: &[&str]) {
    for kind in wanted {
        assert!(found.contains(*kind), "{kind} is not among {found:?}");
    }
}

/// Two orders, one of them with a coupon and points; returns the number of that one, its product and campaign.
fn sale(shop: &TestShop) -> (String, i64, i64) {
    let (product, other) = (shop.product(10_000, 5), shop.product(500, 5));
    let campaign = shop.campaign(3, &json!({"queueKey": "user"}));
    shop.charge(ANN, 700);
    shop.issue(ANN, campaign);
    let body = json!({"items": items(product, 2), "couponId": campaign, "pointsToUse": 500});
    let number = shop.order(ANN, &body).number(200);
    shop.pay(ANN, &number, 20).expect(200);
    shop.order(BOB, &json!({"items": items(other, 1), "payment": "ON_DELIVERY"})).expect(200);
    (number, product, campaign)
}

fn check_filters(shop: &TestShop) {
    let (number, product, campaign) = sale(shop);
    let of_order = kinds(shop, &format!("orderId={number}"));
    let completed = ["OrderCreated", "StockDeductionCompleted", "CouponUsageCompleted", "PointDeductionCompleted"];
    assert_has(&of_order, &completed);
    assert_has(&of_order, &["OrderAwaitingPayment", "PaymentCaptured", "CouponUsed", "OrderCompleted"]);
    for event in all(shop, &format!("orderId={number}")).0 {
        assert_eq!(event["payload"]["orderId"], number.as_str(), "{event}");
    }
    assert_eq!(all(shop, "orderId=ORD-XXXXXXXX").0, Vec::<Value>::new());

    let of_user = all(shop, &format!("userId={ANN}")).0;
    assert!(of_user.iter().all(|event| event["payload"]["userId"] == ANN));
    assert_has(&kinds(shop, &format!("userId={ANN}")), &["OrderCreated", "CouponIssued", "PointsCharged"]);
    assert_has(
        &kinds(shop, &format!("couponId={campaign}")),
        &["CampaignCreated", "CouponIssued", "OrderCreated", "CouponUsed"],
    );
    assert_has(
        &kinds(shop, &format!("productId={product}")),
        &["ProductRegistered", "OrderCreated", "StockDeductionCompleted", "OrderCompleted"],
    );
    let both = kinds(shop, &format!("productId={product}&userId={BOB}"));
    assert_eq!(both, BTreeSet::new(), "filters are combined");

    assert_eq!(kinds(shop, "type=OrderCompleted"), BTreeSet::from(["OrderCompleted".to_owned()]));
    assert_eq!(kinds(shop, "type=dev.doorbuster.OrderCompleted.v1").len(), 1);
    let copies = all(shop, &format!("topic=coupon-events&key={campaign}")).0;
    let key = campaign.to_string();
    assert!(copies.iter().all(|event| event["topic"] == "coupon-events" && event["key"] == key.as_str()));
    let on_topic: BTreeSet<&str> = copies.iter().filter_map(|event| event["type"].as_str()).collect();
    assert!(on_topic.is_superset(&BTreeSet::from(["CampaignCreated", "CouponIssued"])), "{on_topic:?}");
    let of_key = all(shop, &format!("key={ANN}&type=OrderCreated")).0;
    assert_eq!((of_key.len(), &of_key[0]["key"]), (1, &json!(ANN.to_string())));
}

fn check_pages(shop: &TestShop) {
    sale(shop);
    // Reactions over the log still write events.
    let is_over = |events: &[Value]| events.iter().all(|event| event["status"] == "COMPLETED");
    let mut whole = all(shop, "limit=100").0;
    for _try in 0..200 {
        if is_over(&whole) && whole == all(shop, "limit=100").0 {
            break;
        }
        std::thread::yield_now();
        whole = all(shop, "limit=100").0;
    }
    assert!(is_over(&whole), "every event is handled in the end: {whole:?}");
    let ids: Vec<&Value> = whole.iter().map(|event| &event["eventId"]).collect();
    assert_eq!(ids.iter().map(|id| id.to_string()).collect::<BTreeSet<_>>().len(), ids.len(), "each event once");
    let times: Vec<Timestamp> = whole.iter().map(|event| moment(&event["at"])).collect();
    assert!(times.is_sorted_by(|newer, older| newer >= older), "newest first");
    for limit in [1, 7] {
        let (paged, pages) = all(shop, &format!("limit={limit}"));
        assert_eq!(paged, whole);
        assert_eq!(pages, whole.len().div_ceil(limit));
    }
    // Times bound the list: from is inclusive, to is exclusive.
    let (from, to) = (times[times.len() * 3 / 4], times[times.len() / 4]);
    let is_between = |event: &&Value| (from..to).contains(&moment(&event["at"]));
    let between: Vec<&Value> = whole.iter().filter(is_between).collect();
    let (from, to) = (wire_time::format(from), wire_time::format(to));
    assert_eq!(all(shop, &format!("from={from}&to={to}")).0.iter().collect::<Vec<_>>(), between);
    let delivered = whole.iter().find(|event| event["type"] == "OrderCompleted").unwrap();
    let groups: Vec<&Value> = delivered["deliveries"].as_array().unwrap().iter().map(|one| &one["group"]).collect();
    assert_eq!(groups, [&json!("notice-group"), &json!("ranking-group")]);
    assert!(whole.iter().all(|event| event["cause"].is_string() && event["payload"].is_object()));
}

#[test]
fn every_event_is_found_by_what_it_names() {
    in_both_executors(check_filters);
}

#[test]
fn pages_hold_every_event_once_and_all_of_them_are_handled() {
    in_both_executors(check_pages);
}

#[test]
fn the_event_log_is_the_same_on_the_shared_store() {
    let Some(database) = Database::new("the_event_log_is_the_same_on_the_shared_store") else { return };
    check_filters(&database.shop());
    let Some(database) = Database::new("the_event_log_is_the_same_on_the_shared_store") else { return };
    check_pages(&database.shop());
}

#[test]
fn a_request_that_makes_no_sense_is_refused() {
    let shop = TestShop::start();
    for query in ["type=Nothing", "topic=nothing", "userId=0", "from=today", "limit=101", "cursor=x", "colour=red"] {
        shop.get(ADMIN, &format!("/api/admin/events?{query}")).problem(400);
    }
    shop.get(ADMIN, "/api/admin/events?from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z").problem(400);
    shop.get(ANN, "/api/admin/events").problem(403);
    shop.product(1_000, 1);
    shop.product(1_000, 1);
    let next = shop.get(ADMIN, "/api/admin/events?limit=1").expect(200)["nextCursor"].clone();
    let foreign = format!("/api/admin/events?type=PriceChanged&cursor={}", next.as_str().unwrap());
    shop.get(ADMIN, &foreign).problem(400);
}

/// The request's trace leads from the log to its events.
#[test]
fn an_event_shows_its_trace_and_its_version() {
    let shop = TestShop::start();
    let product = shop.product(1_000, 5);
    let trace = [("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"), ("prefer", "wait=20")];
    let body = json!({"items": items(product, 1), "payment": "ON_DELIVERY"});
    let number = shop.ask(ANN, "POST", "/api/orders", &trace, &body).number(200);
    let events = all(&shop, &format!("orderId={number}")).0;
    assert!(events.iter().all(|event| event["traceId"] == "0af7651916cd43dd8448eb211c80319c"));
    let mut versions: Vec<i64> = events.iter().filter_map(|event| event["version"].as_i64()).collect();
    versions.sort_unstable();
    assert_eq!(versions, (1..=versions.len() as i64).collect::<Vec<_>>());
}
