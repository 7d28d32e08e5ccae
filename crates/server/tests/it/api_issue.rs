use serde_json::{Value, json};

use crate::api_asking::{WAIT, assert_like, in_both_executors, items};
use crate::client::Answer;
use crate::shop::{ADMIN, ANN, BOB, TestShop};

fn ask_for(shop: &TestShop, user: i64, campaign: i64) -> Answer {
    shop.post(user, &format!("/api/coupons/{campaign}/issue"), &json!({}))
}

fn end_issue_at(shop: &TestShop, campaign: i64, end: &str) {
    shop.patch(ADMIN, &format!("/api/admin/coupons/{campaign}"), &json!({"issueEndsAt": end})).expect(200);
}

#[test]
fn a_coupon_is_issued_at_once() {
    in_both_executors(|shop| {
        let campaign = shop.campaign(5, &json!({}));
        let issued = ask_for(shop, ANN, campaign).expect(201);
        let wanted = json!({
            "success": true, "couponId": campaign, "userCouponId": "<text>", "issueNumber": 1, "message": "<text>",
            "issuedAt": "<time>",
        });
        assert_like(&issued, &wanted);
        assert_eq!(ask_for(shop, BOB, campaign).expect(201)["issueNumber"], 2);
        let held = json!({
            "userCouponId": issued["userCouponId"], "couponId": campaign, "issueNumber": 1, "status": "ACTIVE",
            "issuedAt": issued["issuedAt"],
        });
        assert_eq!(shop.only_coupon(ANN), held);
        let shown = shop.get(ANN, &format!("/api/coupons/{campaign}")).expect(200);
        assert_eq!((&shown["issued"], &shown["remaining"]), (&json!(2), &json!(3)));
    });
}

#[test]
fn the_sources_own_path_issues_too() {
    let shop = TestShop::start();
    let campaign = shop.campaign(5, &json!({}));
    let path = format!("/api/coupon/{campaign}/issue-redis");
    assert_eq!(shop.post(ANN, &path, &Value::Null).expect(201)["issueNumber"], 1);
    assert_eq!(shop.patch(BOB, &path, &Value::Null).expect(201)["issueNumber"], 2);
}

#[test]
fn a_body_is_an_empty_object_or_nothing() {
    let shop = TestShop::start();
    let campaign = shop.campaign(5, &json!({}));
    let path = format!("/api/coupons/{campaign}/issue");
    assert_eq!(shop.post(ANN, &path, &json!({"userId": ANN})).complaint(400).1, "#/userId");
    assert_eq!(shop.post(ANN, &path, &json!([])).complaint(400).1, "#");
    shop.post(ANN, &path, &Value::Null).expect(201);
    // Headers about a body that is not sent are ignored.
    let bearer = shop.bearer(BOB);
    let headers = [("authorization", bearer.as_str()), ("content-type", "application/x-www-form-urlencoded")];
    shop.client().send("POST", &path, &headers, "").unwrap().expect(201);
}

#[test]
fn refusals_come_in_order() {
    in_both_executors(|shop| {
        assert_eq!(ask_for(shop, ANN, 999).problem(404), "coupon.not_found");
        let early = json!({"issueStartsAt": "2098-01-01T00:00:00Z"});
        let campaign = shop.campaign(5, &early);
        let path = format!("/api/admin/coupons/{campaign}");
        shop.patch(ADMIN, &path, &json!({"paused": true})).expect(200);
        assert_eq!(ask_for(shop, ANN, campaign).problem(409), "coupon.paused");
        shop.patch(ADMIN, &path, &json!({"paused": false})).expect(200);
        assert_eq!(ask_for(shop, ANN, campaign).problem(409), "coupon.not_started");

        let campaign = shop.campaign(1, &json!({}));
        ask_for(shop, ANN, campaign).expect(201);
        end_issue_at(shop, campaign, "2021-01-01T00:00:00Z");
        assert_eq!(ask_for(shop, ANN, campaign).problem(410), "coupon.expired");
        end_issue_at(shop, campaign, "2098-01-01T00:00:00Z");
        assert_eq!(ask_for(shop, ANN, campaign).problem(409), "coupon.already_issued");
        assert_eq!(ask_for(shop, BOB, campaign).problem(410), "coupon.sold_out");
    });
}

#[test]
fn refusals_are_the_same_after_a_restart() {
    let mut shop = TestShop::start();
    let campaign = shop.campaign(1, &json!({}));
    ask_for(&shop, ANN, campaign).expect(201);
    shop.stop();
    shop.open();
    for _ in 0..2 {
        assert_eq!(ask_for(&shop, ANN, campaign).problem(409), "coupon.already_issued");
        assert_eq!(ask_for(&shop, BOB, campaign).problem(410), "coupon.sold_out");
    }
}

#[test]
fn a_campaign_may_issue_two_coupons_per_user() {
    in_both_executors(|shop| {
        let campaign = shop.campaign(3, &json!({"maxIssuePerUser": 2}));
        assert_eq!(ask_for(shop, ANN, campaign).expect(201)["issueNumber"], 1);
        assert_eq!(ask_for(shop, ANN, campaign).expect(201)["issueNumber"], 2);
        assert_eq!(ask_for(shop, ANN, campaign).problem(409), "coupon.already_issued");
        assert_eq!(ask_for(shop, BOB, campaign).expect(201)["issueNumber"], 3);
        assert_eq!(ask_for(shop, BOB, campaign).problem(410), "coupon.sold_out");
    });
}

#[test]
fn a_coupon_expires() {
    let shop = TestShop::start();
    let product = shop.product(10_000, 5);
    let soon = jiff::Timestamp::now() + jiff::SignedDuration::from_secs(2);
    let campaign = shop.campaign(5, &json!({"issueEndsAt": soon.to_string(), "validUntil": soon.to_string()}));
    let coupon = shop.issue(ANN, campaign);
    assert_eq!(shop.only_coupon(ANN)["status"], "ACTIVE");
    shop.get_until(ANN, "/api/users/me/coupons", |held| held["data"][0]["status"] == "EXPIRED");
    let order = shop.order(ANN, &json!({"items": items(product, 1), "userCouponId": coupon})).expect(200);
    assert_eq!((&order["outcome"], &order["reason"]), (&json!("CANCELLED"), &json!("coupon.not_usable")));
    assert_eq!(ask_for(&shop, BOB, campaign).problem(410), "coupon.expired");
}

/// Returns a request once its user was notified.
fn until_notified(shop: &TestShop, user: i64, answer: &Answer) -> Value {
    let requested = answer.expect(202);
    assert_like(&requested, &json!({"requestId": "<text>", "status": "PENDING"}));
    let path = format!("/api/requests/{}", requested["requestId"].as_str().unwrap());
    assert_eq!(answer.header("location"), Some(path.as_str()));
    // The issue numbers taken by earlier requests.
    assert!((1..60).contains(&answer.header("retry-after").unwrap().parse::<u64>().unwrap()));
    let found = shop.get_until(user, &path, |found| found["status"] == "NOTIFIED");
    assert_eq!(found["requestId"], requested["requestId"]);
    found
}

#[test]
fn a_request_is_polled_until_its_user_was_notified() {
    in_both_executors(|shop| {
        let queued = shop.campaign(5, &json!({"issueMode": "queued"}));
        let stream = shop.campaign(5, &json!({"issueMode": "stream"}));
        assert_eq!(shop.get(ANN, &format!("/api/coupons/{stream}")).expect(200)["issueMode"], "stream");
        let by_user = shop.campaign(5, &json!({"issueMode": "queued", "queueKey": "user"}));
        let direct = shop.campaign(5, &json!({}));
        let asked = |path: &str, campaign: i64| shop.post(ANN, path, &json!({"couponId": campaign, "userId": ANN}));
        for (campaign, answer) in [
            (queued, ask_for(shop, ANN, queued)),
            (stream, ask_for(shop, ANN, stream)),
            (by_user, asked("/api/coupons/issue", by_user)),
            (direct, asked("/coupons/issue", direct)),
        ] {
            let found = until_notified(shop, ANN, &answer);
            let result = json!({
                "userCouponId": "<text>", "couponHistoryId": found["result"]["userCouponId"], "couponId": campaign,
                "issueNumber": 1, "issuedAt": "<time>",
            });
            let wanted = json!({
                "requestId": "<text>", "couponId": campaign, "status": "NOTIFIED", "resultCode": "SUCCESS",
                "message": "<text>", "result": result, "createdAt": "<time>", "updatedAt": "<time>",
            });
            assert_like(&found, &wanted);
        }
        assert_eq!(shop.get(ANN, "/api/users/me/coupons").expect(200)["data"].as_array().unwrap().len(), 4);
    });
}

#[test]
fn a_request_that_fails_says_why() {
    in_both_executors(|shop| {
        for mode in ["queued", "stream"] {
            let queued = |quantity: i64, more: &Value| {
                let mut more = more.clone();
                more["issueMode"] = json!(mode);
                shop.campaign(quantity, &more)
            };
            let taken = queued(1, &json!({}));
            until_notified(shop, ANN, &ask_for(shop, ANN, taken));
            let past = json!({"issueEndsAt": "2021-01-01T00:00:00Z"});
            for (user, campaign, code) in [
                (ANN, taken, "ALREADY_ISSUED"),
                (BOB, taken, "OUT_OF_STOCK"),
                (BOB, queued(5, &past), "EXPIRED"),
                (BOB, queued(5, &json!({"issueStartsAt": "2098-01-01T00:00:00Z"})), "NOT_STARTED"),
                (BOB, 999, "COUPON_NOT_FOUND"),
            ] {
                let answer = shop.post(user, "/api/coupons/issue", &json!({"couponId": campaign}));
                let found = until_notified(shop, user, &answer);
                assert_eq!((&found["resultCode"], &found["result"]), (&json!(code), &Value::Null), "{found}");
            }
            assert_eq!(shop.get(BOB, "/api/users/me/coupons").expect(200), json!({"data": []}));
        }
    });
}

#[test]
fn a_request_waits_for_its_result_if_preferred() {
    in_both_executors(|shop| {
        let campaign = shop.campaign(1, &json!({"issueMode": "queued"}));
        let paths = [format!("/api/coupons/{campaign}/issue"), "/api/coupons/issue".to_owned()];
        let bodies = [json!({}), json!({"couponId": campaign})];
        for ((user, path), (body, code)) in
            [ANN, BOB].into_iter().zip(&paths).zip(bodies.iter().zip(["SUCCESS", "OUT_OF_STOCK"]))
        {
            let answer = shop.ask(user, "POST", path, &[WAIT], body);
            let found = answer.expect(200);
            assert_eq!(found["resultCode"], code);
            assert_ne!(found["status"], "PENDING");
            assert_eq!(answer.header("preference-applied"), Some("wait=20"));
            let location = format!("/api/requests/{}", found["requestId"].as_str().unwrap());
            assert_eq!(answer.header("location"), Some(location.as_str()));
        }
    });
}

#[test]
fn a_request_for_a_coupon_is_checked() {
    let shop = TestShop::start();
    for (body, pointer) in [
        (json!({}), "#/couponId"),
        (json!({"couponId": "1"}), "#/couponId"),
        (json!({"couponId": null}), "#/couponId"),
        (json!({"couponId": 1, "userId": "1"}), "#/userId"),
        (json!({"couponId": 1, "quantity": 2}), "#/quantity"),
    ] {
        assert_eq!(shop.post(ANN, "/api/coupons/issue", &body).complaint(400).1, pointer, "{body}");
    }
    let for_bob = shop.post(ANN, "/api/coupons/issue", &json!({"couponId": 1, "userId": BOB}));
    assert_eq!(for_bob.complaint(403), ("auth.forbidden".to_owned(), "#/userId".to_owned()));
}

#[test]
fn the_request_of_another_user_is_not_found() {
    let shop = TestShop::start();
    let campaign = shop.campaign(5, &json!({"issueMode": "queued"}));
    let answer = ask_for(&shop, ANN, campaign);
    let path = answer.header("location").unwrap();
    for other in [BOB, ADMIN] {
        assert_eq!(shop.get(other, path).problem(404), "request.not_found");
    }
    for garbage in ["x", "0", "%FF", "%00"] {
        assert_eq!(shop.get(ANN, &format!("/api/requests/{garbage}")).problem(404), "request.not_found");
    }
    let by_admin = path.replace("/api/", "/api/admin/");
    let seen = shop.get_until(ADMIN, &by_admin, |found| found["status"] == "NOTIFIED");
    assert_eq!(seen, shop.get(ANN, path).expect(200));
    assert_eq!(shop.get(ADMIN, "/api/admin/requests/x").problem(404), "request.not_found");
}
