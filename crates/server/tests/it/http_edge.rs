//! What HTTP itself offers: validators, conditions, compression, other origins.

use std::io::Read as _;

use serde_json::{Value, json};

use crate::client::Answer;
use crate::shared::Database;
use crate::shop::{ADMIN, ANN, TestShop};

const PAGE: &str = "https://shop.example.com";
const CORS: [(&str, &str); 1] =
    [("DOORBUSTER__SERVER__CORS_ORIGINS", "https://shop.example.com, http://127.0.0.1:3000")];

fn ask(shop: &TestShop, path: &str, headers: &[(&str, &str)]) -> Answer {
    shop.client().send("GET", path, headers, "").unwrap()
}

fn tag(answer: &Answer) -> String {
    answer.header("etag").unwrap_or_else(|| panic!("no tag: {}", answer.text)).to_owned()
}

#[test]
fn documents_and_the_catalogue_are_revalidated() {
    let shop = TestShop::start();
    let product = shop.product(1_000, 5);
    shop.campaign(5, &json!({}));
    let catalogue = ["/api/products", "/api/products/popular", "/api/coupons", "/api/products/1", "/api/coupons/1"];
    for path in catalogue.into_iter().chain(["/openapi.json", "/docs", "/docs/reference.js"]) {
        let path = path.replace("/api/products/1", &format!("/api/products/{product}"));
        let first = ask(&shop, &path, &[]);
        assert_eq!(first.status, 200, "{path}");
        let kept = if path.starts_with("/api") { "public, max-age=1" } else { "no-cache" };
        assert_eq!(first.header("cache-control"), Some(kept), "{path}");
        let again = ask(&shop, &path, &[("if-none-match", &format!("\"other\", {}", tag(&first)))]);
        assert_eq!((again.status, again.text.as_str()), (304, ""), "{path}");
        assert_eq!((again.header("etag"), again.header("cache-control")), (first.header("etag"), Some(kept)), "{path}");
        assert_eq!(ask(&shop, &path, &[("if-none-match", "\"other\"")]).status, 200, "{path}");
    }
    let path = format!("/api/products/{product}");
    let before = tag(&ask(&shop, &path, &[]));
    shop.order(ANN, &json!({"items": [{"productId": product, "quantity": 1}]})).expect(200);
    let after = ask(&shop, &path, &[("if-none-match", &before)]);
    assert_eq!((after.status, &after.json()["available"]), (200, &json!(4)), "a sale changes the tag at once");
    // What belongs to somebody is never kept.
    assert_eq!(shop.get(ANN, "/api/orders").header("cache-control"), Some("no-store"));
    let shop = TestShop::start_with(&[("DOORBUSTER__SERVER__CATALOGUE_MAX_AGE_S", "0")]);
    let answer = ask(&shop, "/api/products", &[]);
    assert_eq!((answer.header("cache-control"), answer.header("etag")), (Some("no-store"), None));
}

fn patch(shop: &TestShop, path: &str, seen: &str, body: &Value) -> Answer {
    shop.ask(ADMIN, "PATCH", path, &[("if-match", seen)], body)
}

#[test]
fn a_change_of_what_has_changed_is_refused() {
    let check = |shop: &TestShop| {
        let product = shop.product(1_000, 5);
        let path = format!("/api/admin/products/{product}");
        let seen = tag(&shop.get(ADMIN, &path));
        // A sale is no change of the product.
        shop.order(ANN, &json!({"items": [{"productId": product, "quantity": 1}]})).expect(200);
        let changed = patch(shop, &path, &seen, &json!({"price": 2_000}));
        assert_eq!((changed.status, &changed.json()["price"]), (200, &json!(2_000)));
        let stale = patch(shop, &path, &seen, &json!({"price": 3_000}));
        assert_eq!(stale.problem(412), "precondition.failed");
        let stock = format!("{path}/stock");
        let body = json!({"delta": 1, "reason": "found"});
        assert_eq!(shop.ask(ADMIN, "POST", &stock, &[("if-match", &seen)], &body).status, 412);
        assert_eq!(shop.ask(ADMIN, "POST", &stock, &[("if-match", &tag(&changed))], &body).status, 200);
        assert_eq!(patch(shop, &path, "\"nonsense\"", &json!({"price": 3_000})).status, 412);
        assert_eq!(patch(shop, &path, "*", &json!({"price": 3_000})).status, 200);
        assert_eq!(
            patch(shop, "/api/admin/products/999", &seen, &json!({"price": 3_000})).problem(404),
            "product.not_found"
        );
        shop.patch(ADMIN, &path, &json!({"price": 4_000})).expect(200);

        let campaign = format!("/api/admin/coupons/{}", shop.campaign(5, &json!({})));
        let seen = tag(&shop.get(ADMIN, &campaign));
        assert_eq!(patch(shop, &campaign, &seen, &json!({"paused": true})).status, 200);
        assert_eq!(patch(shop, &campaign, &seen, &json!({"paused": false})).problem(412), "precondition.failed");

        let made = shop.post(ADMIN, "/api/admin/webhooks", &json!({"url": "https://hooks.example.com/"})).expect(201);
        let hook = format!("/api/admin/webhooks/{}", made["webhookId"]);
        let seen = tag(&shop.get(ADMIN, &hook));
        let changed = patch(shop, &hook, &seen, &json!({"description": "ours"}));
        assert_eq!(changed.status, 200);
        assert_eq!(shop.ask(ADMIN, "DELETE", &hook, &[("if-match", &seen)], &Value::Null).status, 412);
        let receiver =
            json!({"name": "Ann", "phone": "010-1234", "postalCode": "04524", "address": "110 Sejong-daero"});
        let body = json!({"items": [{"productId": shop.product(1_000, 5), "quantity": 1}], "receiver": receiver});
        let number = shop.order(ANN, &body).number(200);
        shop.pay(ANN, &number, 20).expect(200);
        let parcel = format!("/api/admin/shipments/{number}");
        let seen = tag(&shop.get(ADMIN, &parcel));
        assert_eq!(
            patch(shop, &parcel, "\"stale\"", &json!({"status": "SHIPPED"})).problem(412),
            "precondition.failed"
        );
        patch(shop, &parcel, &seen, &json!({"status": "SHIPPED"})).expect(200);
        assert_eq!(patch(shop, &parcel, &seen, &json!({"status": "IN_TRANSIT"})).status, 412);
        assert_eq!(shop.ask(ADMIN, "DELETE", &hook, &[("if-match", &tag(&changed))], &Value::Null).status, 204);

        let modes = "/api/admin/modes";
        let seen = tag(&shop.get(ADMIN, modes));
        let put = |seen: &str| {
            shop.ask(ADMIN, "PUT", modes, &[("if-match", seen)], &json!({"mode": "atomic", "reason": "sale"}))
        };
        let changed = put(&seen);
        assert_eq!((changed.status, put(&seen).status, put(&tag(&changed)).status), (200, 412, 200));
    };
    check(&TestShop::start());
    let Some(database) = Database::new("a_change_of_what_has_changed_is_refused") else { return };
    check(&database.shop());
}

#[test]
fn one_of_several_admins_changes_what_all_have_seen() {
    let shop = TestShop::start();
    let product = shop.product(1_000, 5);
    let path = format!("/api/admin/products/{product}");
    let seen = tag(&shop.get(ADMIN, &path));
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let tries: Vec<_> = (1..=8)
            .map(|price| {
                let (shop, path, seen) = (&shop, &path, &seen);
                scope.spawn(move || patch(shop, path, seen, &json!({"price": price * 100})).status)
            })
            .collect();
        tries.into_iter().map(|each| each.join().unwrap()).collect()
    });
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "{statuses:?}");
    assert_eq!(statuses.iter().filter(|status| **status == 412).count(), 7, "{statuses:?}");
}

#[test]
fn large_answers_are_compressed_for_clients_that_accept_it() {
    let shop = TestShop::start();
    let plain = ask(&shop, "/openapi.json", &[]);
    assert_eq!((plain.header("content-encoding"), plain.header("vary")), (None, Some("Accept-Encoding")));
    let mut stream = std::net::TcpStream::connect(&shop.address).unwrap();
    let request = "GET /openapi.json HTTP/1.1\r\nhost: shop\r\naccept-encoding: br, gzip\r\nconnection: close\r\n\r\n";
    std::io::Write::write_all(&mut stream, request.as_bytes()).unwrap();
    let mut bytes = vec![];
    stream.read_to_end(&mut bytes).unwrap();
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n").unwrap();
    let head = String::from_utf8(bytes[..end].to_vec()).unwrap().to_lowercase();
    assert!(head.contains("content-encoding: gzip") && head.contains("vary: accept-encoding"), "{head}");
    let mut unpacked = String::new();
    flate2::read::GzDecoder::new(&bytes[end + 4..]).read_to_string(&mut unpacked).unwrap();
    assert_eq!(unpacked, plain.text);
    assert!(bytes.len() < plain.text.len() / 4, "{} of {}", bytes.len(), plain.text.len());
    let small = ask(&shop, "/api/products", &[("accept-encoding", "gzip")]);
    assert_eq!(small.header("content-encoding"), None);
    let shop = TestShop::start_with(&[("DOORBUSTER__SERVER__COMPRESSION", "false")]);
    let off = ask(&shop, "/openapi.json", &[("accept-encoding", "gzip")]);
    assert_eq!((off.header("content-encoding"), off.header("vary")), (None, None));
}

#[test]
fn pages_of_configured_origins_may_call_the_shop() {
    let shop = TestShop::start_with(&CORS);
    let preflight = |origin: &str| {
        let headers = [
            ("origin", origin),
            ("access-control-request-method", "POST"),
            ("access-control-request-headers", "authorization"),
        ];
        shop.client().send("OPTIONS", "/api/orders", &headers, "").unwrap()
    };
    let allowed = preflight(PAGE);
    assert_eq!((allowed.status, allowed.header("access-control-allow-origin")), (204, Some(PAGE)));
    for (header, part) in
        [("access-control-allow-methods", "PATCH"), ("access-control-allow-headers", "Idempotency-Key")]
    {
        assert!(allowed.header(header).unwrap().contains(part), "{header}");
    }
    assert_eq!(allowed.header("access-control-allow-credentials"), None, "no cookies");
    let other = preflight("https://evil.example.com");
    assert_eq!((other.status, other.header("access-control-allow-origin")), (405, None));

    let answer = ask(&shop, "/api/products", &[("origin", PAGE)]);
    assert_eq!(
        (answer.status, answer.header("access-control-allow-origin"), answer.header("vary")),
        (200, Some(PAGE), Some("Origin"))
    );
    let exposed = answer.header("access-control-expose-headers").unwrap();
    for name in [
        "Location",
        "Request-Id",
        "Retry-After",
        "RateLimit",
        "RateLimit-Policy",
        "Idempotency-Replayed",
        "Preference-Applied",
    ] {
        assert!(exposed.split(", ").any(|known| known == name), "{name}: {exposed}");
    }
    let refused = ask(&shop, "/api/orders", &[("origin", PAGE)]);
    assert_eq!(
        (refused.status, refused.header("access-control-allow-origin")),
        (401, Some(PAGE)),
        "problems can be read too"
    );
    assert_eq!(ask(&shop, "/api/products", &[("origin", "null")]).header("access-control-allow-origin"), None);

    let shop = TestShop::start();
    let off = ask(&shop, "/api/products", &[("origin", PAGE)]);
    assert_eq!((off.header("access-control-allow-origin"), off.header("vary")), (None, None));
}
