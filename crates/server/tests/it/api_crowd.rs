//! Many concurrent requests: all that is available is given out, and nothing more.

use std::collections::BTreeSet;
use std::sync::Mutex;

use serde_json::{Value, json};

use crate::api_asking::{in_both_executors, items};
use crate::client::Answer;
use crate::shop::{ADMIN, ANN, TestShop};

const CONNECTIONS: i64 = 8;

/// Sends one request for each user, over a few connections at once.
fn crowd(
    shop: &TestShop,
    users: std::ops::Range<i64>,
    path: &str,
    headers: &[(&str, &str)],
    body: &Value,
) -> Vec<Answer> {
    let body = body.to_string();
    let answers = Mutex::new(vec![]);
    std::thread::scope(|scope| {
        for connection in 0..CONNECTIONS {
            let (users, body, answers) = (users.clone(), &body, &answers);
            scope.spawn(move || {
                let mut client = shop.client();
                for user in users.filter(|user| user % CONNECTIONS == connection) {
                    let bearer = shop.bearer(user);
                    let mut all = vec![("authorization", bearer.as_str())];
                    all.extend(headers);
                    let answer = client.send("POST", path, &all, body).unwrap();
                    answers.lock().unwrap().push(answer);
                }
            });
        }
    });
    answers.into_inner().unwrap()
}

#[test]
fn a_thousand_customers_get_fifty_coupons() {
    in_both_executors(|shop| {
        let campaign = shop.campaign(50, &json!({}));
        let path = format!("/api/coupons/{campaign}/issue");
        let check = |users: std::ops::Range<i64>, numbers: std::ops::RangeInclusive<i64>| {
            let answers = crowd(shop, users, &path, &[], &json!({}));
            let (given, refused): (Vec<&Answer>, Vec<&Answer>) =
                answers.iter().partition(|answer| answer.status == 201);
            let found: BTreeSet<i64> =
                given.iter().map(|answer| answer.json()["issueNumber"].as_i64().unwrap()).collect();
            assert_eq!(given.len(), found.len(), "no number is given twice");
            assert_eq!(found, numbers.collect());
            refused.iter().for_each(|answer| assert_eq!(answer.problem(410), "coupon.sold_out"));
        };
        check(2_000..3_000, 1..=50);
        let shown = shop.get(ANN, &format!("/api/coupons/{campaign}")).expect(200);
        assert_eq!((&shown["issued"], &shown["remaining"]), (&json!(50), &json!(0)));
        shop.patch(ADMIN, &format!("/api/admin/coupons/{campaign}"), &json!({"totalQuantity": 60})).expect(200);
        check(4_000..4_200, 51..=60);
    });
}

#[test]
fn the_last_unit_goes_to_one_of_a_hundred() {
    in_both_executors(|shop| {
        let product = shop.product(1_000, 1);
        let body = json!({"items": items(product, 1), "payment": "ON_DELIVERY"});
        let answers = crowd(shop, 2_000..2_100, "/api/orders", &[("prefer", "wait=20")], &body);
        let ended = |outcome: &str, reason: Value| {
            let is_so = |order: &Value| order["outcome"] == outcome && order["reason"] == reason;
            answers.iter().map(|answer| answer.expect(200)).filter(is_so).count()
        };
        assert_eq!(ended("COMPLETED", Value::Null), 1);
        assert_eq!(ended("CANCELLED", json!("stock.exhausted")), 99);
        assert_eq!(shop.available(product), 0);
    });
}

#[test]
fn a_customer_with_many_connections_gets_one_coupon_and_spends_points_once() {
    in_both_executors(|shop| {
        let product = shop.product(1_000, 100);
        let campaign = shop.campaign(50, &json!({}));
        shop.charge(ANN, 1_000);
        let post = |path: &str, body: &Value| -> Vec<Answer> {
            std::thread::scope(|scope| {
                let threads: Vec<_> = (0..16).map(|_| scope.spawn(|| shop.post_waiting(ANN, path, body))).collect();
                threads.into_iter().map(|thread| thread.join().unwrap()).collect()
            })
        };
        let issued = post(&format!("/api/coupons/{campaign}/issue"), &json!({}));
        assert_eq!(issued.iter().filter(|answer| answer.status == 201).count(), 1);
        let orders = post("/api/orders", &json!({"items": items(product, 1), "pointsToUse": 1_000}));
        let completed = orders.iter().filter(|answer| answer.expect(200)["outcome"] == "COMPLETED").count();
        assert_eq!((completed, shop.balance(ANN), shop.available(product)), (1, 0, 99));
    });
}

#[test]
fn a_read_after_an_answer_sees_its_effect() {
    in_both_executors(|shop| {
        let product = shop.product(10, 1);
        let campaign = shop.campaign(1_000, &json!({"maxIssuePerUser": 100}));
        for round in 1..=25 {
            let stock = json!({"delta": 2, "reason": "delivery"});
            let path = format!("/api/admin/products/{product}/stock");
            let available = shop.post(ADMIN, &path, &stock).expect(200)["available"].as_i64().unwrap();
            assert_eq!(shop.available(product), available);
            shop.order(ANN, &json!({"items": items(product, 1)})).expect(200);
            assert_eq!(shop.available(product), available - 1);
            let number = shop.post(ANN, "/api/orders", &json!({"items": items(product, 1)})).number(202);
            shop.get(ANN, &format!("/api/orders/{number}")).expect(200);
            assert_eq!(shop.get(ANN, "/api/orders?limit=1").expect(200)["data"][0]["orderNumber"], number);
            shop.get_until(ANN, &format!("/api/orders/{number}"), |order| order["outcome"] != "PENDING");
            shop.issue(ANN, campaign);
            assert_eq!(shop.get(ANN, &format!("/api/coupons/{campaign}")).expect(200)["issued"], round);
            shop.charge(ANN, 10);
            assert_eq!(shop.balance(ANN), round * 10);
        }
    });
}

#[test]
fn a_request_that_cannot_be_served_in_time_is_refused() {
    let shop = TestShop::start_with(&[("DOORBUSTER__ENGINE__QUEUE_MAX", "1"), ("DOORBUSTER__ENGINE__BATCH_MAX", "1")]);
    let product = shop.product(1_000, 1_000_000);
    let body = json!({"items": items(product, 1), "payment": "ON_DELIVERY"});
    let answers: Vec<Answer> = std::thread::scope(|scope| {
        let shop = &shop;
        let customers: Vec<_> = (2_000..2_064_i64)
            .map(|user| {
                scope.spawn({
                    let body = &body;
                    move || (0..10).map(|_| shop.post(user, "/api/orders", body)).collect::<Vec<_>>()
                })
            })
            .collect();
        customers.into_iter().flat_map(|customer| customer.join().unwrap()).collect()
    });
    let (accepted, refused): (Vec<&Answer>, Vec<&Answer>) = answers.iter().partition(|answer| answer.status == 202);
    assert!(!accepted.is_empty() && !refused.is_empty());
    for answer in refused {
        assert_eq!(answer.problem(503), "overloaded");
        assert_eq!((answer.header("retry-after"), &answer.json()["retryable"]), (Some("1"), &json!(true)));
    }
    let accepted: BTreeSet<String> = accepted.into_iter().map(|answer| answer.number(202)).collect();
    let mut found = BTreeSet::new();
    let mut cursor = String::new();
    loop {
        let page = shop.get(ADMIN, &format!("/api/admin/orders?limit=100{cursor}")).expect(200);
        found.extend(
            page["data"].as_array().unwrap().iter().map(|order| order["orderNumber"].as_str().unwrap().to_owned()),
        );
        let Some(next) = page["nextCursor"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    assert_eq!(found, accepted, "what was refused left nothing");
}
