use serde_json::{Value, json};

use crate::api_asking::items;
use crate::shop::{ADMIN, ANN, BOB, TestShop};

/// Returns all rows of a list, read page by page.
fn read_all(shop: &TestShop, user: i64, path: &str, limit: usize) -> Vec<Value> {
    let mut rows = vec![];
    let mut cursor = String::new();
    loop {
        let mut page = shop.get(user, &format!("{path}?limit={limit}{cursor}")).expect(200);
        let data = page["data"].as_array_mut().unwrap();
        assert!(data.len() <= limit);
        rows.append(data);
        let Some(next) = page["nextCursor"].as_str() else { return rows };
        cursor = format!("&cursor={next}");
    }
}

/// A shop in which each list has five rows.
fn shop_with_lists() -> TestShop {
    let shop = TestShop::start_with(&[("DOORBUSTER__STORE__SYNCHRONOUS", "off")]);
    for user in [ANN, BOB] {
        for _ in 0..5 {
            let product = shop.product(1_000, 100);
            let campaign = shop.campaign(5, &json!({}));
            shop.issue(user, campaign);
            shop.charge(user, 100);
            shop.order(user, &json!({"items": items(product, 1)})).expect(200);
        }
    }
    shop
}

const OWN: [&str; 3] = ["/api/orders", "/api/users/me/coupons", "/api/points/history"];
const SHARED: [&str; 3] = ["/api/products", "/api/coupons", "/api/admin/orders"];

fn cursor_of(shop: &TestShop, user: i64, path: &str) -> String {
    let page = shop.get(user, &format!("{path}?limit=2")).expect(200);
    page["nextCursor"].as_str().unwrap().to_owned()
}

#[test]
fn a_list_does_not_depend_on_the_page_size() {
    let shop = shop_with_lists();
    for (paths, user, count) in [(OWN, ANN, 5), (SHARED, ADMIN, 10)] {
        for path in paths {
            let at_once = shop.get(user, &format!("{path}?limit=100")).expect(200);
            assert!(at_once["nextCursor"].is_null(), "{path}");
            for limit in [1, 2, 5, 10] {
                let by_the_page = read_all(&shop, user, path, limit);
                assert_eq!(Value::from(by_the_page), at_once["data"], "{path} by {limit}");
            }
            assert_eq!(at_once["data"].as_array().unwrap().len(), count, "{path}");
        }
    }
}

/// Lists that are whole in memory are paged like all others.
#[test]
fn a_short_list_has_pages_as_well() {
    let shop = TestShop::start();
    for path in ["/api/admin/services", "/api/admin/webhooks/event-types"] {
        let at_once = shop.get(ADMIN, path).expect(200);
        let count = at_once["data"].as_array().unwrap().len();
        assert!(count > 1 && at_once["nextCursor"].is_null(), "{path}: {at_once}");
        assert_eq!(Value::from(read_all(&shop, ADMIN, path, 1)), at_once["data"], "{path}");
    }
}

#[test]
fn own_lists_come_newest_first() {
    let shop = shop_with_lists();
    for (path, time) in OWN.into_iter().zip(["createdAt", "issuedAt", "at"]) {
        let rows = read_all(&shop, ANN, path, 100);
        assert!(rows.is_sorted_by(|newer, older| newer[time].as_str() > older[time].as_str()), "{path}");
    }
}

#[test]
fn a_cursor_belongs_to_its_list_and_its_user() {
    let shop = shop_with_lists();
    let refused = |user: i64, path: &str, cursor: &str| {
        let answer = shop.get(user, &format!("{path}?cursor={cursor}"));
        assert_eq!(answer.complaint(400), ("validation.failed".to_owned(), "cursor".to_owned()), "{path}?{cursor}");
    };
    for path in OWN {
        let cursor = cursor_of(&shop, ANN, path);
        refused(BOB, path, &cursor);
        refused(ADMIN, path, &cursor);
        OWN.iter().chain(&SHARED[..2]).filter(|other| **other != path).for_each(|other| refused(ANN, other, &cursor));
    }
    for path in SHARED {
        let cursor = cursor_of(&shop, ADMIN, path);
        shop.get(ADMIN, &format!("{path}?cursor={cursor}")).expect(200);
        SHARED.iter().filter(|other| **other != path).for_each(|other| refused(ADMIN, other, &cursor));
    }
}

#[test]
fn a_forged_cursor_is_refused() {
    let shop = shop_with_lists();
    let valid = cursor_of(&shop, ANN, "/api/orders");
    let mut changed = valid.clone().into_bytes();
    changed[5] = if changed[5] == b'A' { b'B' } else { b'A' };
    let changed = String::from_utf8(changed).unwrap();
    for path in OWN.iter().chain(&SHARED) {
        for made_up in ["", "x", "1", "AAAA", "%00", "%FF", &changed, &valid[1..], &valid.repeat(50)] {
            let answer = shop.get(ADMIN, &format!("{path}?cursor={made_up}"));
            assert_eq!(answer.complaint(400).1, "cursor", "{path}?cursor={made_up}");
        }
    }
}

#[test]
fn limits_have_bounds() {
    let shop = TestShop::start();
    for path in OWN.iter().chain(&SHARED) {
        for limit in ["0", "101", "-1", "x", "1.5", "", "99999999999999999999"] {
            assert_eq!(shop.get(ADMIN, &format!("{path}?limit={limit}")).complaint(400).1, "limit", "{path} {limit}");
        }
    }
}

#[test]
fn pages_are_stable_while_orders_are_placed() {
    let shop = shop_with_lists();
    let before = read_all(&shop, ANN, "/api/orders", 100);
    let cursor = cursor_of(&shop, ANN, "/api/orders");
    let product = shop.product(1_000, 5);
    shop.order(ANN, &json!({"items": items(product, 1)})).expect(200);
    let rest = shop.get(ANN, &format!("/api/orders?cursor={cursor}")).expect(200);
    assert_eq!(rest["data"].as_array().unwrap()[..], before[2..]);
}
