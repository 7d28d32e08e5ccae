//! Statistics over HTTP: what happened is counted once, under either executor and on either store, also over kills.

use std::time::Duration;

use app::events::wire_time;
use app::ports::Clock as _;
use domain::time::Timestamp;
use serde_json::{Value, json};
use server::wiring::clock;

use crate::api_asking::{in_both_executors, items};
use crate::brokers::until;
use crate::shared::Database;
use crate::shop::{ADMIN, ANN, BOB, TestShop};

const COUPONS: &str = "/api/admin/statistics/coupons";
const ORDERS: &str = "/api/admin/statistics/orders";

fn totals(shop: &TestShop, path: &str) -> Value {
    shop.get(ADMIN, path).expect(200)["totals"].clone()
}

fn sum(shop: &TestShop, path: &str, figure: &str) -> i64 {
    let answer = shop.get(ADMIN, path).expect(200);
    answer["series"].as_array().unwrap().iter().map(|interval| interval[figure].as_i64().unwrap()).sum()
}

#[track_caller]
fn check(shop: &TestShop, path: &str, wanted: &Value) {
    let is_counted = || totals(shop, path) == *wanted;
    for _attempt in 0..400 {
        if is_counted() {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(25));
    }
    assert_eq!(totals(shop, path), *wanted, "{path}");
}

fn choose(shop: &TestShop, mode: &str) {
    shop.ask(ADMIN, "PUT", "/api/admin/modes", &[], &json!({"mode": mode, "reason": "a test"})).expect(200);
}

fn sell(shop: &TestShop) {
    choose(shop, "parallel");
    let (campaign, other) = (shop.campaign(2, &json!({})), shop.campaign(5, &json!({})));
    let issue = |user: i64, campaign: i64| shop.post(user, &format!("/api/coupons/{campaign}/issue"), &json!({}));
    issue(ANN, campaign).expect(201);
    issue(ANN, campaign).expect(409);
    issue(BOB, campaign).expect(201);
    for user in 10..13 {
        issue(user, campaign).expect(410);
    }
    issue(ANN, other).expect(201);
    let (lamp, chair) = (shop.product(10_000, 5), shop.product(3_000, 5));
    let both = json!([{"productId": lamp, "quantity": 1}, {"productId": chair, "quantity": 2}]);
    let number = shop.order(ANN, &json!({"items": both, "couponId": campaign})).number(200);
    shop.pay(ANN, &number, 20).expect(200);
    shop.order(ANN, &json!({"items": items(lamp, 50)})).expect(200);
    choose(shop, "atomic");
    let second = shop.order(BOB, &json!({"items": items(lamp, 1)})).number(200);
    shop.pay(BOB, &second, 20).expect(200);
    shop.post(BOB, &format!("/api/orders/{second}/refund"), &json!({})).expect(200);

    let refused = json!({"coupon.already_issued": 1, "coupon.sold_out": 3});
    check(shop, COUPONS, &json!({"issued": 3, "used": 1, "restored": 0, "refused": refused}));
    let one = format!("{COUPONS}?couponId={other}");
    check(shop, &one, &json!({"issued": 1, "used": 0, "restored": 0, "refused": {}}));
    let modes = json!({"atomic": 1, "parallel": 2});
    let wanted = json!({
        "placed": 3, "completed": 2, "cancelled": 1, "refunded": 1, "revenue": 25_000, "discount": 1_000, "points": 0,
        "refundedAmount": 10_000, "byReason": {"stock.exhausted": 1}, "byMode": modes,
    });
    check(shop, ORDERS, &wanted);
    // 1,000 won of discount are shared 10 to 6.
    let of_chair = json!({
        "placed": 1, "completed": 1, "cancelled": 0, "refunded": 0, "revenue": 5_625, "discount": 375, "points": 0,
        "refundedAmount": 0, "byReason": {}, "byMode": {"parallel": 1},
    });
    check(shop, &format!("{ORDERS}?productId={chair}"), &of_chair);
    for interval in ["minute", "hour", "day"] {
        assert_eq!(sum(shop, &format!("{ORDERS}?interval={interval}"), "revenue"), 25_000, "{interval}");
        assert_eq!(sum(shop, &format!("{COUPONS}?interval={interval}"), "refused"), 4, "{interval}");
    }
    let since = format!("{ORDERS}?interval=day&from=2999-01-01T00:00:00Z");
    assert_eq!(totals(shop, &since)["placed"], 0);
    for query in whole_ranges() {
        assert_eq!(totals(shop, &format!("{ORDERS}?{query}")), wanted, "{query}");
        assert_eq!(sum(shop, &format!("{ORDERS}?{query}"), "revenue"), 25_000, "{query}");
    }
}

fn ago(span: Duration) -> String {
    wire_time::format(clock().now() - span)
}

const DAY: Duration = Duration::from_secs(86_400);

/// Queries whose range has more intervals than an answer, or reaches back to before the shop; all of it happened within.
fn whole_ranges() -> Vec<String> {
    vec![
        format!("from={}", ago(DAY * 100)),
        format!("from={}", ago(DAY * 5_000)),
        format!("from={}&interval=minute", ago(DAY * 2)),
        format!("from={}&interval=minute", ago(DAY * 30)),
        format!("from={}&interval=minute", ago(DAY * 500)),
        format!("from={}&interval=day", ago(DAY * 5_000)),
        format!("from={}&to=2099-12-31T00:00:00Z", ago(DAY / 24)),
        "to=2099-12-31T00:00:00Z".to_owned(),
        "from=0000-01-01T00:00:00Z&to=9999-12-31T23:59:59.999999Z&interval=minute".to_owned(),
    ]
}

#[test]
fn the_statistics_are_what_happened() {
    in_both_executors(sell);
}

#[test]
fn the_statistics_of_a_shared_store_are_what_happened() {
    let Some(database) = Database::new("the_statistics_of_a_shared_store_are_what_happened") else { return };
    sell(&database.shop());
}

/// Of products that all came back, in several parts, as much is refunded as they had brought in.
fn return_in_parts(shop: &TestShop) {
    let (lamp, chair) = (shop.product(333, 100), shop.product(777, 100));
    shop.charge(ANN, 156);
    let both = json!([{"productId": lamp, "quantity": 3}, {"productId": chair, "quantity": 2}]);
    let number = shop.order(ANN, &json!({"items": both, "pointsToUse": 156})).number(200).to_owned();
    shop.pay(ANN, &number, 20).expect(200);
    let refund = format!("/api/orders/{number}/refund");
    for product in [lamp, chair] {
        shop.post(ANN, &refund, &json!({"lines": [{"productId": product, "quantity": 1}]})).expect(200);
    }
    shop.post(ANN, &refund, &json!({})).expect(200);
    for product in [lamp, chair] {
        let path = format!("{ORDERS}?productId={product}");
        let totals = shop.get_until(ADMIN, &path, |answer| answer["totals"]["refunded"] == 1);
        assert_eq!(totals["totals"]["refundedAmount"], totals["totals"]["revenue"], "{product}: {totals:#}");
    }
    shop.assert_adds_up();
}

#[test]
fn of_what_came_back_in_parts_exactly_the_revenue_is_refunded() {
    in_both_executors(return_in_parts);
}

#[test]
fn of_what_came_back_in_parts_exactly_the_revenue_is_refunded_on_a_shared_store() {
    let test = "of_what_came_back_in_parts_exactly_the_revenue_is_refunded_on_a_shared_store";
    let Some(database) = Database::new(test) else { return };
    return_in_parts(&database.shop());
}

#[test]
fn what_is_no_longer_due_on_delivery_is_counted_as_returned() {
    in_both_executors(|shop| {
        let product = shop.product(1_000, 5);
        let body = json!({"items": items(product, 2), "payment": "ON_DELIVERY"});
        let number = shop.order(ANN, &body).number(200).to_owned();
        shop.post(ANN, &format!("/api/orders/{number}/cancel"), &json!({})).expect(200);
        let path = format!("{ORDERS}?productId={product}");
        until("counted", || totals(shop, &path)["refunded"] == 1);
        let counted = totals(shop, &path);
        assert_eq!((&counted["revenue"], &counted["refundedAmount"]), (&json!(2_000), &json!(2_000)));
    });
}

/// Slices are committed with their offsets, so that no kill repeats or loses one. The audit counts again at the end.
#[test]
fn nothing_is_counted_twice_over_kills() {
    let mut shop = TestShop::start();
    let product = shop.product(0, 1_000);
    let mut placed = 0;
    for _life in 0..4 {
        for _order in 0..10 {
            shop.order(ANN, &json!({"items": items(product, 1)})).expect(200);
            placed += 1;
        }
        shop.kill();
        shop.open();
    }
    until("counted", || totals(&shop, ORDERS)["completed"] == placed);
    shop.assert_adds_up();
}

#[test]
fn a_range_that_cannot_be_answered_is_refused_by_name() {
    let shop = TestShop::start();
    for (query, parameter) in [
        ("interval=week", "interval"),
        ("from=now", "from"),
        ("from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z", "to"),
        ("productId=0", "productId"),
        ("couponId=1", "couponId"),
    ] {
        let problem = shop.get(ADMIN, &format!("{ORDERS}?{query}")).expect(400);
        assert_eq!(problem["errors"][0]["parameter"], parameter, "{query}: {problem}");
    }
    let empty = shop.get(ADMIN, ORDERS).expect(200);
    assert_eq!(empty["series"], json!([]));
}

/// Refused coupons as of old: by hour and day 40 days ago, by day 400 days ago. Returns the beginnings of that hour and day.
fn refuse_in_the_past(shop: &mut TestShop) -> [Timestamp; 2] {
    let floor = |at: Timestamp, micros: i64, ahead: i64| {
        Timestamp::from_micros((at.micros() + ahead).div_euclid(micros) * micros - ahead)
    };
    const HOUR: i64 = 3_600_000_000;
    let now = clock().now();
    let hour = floor(now - DAY * 40, HOUR, 0);
    // The shop is in Seoul.
    let day_of = |at| floor(at, 24 * HOUR, 9 * HOUR);
    let day = day_of(now - DAY * 400);
    shop.stop();
    let store = shop.edit();
    for (resolution, at, count) in [("hour", hour, 5), ("day", day_of(hour), 5), ("day", day, 3)] {
        let sql = "INSERT INTO statistic (counted, resolution, subject, began_at, figure, amount)
             VALUES ('coupons', ?1, 0, ?2, 'refused:coupon.sold_out', ?3)";
        store.execute(sql, (resolution, at.micros(), count)).unwrap();
    }
    drop(store);
    shop.open();
    [hour, day]
}

#[test]
fn longer_intervals_stand_for_those_that_are_deleted_only_where_they_are_exact() {
    let mut shop = TestShop::start();
    let [hour, day] = refuse_in_the_past(&mut shop);
    let at = |from: Timestamp, minutes: u32| wire_time::format(from + Duration::from_secs(60) * minutes);
    let (on_the_hour, within, next) = (at(hour, 0), at(hour, 30), at(hour, 60));
    let refused = |query: &str| totals(&shop, &format!("{COUPONS}?{query}"))["refused"]["coupon.sold_out"].clone();
    for (query, count) in [
        (format!("from={on_the_hour}&interval=minute"), 5),
        (format!("from={on_the_hour}&to={next}"), 5),
        (format!("from={within}"), 5),
        (format!("from={}&to={next}&interval=day", at(day, 60)), 8),
        (format!("from={}", at(day, 0)), 8),
        (format!("from={}&interval=day", at(day, 60)), 8),
        (format!("to={within}"), 8),
        (format!("to={on_the_hour}"), 3),
        ("to=2099-01-01T00:00:00Z".to_owned(), 8),
    ] {
        assert_eq!(refused(&query), count, "{query}");
    }
    assert_eq!(sum(&shop, &format!("{COUPONS}?to=2099-01-01T00:00:00Z"), "refused"), 5);
    for (query, parameter, choice) in [
        (format!("from={within}&interval=minute"), "from", "interval=hour"),
        (format!("from={on_the_hour}&to={next}&interval=minute"), "interval", "interval=hour"),
        (format!("to={within}&interval=minute"), "interval", "interval=hour"),
        (format!("from={}", at(day, 60)), "from", "interval=day"),
        (format!("to={}", at(day, 60)), "interval", "interval=day"),
    ] {
        for language in ["en", "ko"] {
            let path = format!("{COUPONS}?{query}");
            let problem = shop.ask(ADMIN, "GET", &path, &[("accept-language", language)], &Value::Null).expect(400);
            let error = &problem["errors"][0];
            assert_eq!((&error["parameter"], &error["code"]), (&json!(parameter), &json!("not_kept")), "{query}");
            assert!(error["detail"].as_str().is_some_and(|detail| detail.contains(choice)), "{problem}");
        }
    }
}

#[test]
fn the_groups_of_the_statistics_are_listed_and_stay_where_they_are() {
    let shop = TestShop::start();
    let product = shop.product(0, 5);
    shop.order(ANN, &json!({"items": items(product, 1)})).expect(200);
    until("at the end", || {
        let list = shop.get(ADMIN, "/api/admin/groups").expect(200);
        let groups = list["data"].as_array().unwrap().iter();
        let groups: Vec<&Value> =
            groups.filter(|group| group["group"].as_str().unwrap().ends_with("-statistics-group")).collect();
        let is_at_end = |group: &Value| group["lag"] == 0 && group["partitions"][0]["offset"] != 0;
        groups.len() == 2 && groups.into_iter().all(is_at_end)
    });
}
