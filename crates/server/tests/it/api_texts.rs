//! Every text that a customer reads is in the language of `Accept-Language` (T9, N-04).

use serde_json::{Value, json};

use crate::client::Answer;
use crate::live::{Events, Received};
use crate::shop::{ADMIN, ANN, BOB, TestShop};

const KOREAN: (&str, &str) = ("accept-language", "ko-KR,ko;q=0.9,en;q=0.8");

fn is_korean(text: &Value) -> bool {
    text.as_str().is_some_and(|text| text.chars().any(|c| ('가'..='힣').contains(&c)))
}

fn in_korean(shop: &TestShop, method: &str, path: &str, body: &Value) -> Answer {
    shop.ask(ANN, method, path, &[KOREAN], body)
}

#[track_caller]
fn check_problem(answer: &Answer) {
    assert_eq!(answer.header("content-type"), Some("application/problem+json"), "{}", answer.text);
    assert_eq!(answer.header("content-language"), Some("ko"), "{}", answer.text);
    assert!(answer.header("vary").is_some_and(|vary| vary.to_lowercase().contains("accept-language")), "{answer:?}");
    let problem = answer.json();
    assert!(is_korean(&problem["title"]) && is_korean(&problem["detail"]), "{problem}");
    for error in problem["errors"].as_array().into_iter().flatten() {
        assert!(is_korean(&error["detail"]), "{problem}");
    }
}

#[test]
fn problems_are_in_korean() {
    let shop = TestShop::start();
    let product = shop.product(1_000, 1);
    let line = |quantity: Value| json!({"items": [{"productId": product, "quantity": quantity}]});
    for (method, path, body) in [
        ("GET", "/api/orders/ORD-0000000000000", Value::Null),
        ("GET", "/api/nothing", Value::Null),
        ("DELETE", "/api/orders", Value::Null),
        ("GET", "/api/products?limit=many", Value::Null),
        ("GET", "/api/products?cursor=mine", Value::Null),
        ("POST", "/api/orders", line(json!("two"))),
        ("POST", "/api/orders", line(json!(0))),
        ("POST", "/api/orders", json!({"items": [], "gift": true})),
        ("POST", "/api/orders", json!({"items": []})),
        ("POST", "/api/orders", json!({"payment": "BARTER"})),
        ("POST", "/api/coupons/99/issue", Value::Null),
        ("POST", "/api/users", json!({"email": "ann", "password": "short", "name": ""})),
        ("GET", "/api/admin/orders", Value::Null),
    ] {
        check_problem(&in_korean(&shop, method, path, &body));
    }
    let english = shop.get(ANN, "/api/orders/ORD-0000000000000");
    assert_eq!((english.problem(404).as_str(), english.header("content-language")), ("order.not_found", Some("en")));
}

#[test]
fn coupons_are_answered_in_korean() {
    let shop = TestShop::start();
    let direct = shop.campaign(10, &json!({}));
    let issued = in_korean(&shop, "POST", &format!("/api/coupons/{direct}/issue"), &Value::Null);
    assert!(is_korean(&issued.expect(201)["message"]), "{}", issued.text);
    assert_eq!(issued.header("content-language"), Some("ko"));
    let body = json!({"couponId": direct});
    let refused = shop.ask(ANN, "POST", "/api/coupons/issue", &[KOREAN, ("prefer", "wait=20")], &body).expect(200);
    assert!(is_korean(&refused["message"]), "{refused}");
    let path = format!("/api/requests/{}", refused["requestId"].as_str().unwrap());
    assert_eq!(in_korean(&shop, "GET", &path, &Value::Null).expect(200)["message"], refused["message"]);
    let english = shop.get(ANN, &path).expect(200);
    assert_eq!(english["message"], "You already have this coupon.");
}

/// T11: a paused campaign is reported as paused, not as not started.
#[test]
fn a_paused_campaign_says_that_it_is_paused() {
    for shop in [TestShop::start(), TestShop::start_with_log()] {
        for mode in ["direct", "queued"] {
            let campaign = shop.campaign(10, &json!({"issueMode": mode}));
            let path = format!("/api/admin/coupons/{campaign}");
            shop.ask(ADMIN, "PATCH", &path, &[], &json!({"paused": true})).expect(200);
            let body = json!({"couponId": campaign});
            let headers = [KOREAN, ("prefer", "wait=20")];
            let refused = shop.ask(ANN, "POST", "/api/coupons/issue", &headers, &body).expect(200);
            assert_eq!(refused["resultCode"], "PAUSED", "{mode}");
            assert_eq!(refused["message"], "쿠폰 발급이 일시 중지되었습니다. 나중에 다시 시도해 주세요.");
        }
    }
}

/// Every notice has type, title, message and time.
fn check_notices(told: &[Received], is_in_language: impl Fn(&Value) -> bool) {
    for notice in told {
        let data = &notice.data;
        assert_eq!(data["type"], notice.kind.replace('.', "_").to_uppercase(), "{notice:?}");
        assert!(is_in_language(&data["title"]) && is_in_language(&data["message"]), "{notice:?}");
        assert!(data["timestamp"].as_str().is_some_and(|moment| moment.ends_with('Z')), "{notice:?}");
    }
}

#[test]
fn every_notice_has_type_title_message_and_time_in_both_languages() {
    for shop in [TestShop::start(), TestShop::start_with_log()] {
        let free = shop.product(0, 1);
        for _ in 0..2 {
            shop.order(ANN, &json!({"items": [{"productId": free, "quantity": 1}]})).expect(200);
        }
        let campaign = shop.campaign(1, &json!({}));
        let path = format!("/api/coupons/{campaign}/issue");
        shop.post(ANN, &path, &Value::Null).expect(201);
        let body = json!({"couponId": campaign});
        shop.ask(ANN, "POST", "/api/coupons/issue", &[("prefer", "wait=20")], &body).expect(200);
        let kinds = ["order.completed", "order.cancelled", "coupon.issued", "coupon.refused"];
        for (language, is_in_language) in
            [("ko", is_korean as fn(&Value) -> bool), ("en", |text: &Value| text.is_string() && !is_korean(text))]
        {
            let told = Events::open_in(&shop, ANN, language).take(kinds.len());
            let mut found: Vec<&str> = told.iter().map(|notice| notice.kind.as_str()).collect();
            found.sort_unstable_by_key(|kind| kinds.iter().position(|known| known == kind));
            assert_eq!(found, kinds);
            check_notices(&told, is_in_language);
        }
    }
}

#[test]
fn operators_are_answered_in_korean_too() {
    let shop = TestShop::start();
    let answer =
        shop.ask(ADMIN, "PUT", "/api/admin/services", &[KOREAN], &json!({"service": "x", "out": true, "reason": ""}));
    answer.problem(400);
    check_problem(&answer);
    let bob = shop.ask(BOB, "GET", "/api/admin/audit", &[KOREAN], &Value::Null);
    bob.problem(403);
    check_problem(&bob);
}

/// T1: under every executor each change is pushed with its own status, also if the order has changed again since.
#[test]
fn paying_with_storage_pushes_each_change_as_it_was() {
    for shop in [TestShop::start(), TestShop::start_with_log()] {
        let product = shop.product(1_000, 5);
        let body = json!({"items": [{"productId": product, "quantity": 1}], "warehouseStorage": true});
        let order = shop.order(ANN, &body).expect(200);
        let number = order["orderNumber"].as_str().unwrap();
        shop.pay(ANN, number, 20).expect(200);
        let told = Events::open_in(&shop, ANN, "en").take(4);
        let statuses: Vec<&Value> = told.iter().map(|notice| &notice.data["status"]).collect();
        assert_eq!(statuses, ["PENDING_PAYMENT", "PAYMENT_COMPLETED", "IN_WAREHOUSE", "COMPLETED"], "{told:#?}");
        let kinds: Vec<&str> = told.iter().map(|notice| notice.kind.as_str()).collect();
        assert_eq!(kinds, ["order.status", "order.completed", "order.status", "order.status"]);
    }
}
