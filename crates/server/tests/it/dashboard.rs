//! The operators' dashboard.

use serde_json::{Value, json};
use server::security::auth::Role;

use crate::client::Answer;
use crate::shop::{ADMIN, ANN, TestShop};

const PAGES: [&str; 8] = [
    "/admin",
    "/admin/orders",
    "/admin/products",
    "/admin/products/1",
    "/admin/coupons",
    "/admin/payments",
    "/admin/messages",
    "/admin/audit?run=true",
];

fn visit(shop: &TestShop, token: &str, path: &str) -> Answer {
    let cookie = format!("doorbuster_session={token}");
    shop.client().send("GET", path, &[("cookie", &cookie)], "").unwrap()
}

fn visit_as_admin(shop: &TestShop, path: &str) -> Answer {
    visit(shop, &shop.token(ADMIN, Role::Admin), path)
}

fn order(shop: &TestShop, body: &Value) -> String {
    shop.post(ANN, "/api/orders", body).expect(202)["orderNumber"].as_str().unwrap().to_owned()
}

fn shop() -> TestShop {
    let shop = TestShop::start();
    shop.post(ADMIN, "/api/admin/products", &json!({"name": "Sneaker <b>", "price": 12_900, "stock": 3})).expect(201);
    shop
}

#[test]
fn only_admins_see_the_dashboard() {
    let shop = shop();
    for path in PAGES {
        let visitor = shop.client().send("GET", path, &[], "").unwrap();
        assert_eq!(visitor.status, 303, "{path}");
        assert!(visitor.header("location").unwrap().starts_with("/login?next=%2Fadmin"), "{path}");
        let customer = visit(&shop, &shop.token(ANN, Role::Customer), path);
        assert_eq!(customer.status, 404, "{path}");
        assert!(!customer.text.contains("Sneaker"), "{path}: {}", customer.text);
        let admin = visit_as_admin(&shop, path);
        assert_eq!(admin.status, 200, "{path}");
        assert!(admin.header("content-security-policy").unwrap().starts_with("default-src 'self'"), "{path}");
        assert!(!admin.text.contains(" style=") && !admin.text.contains("<b>"), "{path}: {}", admin.text);
    }
}

#[test]
fn an_order_offers_what_its_state_allows() {
    let shop = shop();
    let body = json!({"items": [{"productId": 1, "quantity": 1}], "payment": "ON_DELIVERY",
        "receiver": {"name": "Ann", "phone": "010-1", "postalCode": "04524", "address": "Seoul"}});
    let number = order(&shop, &body);
    let page = visit_as_admin(&shop, &format!("/admin/orders/{number}")).text;
    let cancel = format!("data-method=\"POST\" data-path=\"/api/admin/orders/{number}/cancel\"");
    let ship = format!("data-method=\"PATCH\" data-path=\"/api/admin/shipments/{number}\"");
    for text in ["OrderCreated", "caused by", "COMPLETED", &cancel, &ship] {
        assert!(page.contains(text), "{text}: {page}");
    }
    assert!(!page.contains("/resume"), "the order is not stuck: {page}");
    shop.post(ADMIN, &format!("/api/admin/orders/{number}/cancel"), &json!({"reason": "wrong size"})).expect(200);
    let page = visit_as_admin(&shop, &format!("/admin/orders/{number}")).text;
    assert!(!page.contains(&cancel) && page.contains("wrong size"), "{page}");
    assert_eq!(visit_as_admin(&shop, "/admin/orders/ORD-7M3K9Q2XWP4T").status, 404);
}

#[test]
fn orders_are_found_by_number_and_by_outcome() {
    let shop = shop();
    let number = order(&shop, &json!({"items": [{"productId": 1, "quantity": 1}]}));
    let found = visit_as_admin(&shop, &format!("/admin/orders?number={}", number.to_lowercase()));
    assert_eq!((found.status, found.header("location")), (303, Some(format!("/admin/orders/{number}").as_str())));
    assert!(visit_as_admin(&shop, "/admin/orders?outcome=AWAITING_PAYMENT").text.contains(&number));
    assert!(!visit_as_admin(&shop, "/admin/orders?outcome=COMPLETED").text.contains(&number));
    assert!(!visit_as_admin(&shop, "/admin/orders?number=nothing").text.contains(&number));
}

#[test]
fn the_course_shows_what_was_answered() {
    let shop = shop();
    order(&shop, &json!({"items": [{"productId": 1, "quantity": 1}]}));
    let total = |name: &str| -> u64 {
        let seconds = shop.get(ADMIN, "/api/admin/now?seconds=3600").expect(200);
        seconds["data"].as_array().unwrap().iter().map(|second| second[name].as_u64().unwrap()).sum()
    };
    while total("orders") == 0 {
        std::thread::yield_now();
    }
    assert_eq!((total("orders"), total("coupons")), (1, 0));
    assert_eq!(shop.get(ADMIN, "/api/admin/now?seconds=0").complaint(400).1, "seconds");
}
