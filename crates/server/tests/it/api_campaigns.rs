use serde_json::{Value, json};

use crate::api_asking::assert_like;
use crate::shop::{ADMIN, ANN, TestShop};

fn valid() -> Value {
    json!({
        "name": "Opening", "discount": {"type": "PERCENT", "value": 10, "maxAmount": 5_000}, "totalQuantity": 100,
        "issueStartsAt": "2026-01-01T09:00:00+09:00", "issueEndsAt": "2098-01-01T00:00:00Z",
        "validUntil": "2099-01-01T00:00:00Z",
    })
}

#[test]
fn a_created_campaign_is_visible_to_all_users() {
    let shop = TestShop::start();
    let created = shop.post(ADMIN, "/api/admin/coupons", &valid()).expect(201);
    let id = created["couponId"].as_i64().unwrap();
    let shown = json!({
        "couponId": id, "currency": "KRW", "name": "Opening", "discount": {"type": "PERCENT", "value": 10, "maxAmount": 5_000},
        "totalQuantity": 100, "issued": 0, "remaining": 100, "maxIssuePerUser": 1,
        "issueStartsAt": "2026-01-01T00:00:00Z", "issueEndsAt": "2098-01-01T00:00:00Z",
        "validUntil": "2099-01-01T00:00:00Z", "issueMode": "direct", "queueKey": "campaign", "paused": false,
    });
    assert_like(&created, &shown);
    assert_eq!(shop.ask_openly("GET", &format!("/api/coupons/{id}"), &Value::Null).expect(200), shown);
    assert_eq!(shop.ask_openly("GET", "/api/coupons", &Value::Null).expect(200), json!({"data": [shown]}));
}

#[test]
fn a_fixed_discount_has_no_maximum() {
    let shop = TestShop::start();
    let mut body = valid();
    body["discount"] = json!({"type": "FIXED", "value": 3_000});
    let created = shop.post(ADMIN, "/api/admin/coupons", &body).expect(201);
    assert_eq!(created["discount"], json!({"type": "FIXED", "value": 3_000}));
    body["discount"]["maxAmount"] = json!(5_000);
    assert_eq!(shop.post(ADMIN, "/api/admin/coupons", &body).complaint(400).1, "#/discount/maxAmount");
}

#[test]
fn a_campaign_in_the_past_may_be_created() {
    let shop = TestShop::start();
    let past = json!({
        "issueStartsAt": "2020-01-01T00:00:00Z", "issueEndsAt": "2020-02-01T00:00:00Z",
        "validUntil": "2020-03-01T00:00:00Z",
    });
    let campaign = shop.campaign(5, &past);
    assert_eq!(shop.post(ANN, &format!("/api/coupons/{campaign}/issue"), &json!({})).problem(410), "coupon.expired");
}

#[test]
fn an_unknown_campaign_is_not_found() {
    let shop = TestShop::start();
    for id in ["999", "0", "x", "07"] {
        assert_eq!(shop.get(ANN, &format!("/api/coupons/{id}")).problem(404), "coupon.not_found");
    }
    assert_eq!(shop.patch(ADMIN, "/api/admin/coupons/999", &json!({})).problem(404), "coupon.not_found");
}

#[track_caller]
fn check_refused(shop: &TestShop, pointer: &str, bad: Value) {
    let mut body = valid();
    let (parent, field) = pointer.rsplit_once('/').unwrap();
    body.pointer_mut(parent).unwrap()[field] = bad;
    let complaint = shop.post(ADMIN, "/api/admin/coupons", &body).complaint(400);
    assert_eq!(complaint, ("validation.failed".to_owned(), format!("#{pointer}")), "{body}");
}

#[test]
fn each_value_of_a_campaign_is_checked() {
    let shop = TestShop::start();
    for (pointer, bad) in [
        ("/name", json!("")),
        ("/name", json!("x".repeat(201))),
        ("/name", json!("a\u{0}b")),
        ("/name", json!(["Opening"])),
        ("/discount", Value::Null),
        ("/discount", json!(["PERCENT", 10])),
        ("/discount/type", json!("HALF")),
        ("/discount/type", json!(1)),
        ("/discount/value", json!(0)),
        ("/discount/value", json!(101)),
        ("/discount/value", json!("10")),
        ("/discount/value", json!(9.5)),
        ("/discount/maxAmount", json!(0)),
        ("/discount/maxAmount", json!(10_000_000_001_i64)),
        ("/discount/more", json!(1)),
        ("/totalQuantity", json!(0)),
        ("/totalQuantity", json!(-1)),
        ("/totalQuantity", json!(1_000_000_001)),
        ("/totalQuantity", json!("100")),
        ("/maxIssuePerUser", json!(0)),
        ("/maxIssuePerUser", json!(101)),
        ("/issueStartsAt", json!("yesterday")),
        ("/issueStartsAt", json!("2026-01-01")),
        ("/issueStartsAt", json!(1_700_000_000)),
        ("/issueEndsAt", json!("2026-02-30T00:00:00Z")),
        ("/issueEndsAt", json!("2025-12-31T00:00:00Z")),
        ("/issueEndsAt", json!("2026-12-31T00:00:00+24:00")),
        ("/name", json!("Open\u{200b}ing")),
        ("/name", json!("\u{202e}gninepO")),
        ("/name", json!("\u{3164}")),
        ("/validUntil", json!("")),
        ("/validUntil", json!("2097-12-31T00:00:00Z")),
        ("/issueMode", json!("later")),
        ("/queueKey", json!("product")),
        ("/issued", json!(1)),
    ] {
        check_refused(&shop, pointer, bad);
    }
    for field in ["name", "discount", "totalQuantity", "issueStartsAt", "issueEndsAt", "validUntil"] {
        let mut body = valid();
        body.as_object_mut().unwrap().remove(field);
        assert_eq!(shop.post(ADMIN, "/api/admin/coupons", &body).complaint(400).1, format!("#/{field}"));
    }
    assert_eq!(shop.get(ANN, "/api/coupons").expect(200), json!({"data": []}));
}

#[test]
fn all_invalid_values_are_reported_at_once() {
    let shop = TestShop::start();
    let mut body = valid();
    body["name"] = json!("");
    body["totalQuantity"] = json!(0);
    body["validUntil"] = json!("never");
    let problem = shop.post(ADMIN, "/api/admin/coupons", &body).expect(400);
    let pointers: Vec<&Value> = problem["errors"].as_array().unwrap().iter().map(|error| &error["pointer"]).collect();
    assert_eq!(pointers, ["#/name", "#/totalQuantity", "#/validUntil"]);
}

#[test]
fn a_paused_campaign_can_be_resumed() {
    let shop = TestShop::start();
    let campaign = shop.campaign(5, &json!({}));
    let (path, issue) = (format!("/api/admin/coupons/{campaign}"), format!("/api/coupons/{campaign}/issue"));
    assert_eq!(shop.patch(ADMIN, &path, &json!({"paused": true})).expect(200)["paused"], true);
    assert_eq!(shop.post(ANN, &issue, &json!({})).problem(409), "coupon.paused");
    assert_eq!(shop.patch(ADMIN, &path, &json!({"paused": false})).expect(200)["paused"], false);
    shop.post(ANN, &issue, &json!({})).expect(201);
}

#[test]
fn the_end_of_the_issue_period_can_be_moved() {
    let shop = TestShop::start();
    let campaign = shop.campaign(5, &json!({}));
    let (path, issue) = (format!("/api/admin/coupons/{campaign}"), format!("/api/coupons/{campaign}/issue"));
    let changed = shop.patch(ADMIN, &path, &json!({"issueEndsAt": "2021-01-01T00:00:00Z"})).expect(200);
    assert_eq!(changed["issueEndsAt"], "2021-01-01T00:00:00Z");
    assert_eq!(shop.post(ANN, &issue, &json!({})).problem(410), "coupon.expired");
    shop.patch(ADMIN, &path, &json!({"issueEndsAt": "2098-01-01T00:00:00Z"})).expect(200);
    shop.post(ANN, &issue, &json!({})).expect(201);
    for out_of_order in ["2019-12-31T00:00:00Z", "2100-01-01T00:00:00Z", "soon"] {
        let answer = shop.patch(ADMIN, &path, &json!({"issueEndsAt": out_of_order}));
        assert_eq!(answer.complaint(400).1, "#/issueEndsAt", "{out_of_order}");
    }
}

#[test]
fn a_quantity_can_only_be_raised() {
    let shop = TestShop::start();
    let campaign = shop.campaign(5, &json!({}));
    let path = format!("/api/admin/coupons/{campaign}");
    let raised = shop.patch(ADMIN, &path, &json!({"totalQuantity": 8})).expect(200);
    assert_eq!((&raised["totalQuantity"], &raised["remaining"]), (&json!(8), &json!(8)));
    for bad in [json!(7), json!(0), json!(1_000_000_001), json!("9")] {
        let answer = shop.patch(ADMIN, &path, &json!({"totalQuantity": bad}));
        assert_eq!(answer.complaint(400).1, "#/totalQuantity");
    }
    for (body, pointer) in [(json!({"name": "Other"}), "#/name"), (json!({"paused": "yes"}), "#/paused")] {
        assert_eq!(shop.patch(ADMIN, &path, &body).complaint(400).1, pointer);
    }
    assert_eq!(shop.get(ANN, &format!("/api/coupons/{campaign}")).expect(200), raised);
}

#[test]
fn a_window_takes_time_and_may_last_to_the_end_of_time() {
    let shop = TestShop::start();
    let mut body = valid();
    body["issueEndsAt"] = body["issueStartsAt"].clone();
    let refused = shop.post(ADMIN, "/api/admin/coupons", &body);
    assert_eq!(refused.complaint(400), ("validation.failed".to_owned(), "#/issueEndsAt".to_owned()));
    body["issueEndsAt"] = json!("9999-12-31T23:59:59Z");
    body["validUntil"] = json!("9999-12-31T23:59:59Z");
    let created = shop.post(ADMIN, "/api/admin/coupons", &body).expect(201);
    assert_eq!((&created["issueEndsAt"], &created["validUntil"]), (&body["issueEndsAt"], &body["validUntil"]));
    let path = format!("/api/admin/coupons/{}", created["couponId"]);
    let emptied = shop.patch(ADMIN, &path, &json!({"issueEndsAt": body["issueStartsAt"]}));
    assert_eq!(emptied.complaint(400).1, "#/issueEndsAt");
}
