use serde_json::{Value, json};

use crate::api_asking::{assert_like, in_both_executors, items};
use crate::shop::{ADMIN, ANN, TestShop};

fn register(shop: &TestShop, body: &Value) -> crate::client::Answer {
    shop.post(ADMIN, "/api/admin/products", body)
}

fn adjust(shop: &TestShop, product: i64, delta: i64) -> crate::client::Answer {
    let body = json!({"delta": delta, "reason": "delivery"});
    shop.post(ADMIN, &format!("/api/admin/products/{product}/stock"), &body)
}

#[test]
fn a_registered_product_is_in_the_catalogue() {
    let shop = TestShop::start();
    let registered = register(&shop, &json!({"name": " Sneaker ", "price": 129_000, "stock": 3})).expect(201);
    let id = registered["productId"].as_i64().unwrap();
    assert_like(
        &registered,
        &json!({
            "productId": id, "name": "Sneaker", "price": 129_000, "currency": "KRW", "stock": 3, "onHand": 3, "reserved": 0,
            "available": 3, "sold": 0, "status": "ON_SALE",
        }),
    );
    let shown = json!({"productId": id, "name": "Sneaker", "price": 129_000, "currency": "KRW", "available": 3, "status": "ON_SALE"});
    assert_eq!(shop.ask_openly("GET", &format!("/api/products/{id}"), &Value::Null).expect(200), shown);
    assert_eq!(shop.ask_openly("GET", "/api/products", &Value::Null).expect(200), json!({"data": [shown]}));
}

#[test]
fn a_product_may_be_free_and_have_no_stock_yet() {
    let shop = TestShop::start();
    let product = shop.product(0, 0);
    let shown = shop.get(ANN, &format!("/api/products/{product}")).expect(200);
    assert_eq!((&shown["available"], &shown["status"]), (&json!(0), &json!("SOLD_OUT")));
    adjust(&shop, product, 1).expect(200);
    assert_eq!(shop.get(ANN, &format!("/api/products/{product}")).expect(200)["status"], "ON_SALE");
}

#[test]
fn an_unknown_product_is_not_found() {
    let shop = TestShop::start();
    for id in ["999", "0", "-1", "x", "07", "9223372036854775808"] {
        assert_eq!(shop.get(ANN, &format!("/api/products/{id}")).problem(404), "product.not_found");
    }
    assert_eq!(adjust(&shop, 999, 1).problem(404), "product.not_found");
    let changed = shop.patch(ADMIN, "/api/admin/products/999", &json!({"price": 1}));
    assert_eq!(changed.problem(404), "product.not_found");
}

#[test]
fn stock_is_received_and_written_off() {
    let shop = TestShop::start();
    let product = shop.product(1_000, 5);
    shop.order(ANN, &json!({"items": items(product, 2)})).expect(200);
    let received = adjust(&shop, product, 10).expect(200);
    assert_eq!(received, json!({"productId": product, "onHand": 15, "reserved": 2, "available": 13}));
    let written_off = adjust(&shop, product, -13).expect(200);
    assert_eq!(written_off, json!({"productId": product, "onHand": 2, "reserved": 2, "available": 0}));
    assert_eq!(adjust(&shop, product, -1).problem(409), "stock.exhausted");
    assert_eq!(shop.available(product), 0);
}

#[test]
fn stock_has_a_limit() {
    let shop = TestShop::start();
    let product = shop.product(1_000, 1);
    assert_eq!(adjust(&shop, product, 1_000_000_000_000).complaint(400).1, "#/delta");
    assert_eq!(shop.available(product), 1);
}

#[test]
fn price_and_status_are_changed() {
    let shop = TestShop::start();
    let product = shop.product(1_000, 5);
    let path = format!("/api/admin/products/{product}");
    let changed = shop.patch(ADMIN, &path, &json!({"price": 2_000, "status": "PAUSED"})).expect(200);
    assert_eq!((&changed["price"], &changed["status"]), (&json!(2_000), &json!("PAUSED")));
    let order = shop.order(ANN, &json!({"items": items(product, 1)})).expect(200);
    assert_eq!((&order["outcome"], &order["reason"]), (&json!("CANCELLED"), &json!("product.not_on_sale")));
    shop.patch(ADMIN, &path, &json!({"status": "ON_SALE"})).expect(200);
    let order = shop.order(ANN, &json!({"items": items(product, 1)})).expect(200);
    assert_eq!((&order["outcome"], &order["totalPrice"]), (&json!("AWAITING_PAYMENT"), &json!(2_000)));
    shop.patch(ADMIN, &path, &json!({})).expect(200);
    for (body, pointer) in [
        (json!({"price": -1}), "#/price"),
        (json!({"price": "1"}), "#/price"),
        (json!({"status": "GONE"}), "#/status"),
        (json!({"name": "Boot"}), "#/name"),
    ] {
        assert_eq!(shop.patch(ADMIN, &path, &body).complaint(400).1, pointer, "{body}");
    }
}

#[test]
fn each_value_of_a_product_is_checked() {
    let shop = TestShop::start();
    let valid = json!({"name": "Sneaker", "price": 1_000, "stock": 5});
    for (field, bad) in [
        ("name", json!("")),
        ("name", json!("  ")),
        ("name", json!("x".repeat(201))),
        ("name", json!("a\u{0}b")),
        ("name", json!(7)),
        ("name", Value::Null),
        ("price", json!(-1)),
        ("price", json!(10_000_000_001_i64)),
        ("price", json!(1.5)),
        ("price", json!("1000")),
        ("stock", json!(-1)),
        ("stock", json!(1_000_000_000_001_i64)),
        ("stock", json!(true)),
        ("sold", json!(1)),
    ] {
        let mut body = valid.clone();
        body[field] = bad;
        let complaint = register(&shop, &body).complaint(400);
        assert_eq!(complaint, ("validation.failed".to_owned(), format!("#/{field}")), "{body}");
    }
    for field in ["name", "price", "stock"] {
        let mut body = valid.clone();
        body.as_object_mut().unwrap().remove(field);
        assert_eq!(register(&shop, &body).complaint(400).1, format!("#/{field}"));
    }
    assert_eq!(shop.get(ANN, "/api/products").expect(200), json!({"data": []}));
}

#[test]
fn each_value_of_a_stock_adjustment_is_checked() {
    let shop = TestShop::start();
    let product = shop.product(1_000, 5);
    for (body, pointer) in [
        (json!({"delta": 0, "reason": "delivery"}), "#/delta"),
        (json!({"delta": 1_000_000_000_001_i64, "reason": "delivery"}), "#/delta"),
        (json!({"delta": "1", "reason": "delivery"}), "#/delta"),
        (json!({"reason": "delivery"}), "#/delta"),
        (json!({"delta": 1}), "#/reason"),
        (json!({"delta": 1, "reason": " "}), "#/reason"),
        (json!({"delta": 1, "reason": "x".repeat(501)}), "#/reason"),
        (json!({"delta": 1, "reason": "a\u{0}b"}), "#/reason"),
        (json!({"delta": 1, "reason": "delivery", "by": "Ann"}), "#/by"),
    ] {
        let answer = shop.post(ADMIN, &format!("/api/admin/products/{product}/stock"), &body);
        assert_eq!(answer.complaint(400).1, pointer, "{body}");
    }
    assert_eq!(shop.available(product), 5);
}

#[test]
fn the_best_selling_product_is_ranked_first() {
    in_both_executors(|shop| {
        let products: Vec<i64> = (0..3).map(|_| shop.product(1_000, 100)).collect();
        for (product, quantity) in [(products[0], 2), (products[1], 5), (products[2], 1), (products[2], 3)] {
            shop.order(ANN, &json!({"items": items(product, quantity), "payment": "ON_DELIVERY"})).expect(200);
        }
        // Reserved units are not sold.
        shop.order(ANN, &json!({"items": items(products[0], 50)})).expect(200);
        let best = |product: usize, sold: i64| json!({"productId": products[product], "name": "Sneaker", "sold": sold});
        let ranking = json!({"data": [best(1, 5), best(2, 4), best(0, 2)]});
        for query in ["", "?window=today", "?window=3d", "?window=all&limit=100"] {
            shop.get_until(ANN, &format!("/api/products/popular{query}"), |found| *found == ranking);
        }
        let first = shop.ask_openly("GET", "/api/products/popular?limit=1", &Value::Null).expect(200);
        assert_eq!(first, json!({"data": [best(1, 5)]}));
    });
}

#[test]
fn a_ranking_has_known_windows_and_limits() {
    let shop = TestShop::start();
    for (query, pointer) in [
        ("window=week", "window"),
        ("window=", "window"),
        ("limit=0", "limit"),
        ("limit=101", "limit"),
        ("limit=many", "limit"),
        ("limit=1&limit=2", "limit"),
    ] {
        assert_eq!(shop.get(ANN, &format!("/api/products/popular?{query}")).complaint(400).1, pointer, "{query}");
    }
}
