//! Invalid input: a problem document names the field, and the shop is unchanged.

use serde_json::{Value, json};

use crate::client::Answer;
use crate::shop::{ADMIN, ANN, TestShop};

fn post_bytes(shop: &TestShop, user: i64, path: &str, headers: &str, body: &[u8]) -> Answer {
    let bearer = shop.bearer(user);
    let length = body.len();
    let head = format!("POST {path} HTTP/1.1\r\nhost: shop\r\nauthorization: {bearer}\r\n{headers}");
    let head = format!("{head}content-length: {length}\r\n\r\n");
    shop.send_bytes(&[head.as_bytes(), body].concat())
}

/// Sends raw bodies, and expects each to be refused with its place.
fn check_bodies(user: i64, path: &str, bodies: &[(&str, &str)]) {
    let shop = TestShop::start();
    let product = shop.product(1_000, 5);
    assert_eq!(product, 1, "the bodies below name product 1");
    let before = shop.everything();
    for (body, pointer) in bodies {
        let answer = post_bytes(&shop, user, path, "content-type: application/json\r\n", body.as_bytes());
        let found = answer.complaint(400);
        assert_eq!(found.1, *pointer, "{body:.200}: {}", answer.text);
    }
    assert_eq!(shop.everything(), before);
}

#[test]
fn a_malformed_body_is_refused_everywhere() {
    let deep = "[".repeat(30_000);
    for (user, path) in [
        (ANN, "/api/orders"),
        (ANN, "/api/points/charge"),
        (ANN, "/api/coupons/issue"),
        (ANN, "/api/coupons/1/issue"),
        (ANN, "/api/users"),
        (ANN, "/api/auth/login"),
        (ADMIN, "/api/admin/products"),
        (ADMIN, "/api/admin/products/1/stock"),
        (ADMIN, "/api/admin/coupons"),
        (ADMIN, "/api/admin/audit/repair"),
    ] {
        let bodies = ["{", "}", "{a:1}", "'x'", "{'a'", "{\"a", "1 2", "nul", "null", "7", "\"x\"", "[]", &deep];
        let bodies = bodies.map(|body| (body, "#"));
        check_bodies(user, path, &bodies);
    }
}

#[test]
fn a_bad_order_is_refused_at_the_field() {
    let item = |member: &str| format!(r#"{{"items":[{{{member}}}]}}"#);
    let with = |member: &str| format!(r#"{{"items":[{{"productId":1,"quantity":1}}],{member}}}"#);
    let quantities =
        ["0", "-1", "1.5", "1e0", "\"1\"", "null", "true", "[1]", "{}", "1e400", "100001", "9223372036854775807"];
    let mut bodies: Vec<(String, &str)> = vec![];
    for quantity in quantities.into_iter().chain(["99999999999999999999", "-99999999999999999999"]) {
        bodies.push((item(&format!(r#""productId":1,"quantity":{quantity}"#)), "#/items/0/quantity"));
    }
    for product in ["\"1\"", "1.0", "null", "[]", "true", "99999999999999999999"] {
        bodies.push((item(&format!(r#""quantity":1,"productId":{product}"#)), "#/items/0/productId"));
    }
    let lines = vec![r#"{"productId":1,"quantity":1}"#; 101].join(",");
    bodies.extend([
        (String::new(), "#/items"),
        ("{}".to_owned(), "#/items"),
        (r#"{"items":[]}"#.to_owned(), "#/items"),
        (r#"{"items":null}"#.to_owned(), "#/items"),
        (r#"{"items":{}}"#.to_owned(), "#/items"),
        (r#"{"items":"x"}"#.to_owned(), "#/items"),
        (format!(r#"{{"items":[{lines}]}}"#), "#/items"),
        (r#"{"items":[],"items":[]}"#.to_owned(), "#/items"),
        (r#"{"items":[[1,1]]}"#.to_owned(), "#/items/0"),
        (r#"{"items":[null]}"#.to_owned(), "#/items/0"),
        (item(r#""productId":1"#), "#/items/0/quantity"),
        (item(r#""quantity":1"#), "#/items/0/productId"),
        (item(r#""productId":1,"quantity":1,"unitPrice":1"#), "#/items/0/unitPrice"),
        (with(r#""price":1"#), "#/price"),
        (with(r#""a/b~c":1"#), "#/a~1b~0c"),
        (with(r#""couponId":"1""#), "#/couponId"),
        (with(r#""couponId":1,"userCouponId":"x""#), "#/userCouponId"),
        (with(r#""userCouponId":1"#), "#/userCouponId"),
        (with(r#""pointsToUse":-1"#), "#/pointsToUse"),
        (with(r#""pointsToUse":"1""#), "#/pointsToUse"),
        (with(r#""pointsToUse":9223372036854775808"#), "#/pointsToUse"),
        (with(r#""totalAmount":-1"#), "#/totalAmount"),
        (with(r#""totalAmount":1000.0"#), "#/totalAmount"),
        (with(r#""payment":"CASH""#), "#/payment"),
        (with(r#""payment":1"#), "#/payment"),
        (with(r#""payment":{"PREPAID":null}"#), "#/payment"),
        (with(r#""mode":"fast""#), "#/mode"),
        (with(r#""warehouseStorage":1"#), "#/warehouseStorage"),
        (with(r#""userId":"1""#), "#/userId"),
        (with(r#""receiver":"Ann""#), "#/receiver"),
        (with(r#""receiver":{"name":"Ann","phone":"1","postalCode":"1"}"#), "#/receiver/address"),
        (with(r#""receiver":{"name":" ","phone":"1","postalCode":"1","address":"x"}"#), "#/receiver/name"),
        (with(r#""receiver":{"name":"Ann","phone":1,"postalCode":"1","address":"x"}"#), "#/receiver/phone"),
        (with(r#""receiver":{"name":"A","phone":"1","postalCode":"1\u0000","address":"x"}"#), "#/receiver/postalCode"),
        (with(r#""receiver":{"name":"A\u200bnn","phone":"1","postalCode":"1","address":"x"}"#), "#/receiver/name"),
        (with(r#""receiver":{"name":"A","phone":"1","postalCode":"1","address":"\u202ex"}"#), "#/receiver/address"),
        (with(r#""receiver":{"name":"A","phone":"1","postalCode":"1","address":"x","floor":1}"#), "#/receiver/floor"),
        (with(r#""userCouponId":"\ud800""#), "#"),
        (format!("{} x", item(r#""productId":1,"quantity":1"#)), "#"),
    ]);
    let bodies: Vec<(&str, &str)> = bodies.iter().map(|(body, pointer)| (body.as_str(), *pointer)).collect();
    check_bodies(ANN, "/api/orders", &bodies);
}

#[test]
fn bytes_that_are_not_utf_8_are_refused() {
    let shop = TestShop::start();
    let before = shop.everything();
    for body in [&b"\xff\xfe"[..], b"\x00", b"{\"items\":\"\xff\"}", b"{\"\xc3\x28\":1}", b"\xef\xbb\xbf{}"] {
        let answer = post_bytes(&shop, ANN, "/api/orders", "", body);
        assert_eq!(answer.problem(400), "validation.failed", "{body:?}");
    }
    assert_eq!(shop.everything(), before);
}

#[test]
fn another_media_type_is_refused() {
    let shop = TestShop::start();
    let body = br#"{"amount":100}"#;
    for media_type in ["text/plain", "application/x-www-form-urlencoded", "application/jsonx", "", "\u{e9}"] {
        let header = format!("content-type: {media_type}\r\n");
        let answer = post_bytes(&shop, ANN, "/api/points/charge", &header, body);
        assert_eq!(answer.problem(415), "media_type.unsupported", "{media_type}");
    }
    assert_eq!(shop.balance(ANN), 0);
    for header in ["", "content-type: application/json; charset=utf-8\r\n", "content-type: Application/JSON\r\n"] {
        post_bytes(&shop, ANN, "/api/points/charge", header, body).expect(200);
    }
}

#[test]
fn a_body_over_the_limit_is_refused_and_the_connection_stays() {
    let shop = TestShop::start();
    let bearer = shop.bearer(ANN);
    let charge = |size: usize| format!("{}{}", " ".repeat(size - 14), r#"{"amount":100}"#);
    let mut client = shop.client();
    for _ in 0..2 {
        let headers = [("authorization", bearer.as_str())];
        let announced = client.send("POST", "/api/points/charge", &headers, &charge(65_537)).unwrap();
        assert_eq!(announced.problem(413), "body.too_large");
        let head = format!("POST /api/points/charge HTTP/1.1\r\nhost: shop\r\nauthorization: {bearer}\r\n");
        let chunk = charge(65_537);
        let chunks = format!("{head}transfer-encoding: chunked\r\n\r\n{:x}\r\n{chunk}\r\n0\r\n\r\n", chunk.len());
        client.write_bytes(chunks.as_bytes()).unwrap();
        assert_eq!(client.read().unwrap().problem(413), "body.too_large");
    }
    assert_eq!(shop.balance(ANN), 0);
    let headers = [("authorization", bearer.as_str())];
    client.send("POST", "/api/points/charge", &headers, &charge(65_536)).unwrap().expect(200);
}

#[test]
fn a_body_in_chunks_is_read() {
    let shop = TestShop::start();
    let bearer = shop.bearer(ANN);
    let head = format!("POST /api/points/charge HTTP/1.1\r\nhost: shop\r\nauthorization: {bearer}\r\n");
    let chunks = format!("{head}transfer-encoding: chunked\r\n\r\n8\r\n{{\"amount\r\n6\r\n\":100}}\r\n0\r\n\r\n");
    assert_eq!(shop.send_bytes(chunks.as_bytes()).expect(200), json!({"balance": 100}));
}

#[test]
fn a_malformed_id_is_not_found() {
    let shop = TestShop::start();
    let before = shop.everything();
    let long = "9".repeat(300);
    for garbage in
        ["0", "-1", "+1", "07", "1.0", "1e3", "x", "%00", "%FF", "%20", "%2e%2e", "%F0%9F%92%A9", "null", &long]
    {
        for (user, method, path, code) in [
            (ANN, "GET", "/api/products/*", "product.not_found"),
            (ANN, "GET", "/api/coupons/*", "coupon.not_found"),
            (ANN, "POST", "/api/coupons/*/issue", "coupon.not_found"),
            (ANN, "GET", "/api/requests/*", "request.not_found"),
            (ANN, "GET", "/api/orders/*", "order.not_found"),
            (ANN, "GET", "/api/orders/*/status", "order.not_found"),
            (ANN, "GET", "/api/orders/*/events", "order.not_found"),
            (ANN, "POST", "/api/orders/*/cancel", "order.not_found"),
            (ADMIN, "PATCH", "/api/admin/products/*", "product.not_found"),
            (ADMIN, "PATCH", "/api/admin/coupons/*", "coupon.not_found"),
            (ADMIN, "GET", "/api/admin/orders/*", "order.not_found"),
            (ADMIN, "POST", "/api/admin/orders/*/resume", "order.not_found"),
        ] {
            let path = path.replace('*', garbage);
            assert_eq!(shop.ask(user, method, &path, &[], &Value::Null).problem(404), code, "{method} {path:.80}");
        }
    }
    assert_eq!(shop.everything(), before);
}

#[test]
fn an_unknown_path_is_not_found() {
    let shop = TestShop::start();
    for path in
        ["/api", "/api/nothing", "/api/orders/", "/api/admin", "/API/orders", "/api//orders", "/%FF", "/api/orders/x/y"]
    {
        assert_eq!(shop.get(ADMIN, path).problem(404), "route.not_found", "{path}");
    }
    for (method, path) in [("DELETE", "/api/products/1"), ("PUT", "/api/orders"), ("GET", "/api/points/charge")] {
        let answer = shop.ask(ADMIN, method, path, &[], &Value::Null);
        assert_eq!(answer.problem(405), "method.not_allowed");
        assert!(answer.header("allow").is_some(), "{method} {path}");
    }
}
