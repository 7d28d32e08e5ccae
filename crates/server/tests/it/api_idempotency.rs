use serde_json::{Value, json};

use crate::api_asking::{WAIT, in_both_executors, items};
use crate::client::Answer;
use crate::shop::{ADMIN, ANN, BOB, TestShop};

/// Posts with a key, and waits for the outcome.
fn post_keyed_waiting(shop: &TestShop, user: i64, key: &str, path: &str, body: &Value) -> Answer {
    shop.ask(user, "POST", path, &[("idempotency-key", key), WAIT], body)
}

fn is_replayed(answer: &Answer) -> bool {
    answer.header("idempotency-replayed") == Some("true")
}

fn order_count(shop: &TestShop) -> usize {
    shop.get(ADMIN, "/api/admin/orders?limit=100").expect(200)["data"].as_array().unwrap().len()
}

#[test]
fn a_repeat_has_the_same_result_and_changes_nothing() {
    in_both_executors(|shop| {
        let product = shop.product(1_000, 100);
        let direct = shop.campaign(5, &json!({"maxIssuePerUser": 5}));
        let queued = shop.campaign(5, &json!({"issueMode": "queued", "maxIssuePerUser": 5}));
        let campaign = json!({
            "name": "Another", "discount": {"type": "FIXED", "value": 10}, "totalQuantity": 5,
            "issueStartsAt": "2020-01-01T00:00:00Z", "issueEndsAt": "2099-01-01T00:00:00Z",
            "validUntil": "2099-12-31T00:00:00Z",
        });
        let renamed = json!({"name": "Boot", "price": 1, "stock": 1});
        let (stock, issue) = (format!("/api/admin/products/{product}/stock"), format!("/api/coupons/{direct}/issue"));
        let queue = format!("/api/coupons/{queued}/issue");
        for (user, path, body, other) in [
            (ANN, "/api/orders", json!({"items": items(product, 1)}), json!({"items": items(product, 2)})),
            (ANN, &issue, json!({}), json!({ "x": 1 })),
            (ANN, &queue, json!({}), json!({ "x": 1 })),
            (ANN, "/api/coupons/issue", json!({"couponId": queued}), json!({"couponId": direct})),
            (ANN, "/api/points/charge", json!({"amount": 100}), json!({"amount": 101})),
            (ADMIN, "/api/admin/products", json!({"name": "Sandal", "price": 1, "stock": 1}), renamed),
            (ADMIN, "/api/admin/coupons", campaign.clone(), json!({ "x": 1 })),
            (ADMIN, &stock, json!({"delta": 5, "reason": "delivery"}), json!({"delta": 6, "reason": "delivery"})),
        ] {
            let first = shop.post_keyed(user, "key-1", path, &body);
            assert!((200..300).contains(&first.status) && !is_replayed(&first), "{path}: {}", first.text);
            let again = shop.post_keyed(user, "key-1", path, &body);
            assert_eq!((again.status, again.json()), (first.status, first.json()), "{path}");
            assert!(is_replayed(&again), "{path}");
            assert_eq!(again.header("location"), first.header("location"), "{path}");
            let mismatched = shop.post_keyed(user, "key-1", path, &other);
            if other["x"].is_null() {
                assert_eq!(mismatched.problem(422), "idempotency.mismatch", "{path}");
            } else {
                mismatched.problem(400);
            }
        }
        assert_eq!(shop.balance(ANN), 100);
        assert_eq!(order_count(shop), 1);
        assert_eq!(shop.get(ANN, &format!("/api/coupons/{direct}")).expect(200)["issued"], 1);
        shop.get_until(ANN, &format!("/api/coupons/{queued}"), |found| found["issued"] == 2);
        assert_eq!(shop.get(ADMIN, "/api/products").expect(200)["data"].as_array().unwrap().len(), 2);
        assert_eq!(shop.get(ADMIN, "/api/coupons").expect(200)["data"].as_array().unwrap().len(), 3);
        shop.get_until(ANN, &format!("/api/products/{product}"), |found| found["available"] == 104);
    });
}

#[test]
fn a_repeat_is_answered_by_its_own_preferences() {
    in_both_executors(|shop| {
        let product = shop.product(1_000, 100);
        let body = json!({"items": items(product, 1)});
        let receipt = shop.post_keyed(ANN, "a", "/api/orders", &body).expect(202);
        let waited = post_keyed_waiting(shop, ANN, "a", "/api/orders", &body);
        assert_eq!(waited.number(200), receipt["orderNumber"]);
        assert_eq!(waited.json()["outcome"], "AWAITING_PAYMENT");
        assert_eq!((is_replayed(&waited), waited.header("preference-applied")), (true, Some("wait=20")));

        let waited = post_keyed_waiting(shop, ANN, "b", "/api/orders", &body);
        let receipt = shop.post_keyed(ANN, "b", "/api/orders", &body);
        assert_eq!(receipt.expect(202)["status"], "PENDING");
        assert_eq!(receipt.number(202), waited.number(200));

        let campaign = shop.campaign(5, &json!({"issueMode": "queued"}));
        let request = json!({"couponId": campaign});
        let requested = shop.post_keyed(ANN, "c", "/api/coupons/issue", &request).expect(202);
        let decided = post_keyed_waiting(shop, ANN, "c", "/api/coupons/issue", &request).expect(200);
        assert_eq!((&decided["requestId"], &decided["resultCode"]), (&requested["requestId"], &json!("SUCCESS")));
    });
}

#[test]
fn keys_are_per_user_and_path() {
    let shop = TestShop::start();
    let product = shop.product(1_000, 100);
    let body = json!({"items": items(product, 1)});
    let anns = shop.post_keyed(ANN, "same", "/api/orders", &body);
    let bobs = shop.post_keyed(BOB, "same", "/api/orders", &body);
    assert_ne!(anns.number(202), bobs.number(202));
    assert!(!is_replayed(&bobs));
    let charged = shop.post_keyed(ANN, "same", "/api/points/charge", &json!({"amount": 100}));
    assert!(!is_replayed(&charged));
    charged.expect(200);
    let (one, other) = (shop.campaign(5, &json!({})), shop.campaign(5, &json!({})));
    for campaign in [one, other] {
        let issued = shop.post_keyed(ANN, "same", &format!("/api/coupons/{campaign}/issue"), &json!({}));
        assert_eq!((issued.expect(201)["couponId"].as_i64(), is_replayed(&issued)), (Some(campaign), false));
    }
}

#[test]
fn quoted_and_bare_are_one_key() {
    let shop = TestShop::start();
    let charge = |key: &str| shop.post_keyed(ANN, key, "/api/points/charge", &json!({"amount": 100}));
    charge("8e03978e").expect(200);
    assert!(is_replayed(&charge("\"8e03978e\"")));
    assert!(!is_replayed(&charge("8E03978E")));
    assert_eq!(shop.balance(ANN), 200);
    for bad in ["\"\"", "\"a", "a b", &"k".repeat(256)] {
        assert_eq!(charge(bad).complaint(400).1, "Idempotency-Key", "{bad}");
    }
    assert_eq!(shop.balance(ANN), 200);
}

#[test]
fn an_empty_body_and_an_empty_object_are_the_same_body() {
    let shop = TestShop::start();
    let campaign = shop.campaign(5, &json!({}));
    let path = format!("/api/coupons/{campaign}/issue");
    let first = shop.post_keyed(ANN, "a", &path, &json!({})).expect(201);
    assert_eq!(shop.post_keyed(ANN, "a", &path, &Value::Null).expect(201), first);
}

#[test]
fn a_refusal_is_not_kept() {
    in_both_executors(|shop| {
        let campaign = shop.campaign(1, &json!({}));
        let path = format!("/api/coupons/{campaign}/issue");
        shop.post(BOB, &path, &json!({})).expect(201);
        assert_eq!(shop.post_keyed(ANN, "a", &path, &json!({})).problem(410), "coupon.sold_out");
        shop.patch(ADMIN, &format!("/api/admin/coupons/{campaign}"), &json!({"totalQuantity": 2})).expect(200);
        let issued = shop.post_keyed(ANN, "a", &path, &json!({}));
        assert_eq!((issued.expect(201)["issueNumber"].as_i64(), is_replayed(&issued)), (Some(2), false));

        let product = shop.product(1_000, 5);
        let unknown = shop.post_keyed(ANN, "b", "/api/orders", &json!({"items": items(999, 1)}));
        assert_eq!(unknown.problem(404), "product.not_found");
        shop.post_keyed(ANN, "b", "/api/orders", &json!({"items": items(product, 1)})).expect(202);
    });
}

#[test]
fn an_issued_coupon_is_returned_again_after_later_changes() {
    let mut shop = TestShop::start();
    let campaign = shop.campaign(2, &json!({"maxIssuePerUser": 2}));
    let (path, admin) = (format!("/api/coupons/{campaign}/issue"), format!("/api/admin/coupons/{campaign}"));
    let first = shop.post_keyed(ANN, "a", &path, &json!({})).expect(201);
    let check = |shop: &TestShop| {
        let again = shop.post_keyed(ANN, "a", &path, &json!({}));
        assert_eq!(again.expect(201), first);
        assert!(is_replayed(&again));
    };
    shop.post(BOB, &path, &json!({})).expect(201);
    check(&shop);
    for change in [json!({"paused": true}), json!({"paused": false, "issueEndsAt": "2021-01-01T00:00:00Z"})] {
        shop.patch(ADMIN, &admin, &change).expect(200);
        check(&shop);
    }
    shop.stop();
    shop.open();
    check(&shop);
}

#[test]
fn a_kept_answer_survives_a_crash() {
    let mut shop = TestShop::start();
    let product = shop.product(1_000, 5);
    let body = json!({"items": items(product, 1)});
    let number = post_keyed_waiting(&shop, ANN, "a", "/api/orders", &body).number(200);
    shop.kill();
    shop.open();
    let again = post_keyed_waiting(&shop, ANN, "a", "/api/orders", &body);
    assert!(is_replayed(&again));
    assert_eq!(again.number(200), number);
}

#[test]
fn equal_keys_at_once_make_one_order() {
    in_both_executors(|shop| {
        let product = shop.product(1_000, 100);
        let body = json!({"items": items(product, 1)});
        let answers: Vec<Answer> = std::thread::scope(|scope| {
            let send = || post_keyed_waiting(shop, ANN, "same", "/api/orders", &body);
            let threads: Vec<_> = (0..20).map(|_| scope.spawn(send)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        let (done, early): (Vec<&Answer>, Vec<&Answer>) = answers.iter().partition(|answer| answer.status == 200);
        early.iter().for_each(|answer| assert_eq!(answer.problem(409), "idempotency.in_progress"));
        assert_eq!(done.iter().filter(|answer| !is_replayed(answer)).count(), 1);
        let number = done[0].number(200);
        assert!(done.iter().all(|answer| answer.number(200) == number));
        assert_eq!((order_count(shop), shop.available(product)), (1, 99));
    });
}
