use serde_json::{Value, json};

use crate::api_asking::{assert_like, items};
use crate::shop::{ADMIN, ANN, BOB, TestShop};

#[test]
fn charged_points_are_on_the_balance() {
    let shop = TestShop::start();
    assert_eq!(shop.get(ANN, "/api/points").expect(200), json!({"balance": 0}));
    assert_eq!(shop.post(ANN, "/api/points/charge", &json!({"amount": 700})).expect(200), json!({"balance": 700}));
    let own = shop.post(ANN, "/api/points/charge", &json!({"amount": 300, "userId": ANN})).expect(200);
    assert_eq!(own, json!({"balance": 1_000}));
    assert_eq!(shop.get(ANN, "/api/points").expect(200), json!({"balance": 1_000}));
    assert_eq!(shop.balance(BOB), 0);
}

#[test]
fn the_history_lists_each_entry_newest_first() {
    let shop = TestShop::start();
    let product = shop.product(800, 5);
    shop.charge(ANN, 1_000);
    let paid = shop.order(ANN, &json!({"items": items(product, 1), "pointsToUse": 300})).number(200);
    shop.post(ANN, &format!("/api/orders/{paid}/cancel"), &json!({})).expect(200);
    shop.get_until(ANN, "/api/points", |found| found["balance"] == 1_000);
    let history = shop.get(ANN, "/api/points/history").expect(200);
    let entry = |amount: i64, balance: i64, order: Option<&str>| {
        let mut entry = json!({"kind": "<text>", "amount": amount, "balance": balance, "at": "<time>"});
        if let Some(order) = order {
            entry["orderNumber"] = json!(order);
        }
        entry
    };
    let wanted = [entry(300, 1_000, Some(&paid)), entry(-300, 700, Some(&paid)), entry(1_000, 1_000, None)];
    assert_like(&history, &json!({"data": wanted}));
    assert_eq!(shop.get(BOB, "/api/points/history").expect(200), json!({"data": []}));
}

#[test]
fn amounts_are_checked() {
    let shop = TestShop::start();
    for amount in [
        json!(0),
        json!(-1),
        json!(1_000_000_000_001_i64),
        json!(i64::MAX),
        json!(i64::MIN),
        json!(1.5),
        json!("100"),
        json!([100]),
        Value::Null,
    ] {
        let answer = shop.post(ANN, "/api/points/charge", &json!({"amount": amount}));
        assert_eq!(answer.complaint(400), ("validation.failed".to_owned(), "#/amount".to_owned()), "{amount}");
    }
    assert_eq!(shop.post(ANN, "/api/points/charge", &json!({})).complaint(400).1, "#/amount");
    assert_eq!(shop.balance(ANN), 0);
}

#[test]
fn a_balance_has_a_limit() {
    let shop = TestShop::start_with(&[("DOORBUSTER__STORE__SYNCHRONOUS", "off")]);
    for _ in 0..1_000 {
        let answer = shop.post(ANN, "/api/points/charge", &json!({"amount": 1_000_000_000_000_i64}));
        answer.expect(200);
    }
    assert_eq!(shop.post(ANN, "/api/points/charge", &json!({"amount": 1})).complaint(400).1, "#/amount");
    assert_eq!(shop.balance(ANN), 1_000_000_000_000_000);
}

#[test]
fn customers_charge_only_their_own_points() {
    let shop = TestShop::start();
    let answer = shop.post(ANN, "/api/points/charge", &json!({"amount": 100, "userId": BOB}));
    assert_eq!(answer.complaint(403), ("auth.forbidden".to_owned(), "#/userId".to_owned()));
    assert_eq!(shop.balance(BOB), 0);
    let by_admin = shop.post(ADMIN, "/api/points/charge", &json!({"amount": 100, "userId": BOB}));
    assert_eq!(by_admin.expect(200), json!({"balance": 100}));
    let for_nobody = shop.post(ADMIN, "/api/points/charge", &json!({"amount": 100, "userId": 0}));
    assert_eq!(for_nobody.complaint(400).1, "#/userId");
}

#[test]
fn a_shop_may_forbid_customers_to_charge() {
    let shop = TestShop::start_with(&[("DOORBUSTER__POINTS__CUSTOMERS_MAY_CHARGE", "false")]);
    let answer = shop.post(ANN, "/api/points/charge", &json!({"amount": 100}));
    assert_eq!(answer.problem(403), "points.charge_forbidden");
    let by_admin = shop.post(ADMIN, "/api/points/charge", &json!({"amount": 100, "userId": ANN}));
    assert_eq!(by_admin.expect(200), json!({"balance": 100}));
    assert_eq!(shop.balance(ANN), 100);
}
