//! An admin extends the hold of an order that waits for payment, and events show it (O-50).

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::api_asking::{in_both_executors, items};
use crate::shop::{ADMIN, ANN, TestShop};

fn moment(value: &Value) -> Timestamp {
    value.as_str().unwrap().parse().unwrap()
}

/// Returns the payloads of an order's events of this type.
fn payloads(shop: &TestShop, number: &str, kind: &str) -> Vec<Value> {
    let found = shop.get(ADMIN, &format!("/api/admin/events?orderId={number}&type={kind}")).expect(200);
    found["data"].as_array().unwrap().iter().map(|event| event["payload"].clone()).collect()
}

#[test]
fn an_admin_gives_more_time_to_pay_and_the_event_says_what_is_held() {
    in_both_executors(|shop| {
        let product = shop.product(1_000, 9);
        let number = shop.order(ANN, &json!({"items": items(product, 2)})).number(200);
        let path = format!("/api/admin/orders/{number}/extend");
        let before = shop.get(ANN, &format!("/api/orders/{number}")).expect(200)["payBefore"].clone();
        assert_eq!(shop.post(ADMIN, &path, &json!({"seconds": 0})).complaint(400).1, "#/seconds");
        assert_eq!(shop.post(ADMIN, &path, &json!({"seconds": 86_401})).complaint(400).1, "#/seconds");
        let extended = shop.post(ADMIN, &path, &json!({"seconds": 900})).expect(200);
        assert_eq!(moment(&extended["payBefore"]).duration_since(moment(&before)).as_secs(), 900);
        let held = json!([{"id": product, "qty": 2}]);
        let made = payloads(shop, &number, "OrderAwaitingPayment");
        assert_eq!((&made[0]["products"], &made[0]["payBefore"]), (&held, &before));
        let told = json!({
            "orderId": number, "userId": ANN, "products": held, "payBefore": extended["payBefore"], "extendedBy": ADMIN,
        });
        assert_eq!(payloads(shop, &number, "OrderHoldExtended"), [told]);
        shop.pay(ANN, &number, 20).expect(200);
        assert_eq!(shop.post(ADMIN, &path, &json!({"seconds": 900})).problem(409), "payment.already_paid");
        shop.assert_adds_up();
    });
}
