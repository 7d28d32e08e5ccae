//! Statistics over HTTP: what happened is counted once, under either executor and on either store, also over kills.

use serde_json::{Value, json};

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
        ("from=2020-01-01T00:00:00Z&interval=minute", "interval"),
        ("productId=0", "productId"),
        ("couponId=1", "couponId"),
    ] {
        let problem = shop.get(ADMIN, &format!("{ORDERS}?{query}")).expect(400);
        assert_eq!(problem["errors"][0]["parameter"], parameter, "{query}: {problem}");
    }
    let empty = shop.get(ADMIN, ORDERS).expect(200);
    assert_eq!(empty["series"], json!([]));
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
