//! The storefront's pages, and the session of a browser.

use serde_json::{Value, json};
use server::security::auth::Role;

use crate::client::Answer;
use crate::shop::{ADMIN, ANN, BOB, TestShop};

const ORIGIN: (&str, &str) = ("origin", "http://shop");

fn visit(shop: &TestShop, path: &str, headers: &[(&str, &str)]) -> Answer {
    shop.client().send("GET", path, headers, "").unwrap()
}

fn cookie(shop: &TestShop, user: i64) -> String {
    format!("doorbuster_session={}", shop.token(user, Role::Customer))
}

fn visit_as(shop: &TestShop, user: i64, path: &str) -> Answer {
    visit(shop, path, &[("cookie", &cookie(shop, user))])
}

fn write(shop: &TestShop, headers: &[(&str, &str)], body: &Value) -> Answer {
    let headers = [&[("content-type", "application/json")], headers].concat();
    shop.client().send("POST", "/api/orders", &headers, &body.to_string()).unwrap()
}

fn product(shop: &TestShop, name: &str, stock: i64) -> Value {
    shop.post(ADMIN, "/api/admin/products", &json!({"name": name, "price": 12_900, "stock": stock})).expect(201)
}

#[test]
fn the_front_page_shows_the_catalogue_as_it_is() {
    let shop = TestShop::start();
    let empty = visit(&shop, "/", &[]);
    assert!(empty.text.contains("There is nothing for sale yet."), "{}", empty.text);
    product(&shop, "Sneaker <Dawn> & \"co\"", 3);
    product(&shop, "Gone", 0);
    let page = visit(&shop, "/", &[]);
    assert_eq!((page.status, page.header("content-type")), (200, Some("text/html; charset=utf-8")));
    for text in ["Sneaker &lt;Dawn&gt; &amp; &quot;co&quot;", "₩12,900", "3 left", "Sold out"] {
        assert!(page.text.contains(text), "{text}: {}", page.text);
    }
    let korean = visit(&shop, "/?utm_source=letter", &[("accept-language", "ko-KR,en;q=0.5")]);
    assert_eq!(korean.header("content-language"), Some("ko"));
    for text in ["<html lang=\"ko\">", "12,900원", "3개 남음", "품절"] {
        assert!(korean.text.contains(text), "{text}: {}", korean.text);
    }
    let chosen = visit(&shop, "/", &[("cookie", "doorbuster_language=ko")]);
    assert_eq!(chosen.header("content-language"), Some("ko"));
}

#[test]
fn a_page_loads_nothing_from_elsewhere_and_allows_no_inline_code() {
    let shop = TestShop::start();
    product(&shop, "Sneaker", 3);
    for path in ["/", "/products/1", "/products/99", "/coupons", "/login", "/register"] {
        let page = visit(&shop, path, &[]);
        let policy = page.header("content-security-policy").unwrap_or_else(|| panic!("{path} has a policy"));
        assert!(policy.starts_with("default-src 'self'") && !policy.contains("unsafe"), "{policy}");
        assert!(!page.text.contains(" style=") && !page.text.contains(" onclick="), "{path}: {}", page.text);
        assert!(!page.text.contains("<script>") && !page.text.contains("<style"), "{path}: {}", page.text);
        let addresses: Vec<&str> = page.text.split(['"']).filter(|text| text.starts_with("/assets/")).collect();
        assert!(addresses.len() >= 4, "{path}: {addresses:?}");
        for address in addresses {
            let asset = visit(&shop, address, &[]);
            assert_eq!(
                (asset.status, asset.header("cache-control")),
                (200, Some("public, max-age=31536000, immutable"))
            );
        }
    }
    assert_eq!(visit(&shop, "/assets/000000000000/store.js", &[]).problem(404), "route.not_found");
}

/// Programs get a problem document, people a page.
#[test]
fn an_unknown_address_is_a_page_for_browsers() {
    const BROWSER: (&str, &str) = ("accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8");
    let shop = TestShop::start();
    let type_of = |answer: &Answer| answer.header("content-type").unwrap().to_owned();
    for path in ["/nope", "/products/shoe", "/drops/x", "/docs/nope", "/docs/a/b/c", "/admin/nope", "/coupons/7"] {
        let page = visit(&shop, path, &[BROWSER]);
        assert_eq!((page.status, &*type_of(&page)), (404, "text/html; charset=utf-8"), "{path}: {}", page.text);
        assert!(page.text.contains("<main id=\"content\">") && page.text.contains("There is nothing here"), "{path}");
        assert!(page.header("content-security-policy").is_some(), "{path}");
    }
    let korean = visit(&shop, "/nope", &[BROWSER, ("accept-language", "ko")]);
    assert!(korean.text.contains("페이지를 찾을 수 없습니다"), "{}", korean.text);
    for accept in ["*/*", "application/json", "text/html;q=0", ""] {
        let refused = visit(&shop, "/nope", &[("accept", accept)]);
        assert_eq!(refused.problem(404), "route.not_found", "{accept}");
    }
    for path in ["/api/nope", "/api/products/7"] {
        assert!(visit(&shop, path, &[BROWSER]).problem(404).ends_with("not_found"), "{path}");
    }
    let written = shop.client().send("POST", "/nope", &[BROWSER], "").unwrap();
    assert_eq!(written.problem(404), "route.not_found");
}

#[test]
fn a_browser_logs_in_with_a_cookie_that_scripts_cannot_read() {
    let shop = TestShop::start();
    let credentials = json!({"email": "ann@example.com", "password": "correct horse"});
    shop.ask_openly(
        "POST",
        "/api/users",
        &json!({"email": "ann@example.com", "password": "correct horse", "name": "Ann"}),
    )
    .expect(201);
    let wrong = json!({"email": "ann@example.com", "password": "wrong horse"});
    let refused = shop.ask_openly("POST", "/api/auth/session", &wrong);
    assert_eq!(refused.problem(401), "auth.invalid_credentials");
    assert_eq!(refused.header("set-cookie"), None);
    let started = shop.ask_openly("POST", "/api/auth/session", &credentials);
    let user = started.expect(200);
    assert_eq!(
        (&user["email"], &user["name"], &user["role"]),
        (&"ann@example.com".into(), &"Ann".into(), &"customer".into())
    );
    let set = started.header("set-cookie").expect("a session sets a cookie").to_owned();
    assert!(set.contains("; HttpOnly; SameSite=Strict") && set.contains("Path=/"), "{set}");
    let session = set.split(';').next().unwrap();
    let me = visit(&shop, "/api/users/me", &[("cookie", session)]).expect(200);
    assert_eq!(me, user);
    let ended = shop.client().send("DELETE", "/api/auth/session", &[("cookie", session), ORIGIN], "").unwrap();
    assert_eq!(ended.status, 204);
    assert!(ended.header("set-cookie").unwrap().contains("doorbuster_session=; Path=/; Max-Age=0"), "{ended:?}");
}

#[test]
fn a_cookie_writes_only_from_the_shops_own_pages() {
    let shop = TestShop::start();
    product(&shop, "Sneaker", 3);
    let session = cookie(&shop, ANN);
    let order = json!({"items": [{"productId": 1, "quantity": 1}]});
    for elsewhere in [vec![], vec![("origin", "http://evil.example")], vec![("origin", "null")]] {
        let headers = [&[("cookie", session.as_str())], &elsewhere[..]].concat();
        assert_eq!(write(&shop, &headers, &order).problem(403), "auth.forbidden", "{elsewhere:?}");
    }
    assert_eq!(shop.get(ANN, "/api/orders").expect(200)["data"], json!([]));
    write(&shop, &[("cookie", &session), ORIGIN], &order).expect(202);
    // A token in the header is sent by programs, which have no origin.
    write(&shop, &[("authorization", &shop.bearer(ANN))], &order).expect(202);
}

#[test]
fn an_order_is_shown_to_its_customer_alone() {
    let shop = TestShop::start();
    product(&shop, "Sneaker", 3);
    let placed = shop.post(ANN, "/api/orders", &json!({"items": [{"productId": 1, "quantity": 2}]})).expect(202);
    let path = format!("/orders/{}", placed["orderNumber"].as_str().unwrap());
    let page = visit_as(&shop, ANN, &path);
    assert_eq!(page.status, 200);
    for text in ["Sneaker", "2 × ₩12,900", "₩25,800", "data-order="] {
        assert!(page.text.contains(text), "{text}: {}", page.text);
    }
    let other = visit_as(&shop, BOB, &path);
    assert_eq!(other.status, 404);
    assert!(!other.text.contains("Sneaker"), "{}", other.text);
    let visitor = visit(&shop, &path, &[]);
    let login = format!("/login?next={}", path.replace('/', "%2F"));
    assert_eq!((visitor.status, visitor.header("location")), (303, Some(login.as_str())));
    assert!(visit_as(&shop, ANN, "/orders").text.contains(&path));
    assert!(!visit_as(&shop, BOB, "/orders").text.contains("ORD-"));
}

/// The page offers a refund only while the goods are where it is accepted.
#[test]
fn a_parcel_on_its_way_is_not_returned() {
    let shop = TestShop::start();
    product(&shop, "Sneaker", 3);
    let receiver = json!({"name": "Ann", "phone": "010-1", "postalCode": "04524", "address": "Seoul"});
    let body = json!({"items": [{"productId": 1, "quantity": 1}], "payment": "ON_DELIVERY", "receiver": receiver});
    let number = shop.order(ANN, &body).number(200);
    let offers = |what: &str| visit_as(&shop, ANN, &format!("/orders/{number}")).text.contains(what);
    assert!(offers("data-cancel=") && !offers("data-refund="));
    for (status, is_returnable) in
        [("SHIPPED", false), ("IN_TRANSIT", false), ("OUT_FOR_DELIVERY", false), ("DELIVERED", true)]
    {
        shop.patch(ADMIN, &format!("/api/admin/shipments/{number}"), &json!({"status": status})).expect(200);
        assert_eq!((offers("data-cancel="), offers("data-refund=")), (false, is_returnable), "{status}");
    }
}

#[test]
fn a_coupon_page_says_what_a_customer_can_do() {
    let shop = TestShop::start();
    let campaign = json!({"name": "Early birds", "discount": {"type": "PERCENT", "value": 10, "maxAmount": 5_000}, "totalQuantity": 1_000,
        "issueStartsAt": "2026-01-01T00:00:00Z", "issueEndsAt": "2099-01-01T00:00:00Z", "validUntil": "2099-12-31T00:00:00Z"});
    let id = shop.post(ADMIN, "/api/admin/coupons", &campaign).expect(201)["couponId"].clone();
    let visitor = visit(&shop, "/coupons", &[]).text;
    for text in ["Early birds", "−10%", "at most ₩5,000", "1,000 of 1,000 left", "Log in to get it"] {
        assert!(visitor.contains(text), "{text}: {visitor}");
    }
    assert!(visit_as(&shop, ANN, "/coupons").text.contains("data-issue="));
    shop.post(ANN, &format!("/api/coupons/{id}/issue"), &json!({})).expect(201);
    let account = visit_as(&shop, ANN, "/account").text;
    assert!(account.contains("No. 1") && account.contains("Ready to use"), "{account}");
}
