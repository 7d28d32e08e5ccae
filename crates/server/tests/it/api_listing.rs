//! Lists of orders with filters, for customers and admins.

use serde_json::{Value, json};

use crate::api_asking::items;
use crate::shared::Database;
use crate::shop::{ADMIN, ANN, BOB, TestShop};

const UNSAFE_AND_QUICK: (&str, &str) = ("DOORBUSTER__STORE__SYNCHRONOUS", "off");

fn place(shop: &TestShop, user: i64, order: &Value) -> String {
    shop.order(user, order).expect(200)["orderNumber"].as_str().unwrap().to_owned()
}

fn numbers(page: &Value) -> Vec<String> {
    page["data"].as_array().unwrap().iter().map(|order| order["orderNumber"].as_str().unwrap().to_owned()).collect()
}

/// Returns the numbers of a list, and checks that they do not depend on the page size.
#[track_caller]
fn listed(shop: &TestShop, user: i64, path: &str) -> Vec<String> {
    let by = |limit: usize| {
        let (mut found, mut cursor) = (vec![], String::new());
        loop {
            let page = shop.get(user, &format!("{path}&limit={limit}{cursor}")).expect(200);
            let on_page = numbers(&page);
            assert!(on_page.len() <= limit, "{path} by {limit}");
            found.extend(on_page);
            let Some(next) = page["nextCursor"].as_str() else { return found };
            cursor = format!("&cursor={next}");
        }
    };
    let at_once = by(100);
    [1, 2, 3].into_iter().for_each(|limit| assert_eq!(by(limit), at_once, "{path} by {limit}"));
    at_once
}

/// T14: `GET /api/orders?status=CANCELLED` once returned all orders.
fn are_found_by_what_they_are(shop: &TestShop) {
    let (product, other) = (shop.product(1_000, 100), shop.product(2_000, 100));
    let campaign = shop.campaign(5, &json!({}));
    shop.issue(ANN, campaign);
    let one = json!({"items": items(product, 1)});
    let placed: Vec<String> = (0..6).map(|_| place(shop, ANN, &one)).collect();
    let bobs = place(shop, BOB, &json!({"items": items(other, 1)}));
    let with_coupon = place(shop, ANN, &json!({"items": items(other, 2), "couponId": campaign}));
    for at in [0, 2, 4] {
        shop.post(ANN, &format!("/api/orders/{}/cancel", placed[at]), &Value::Null).expect(200);
    }
    shop.post(BOB, &format!("/api/orders/{bobs}/cancel"), &Value::Null).expect(200);
    let these = |at: &[usize]| at.iter().map(|at| placed[*at].clone()).collect::<Vec<_>>();
    let cancelled = these(&[4, 2, 0]);
    let open = [vec![with_coupon.clone()], these(&[5, 3, 1])].concat();
    assert_eq!(listed(shop, ANN, "/api/orders?status=CANCELLED"), cancelled);
    assert_eq!(listed(shop, ANN, "/api/orders?outcome=CANCELLED"), cancelled);
    assert_eq!(listed(shop, ANN, "/api/orders?outcome=AWAITING_PAYMENT"), open);
    assert_eq!(listed(shop, ANN, "/api/orders?status=COMPLETED"), [""; 0]);
    assert_eq!(listed(shop, ANN, "/api/orders?status=CANCELLED&outcome=AWAITING_PAYMENT"), [""; 0]);
    let third = shop.get(ANN, &format!("/api/orders/{}", placed[3])).expect(200);
    let third = third["createdAt"].as_str().unwrap();
    assert_eq!(listed(shop, ANN, &format!("/api/orders?to={third}")), these(&[2, 1, 0]));
    assert_eq!(listed(shop, ANN, &format!("/api/orders?from={third}&status=CANCELLED")), these(&[4]));
    assert_eq!(listed(shop, ANN, "/api/orders?from=2020-01-01T09:00:00%2B09:00&to=2020-01-02T00:00:00Z"), [""; 0]);

    let all = |query: &str| listed(shop, ADMIN, &format!("/api/admin/orders?{query}"));
    assert_eq!(all("status=CANCELLED"), [vec![bobs.clone()], cancelled.clone()].concat());
    assert_eq!(all("userId=2"), std::slice::from_ref(&bobs));
    assert_eq!(all("userId=1&outcome=CANCELLED"), cancelled);
    assert_eq!(all(&format!("productId={other}")), [with_coupon.clone(), bobs.clone()]);
    assert_eq!(all(&format!("productId={other}&userId=1")), std::slice::from_ref(&with_coupon));
    assert_eq!(all(&format!("couponId={campaign}")), [with_coupon]);
    assert_eq!(all("outcome=COMPENSATION_STUCK"), [""; 0]);
    assert_eq!(all("userId=77"), [""; 0]);
}

#[test]
fn orders_are_found_by_filters() {
    are_found_by_what_they_are(&TestShop::start_with(&[UNSAFE_AND_QUICK]));
}

#[test]
fn orders_are_found_by_filters_in_a_shared_database() {
    let Some(database) = Database::new("the_same_in_a_shared_database_listed") else { return };
    are_found_by_what_they_are(&TestShop::start_with(&[("DATABASE_URL", &database.url())]));
}

#[test]
fn a_cursor_belongs_to_its_filter() {
    let shop = TestShop::start_with(&[UNSAFE_AND_QUICK]);
    let one = json!({"items": items(shop.product(1_000, 9), 1)});
    (0..3).for_each(|_| drop(place(&shop, ANN, &one)));
    let first = shop.get(ANN, "/api/orders?outcome=AWAITING_PAYMENT&limit=1").expect(200);
    let cursor = first["nextCursor"].as_str().unwrap();
    for other in ["", "&outcome=CANCELLED", "&outcome=AWAITING_PAYMENT&from=2020-01-01T00:00:00Z"] {
        let refused = shop.get(ANN, &format!("/api/orders?cursor={cursor}{other}"));
        assert_eq!(refused.complaint(400).1, "cursor", "{other}");
    }
}

#[test]
fn an_invalid_filter_is_named() {
    let shop = TestShop::start();
    let complaint = |path: &str| {
        let answer = shop.get(ADMIN, path);
        let (code, place) = answer.complaint(400);
        assert_eq!(code, "validation.failed");
        (place, answer.json()["errors"][0]["detail"].as_str().unwrap().to_owned())
    };
    for path in ["/api/orders", "/api/admin/orders"] {
        for (query, place, detail) in [
            ("status=LOST", "status", "must be one of: CREATED, PENDING_PAYMENT"),
            ("status=cancelled", "status", "must be one of: CREATED"),
            ("outcome=LOST", "outcome", "must be one of: PENDING, AWAITING_PAYMENT"),
            ("from=yesterday", "from", "must be an RFC 3339 time"),
            ("from=2020-01-01T09:00:00+09:00", "from", "must be an RFC 3339 time"),
            ("to=", "to", "must be an RFC 3339 time"),
            ("from=2020-01-02T00:00:00Z&to=2020-01-01T00:00:00Z", "to", "must not be before from"),
        ] {
            let (named, told) = complaint(&format!("{path}?{query}"));
            assert_eq!(named, place, "{path}?{query}");
            assert!(told.starts_with(detail), "{path}?{query}: {told}");
        }
    }
    for place in ["userId", "productId", "couponId"] {
        for bad in ["0", "-1", "x", "", "9223372036854775807"] {
            assert_eq!(complaint(&format!("/api/admin/orders?{place}={bad}")).0, place, "{bad}");
            // A customer's list has only the customer's orders.
            assert_eq!(complaint(&format!("/api/orders?{place}={bad}")).0, place);
        }
    }
}

/// A rare filter over a long history must not block the store: the page is empty and has a cursor.
#[test]
fn a_page_scans_a_limited_number_of_orders() {
    let shop = TestShop::start_with(&[UNSAFE_AND_QUICK]);
    let one = json!({"items": items(shop.product(1_000, 2_000), 1)});
    let oldest = place(&shop, ANN, &one);
    shop.post(ANN, &format!("/api/orders/{oldest}/cancel"), &Value::Null).expect(200);
    let mut client = shop.client();
    let (bearer, body) = (shop.bearer(ANN), one.to_string());
    let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
    (0..1_050).for_each(|_| drop(client.send("POST", "/api/orders", &headers, &body).unwrap().expect(202)));
    for (user, path) in [(ANN, "/api/orders?status=CANCELLED"), (ADMIN, "/api/admin/orders?status=CANCELLED")] {
        let first = shop.get(user, path).expect(200);
        assert_eq!(first["data"], json!([]), "{path}");
        let next = first["nextCursor"].as_str().unwrap();
        let second = shop.get(user, &format!("{path}&cursor={next}")).expect(200);
        assert_eq!((numbers(&second), &second["nextCursor"]), (vec![oldest.clone()], &Value::Null), "{path}");
    }
}
