//! The pages of drops: countdown, queue, order with a ticket, receipt; and the operators' page.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use server::security::auth::Role;

use crate::dashboard::visit;
use crate::shop::{ADMIN, ANN, BOB, TestShop};

const PATIENCE: Duration = Duration::from_secs(30);

fn page(shop: &TestShop, user: i64, role: Role, path: &str) -> String {
    let page = visit(shop, &shop.token(user, role), path);
    assert_eq!(page.status, 200, "{path}: {}", page.text);
    page.text
}

#[track_caller]
fn assert_has(page: &str, wanted: &[&str]) {
    for text in wanted {
        assert!(page.contains(text), "{text} is not in {page}");
    }
}

/// Opens a drop of one product with a waiting room; returns the product and the drop.
fn shop_with_a_drop() -> (TestShop, i64) {
    let shop = TestShop::start();
    let product = shop.product(1_000, 9);
    let body = json!({
        "name": "Saturday <b>", "startsAt": "2020-01-01T00:00:00Z", "endsAt": "2099-01-01T00:00:00Z",
        "products": [{"productId": product, "perCustomer": 2}], "waitingRoom": {"admitPerSecond": 1},
    });
    shop.post(ADMIN, "/api/admin/drops", &body).expect(201);
    (shop, product)
}

#[test]
fn a_customer_waits_and_orders_on_the_pages() {
    let (shop, product) = shop_with_a_drop();
    let visitor = shop.client().send("GET", "/drops/1", &[], "").unwrap().text;
    assert_has(
        &visitor,
        &["Saturday &lt;b&gt;", "/login?next=/drops/1", "at most 2 per customer", "data-verify=\"1\""],
    );
    assert!(!visitor.contains("/checkout"), "nobody orders without a ticket: {visitor}");
    assert_has(&shop.client().send("GET", "/drops", &[], "").unwrap().text, &["href=\"/drops/1\"", "On now"]);
    assert_has(&page(&shop, ANN, Role::Customer, "/drops/1"), &["data-join"]);
    assert_has(&page(&shop, ANN, Role::Customer, &format!("/products/{product}")), &["href=\"/drops/1\""]);
    for user in [BOB, 2_001, 2_002, ANN] {
        shop.post(user, "/api/drops/1/queue", &Value::Null).expect(202);
    }
    assert_has(&page(&shop, ANN, Role::Customer, "/drops/1"), &["data-ticket=\"WAITING\"", "data-ahead", "data-leave"]);
    let began = Instant::now();
    let checkout = format!("/checkout?product={product}&amp;quantity=1");
    while !page(&shop, ANN, Role::Customer, "/drops/1").contains(&checkout) {
        assert!(began.elapsed() < PATIENCE, "her turn never comes");
        std::thread::sleep(Duration::from_millis(100));
    }
    let ticket = shop.get(ANN, "/api/drops/1/queue").expect(200)["ticket"].as_str().unwrap().to_owned();
    let checkout = page(&shop, ANN, Role::Customer, &format!("/checkout?product={product}&quantity=1"));
    assert_has(&checkout, &[&format!("data-ticket=\"{ticket}\"")]);
    let order = json!({"items": [{"productId": product, "quantity": 1}], "payment": "ON_DELIVERY"});
    let headers = [("prefer", "wait=20"), ("queue-ticket", ticket.as_str())];
    let number = shop.ask(ANN, "POST", "/api/orders", &headers, &order).number(200);
    assert_has(
        &page(&shop, ANN, Role::Customer, &format!("/orders/{number}")),
        &[&format!("data-receipt=\"{number}\"")],
    );
}

/// The API's text about a header is for programs.
#[test]
fn a_customer_without_a_ticket_is_led_to_the_waiting_room() {
    let (shop, product) = shop_with_a_drop();
    let path = format!("/checkout?product={product}&quantity=1");
    let checkout = |language: &str| {
        let headers = [("authorization", &*shop.bearer(ANN)), ("accept-language", language)];
        let page = shop.client().send("GET", &path, &headers, "").unwrap();
        assert_eq!(page.status, 200);
        page.text
    };
    let waits = |page: &str| page.contains("<p class=\"say warn\" role=\"alert\" data-waits=\"\">");
    let (english, korean) = (checkout("en"), checkout("ko"));
    assert_has(
        &english,
        &["You need a place in the waiting room", "href=\"/drops/1\">To the waiting room", "hidden disabled>"],
    );
    assert_has(&korean, &["먼저 대기열에 참여하시면", "href=\"/drops/1\">대기열로 가기"]);
    assert!(waits(&english) && waits(&korean) && !english.contains("Queue-Ticket"));

    shop.post(ANN, "/api/drops/1/queue", &Value::Null).expect(202);
    let began = Instant::now();
    while waits(&checkout("en")) {
        assert!(began.elapsed() < PATIENCE, "her turn never comes");
        std::thread::sleep(Duration::from_millis(100));
    }
    // The page contains the text for an expired turn, hidden.
    assert_has(&checkout("en"), &["data-waits=\"\" hidden>Your time to order is over."]);
}

/// The texts in both languages, and what the page's script needs to follow a pause.
#[test]
fn a_page_tells_the_limits_and_that_nothing_is_sold() {
    let shop = TestShop::start();
    let (product, other) = (shop.product(1_000, 9), shop.product(1_000, 9));
    let body = json!({
        "name": "Sunday", "startsAt": "2020-01-01T00:00:00Z", "endsAt": "2099-01-01T00:00:00Z", "perCustomer": 3,
        "perPaymentMethod": 4, "products": [{"productId": product}, {"productId": other}], "waitingRoom": {"admitPerSecond": 1},
    });
    shop.post(ADMIN, "/api/admin/drops", &body).expect(201);
    let seen = |user: i64, language: &str| {
        let headers = [("authorization", &*shop.bearer(user)), ("accept-language", language)];
        shop.client().send("GET", "/drops/1", &headers, "").unwrap().text
    };
    assert_has(&seen(ANN, "en"), &["At most 3 per customer over all products.", "At most 4 per card or account."]);
    assert_has(&seen(ANN, "ko"), &["1인당 최대 3개까지", "카드나 계좌 하나로 최대 4개까지"]);
    let off = json!({"status": "PAUSED"});
    shop.patch(ADMIN, &format!("/api/admin/products/{other}"), &off).expect(200);
    assert_has(&seen(ANN, "en"), &["Not on sale"]);
    assert_has(&page(&shop, ADMIN, Role::Admin, "/admin/drops/1"), &["Not on sale"]);
    shop.post(ANN, "/api/drops/1/queue", &Value::Null).expect(202);
    shop.get_within(30, ANN, "/api/drops/1/queue", |ticket| ticket["status"] == "ADMITTED");
    assert_has(&seen(ANN, "en"), &["data-admitted", "Time left to order"]);
    shop.patch(ADMIN, "/api/admin/drops/1", &json!({"paused": true})).expect(200);
    shop.post(BOB, "/api/drops/1/queue", &Value::Null).expect(202);
    assert_has(&seen(ANN, "en"), &["Your time to order continues when the sale does."]);
    assert_has(&seen(ANN, "ko"), &["주문 가능한 시간도 이어서 계산됩니다."]);
    assert!(!seen(ANN, "en").contains("data-admitted"));
    assert_has(&seen(BOB, "en"), &["data-stopped=", ">Nobody is admitted at the moment. Your place is kept.</p>"]);
    assert_has(&seen(BOB, "ko"), &[">지금은 입장이 멈춰 있습니다."]);
}

#[test]
fn an_operator_sees_the_queue_and_controls_the_admission() {
    let (shop, _) = shop_with_a_drop();
    for user in [BOB, 2_001, 2_002, ANN] {
        shop.post(user, "/api/drops/1/queue", &Value::Null).expect(202);
    }
    assert_has(&page(&shop, ADMIN, Role::Admin, "/admin/drops"), &["href=\"/admin/drops/1\"", "products.0.productId"]);
    let drop = page(&shop, ADMIN, Role::Admin, "/admin/drops/1");
    assert_has(&drop, &["Waiting", "Rate in force", "name=\"admitPerSecond\"", "name=\"paused\" value=\"true\""]);
    shop.patch(ADMIN, "/api/admin/drops/1", &json!({"paused": true})).expect(200);
    let drop = page(&shop, ADMIN, Role::Admin, "/admin/drops/1");
    assert_has(&drop, &["name=\"paused\" value=\"false\"", "Paused"]);
    assert_eq!(visit(&shop, &shop.token(ADMIN, Role::Admin), "/admin/drops/99").status, 404);
}
