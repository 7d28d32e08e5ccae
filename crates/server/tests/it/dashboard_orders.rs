//! An order's page in the dashboard: the actions that its state allows, and its timeline.

use serde_json::{Value, json};
use server::security::auth::Role;

use crate::api_access::ROUTES;
use crate::api_asking::{in_both_executors, items};
use crate::api_modes::switch;
use crate::dashboard::visit;
use crate::hook_receiver::HookReceiver;
use crate::shop::{ADMIN, ANN, TestShop};

const PARCEL: [&str; 9] = [
    "PENDING",
    "SHIPPED",
    "IN_TRANSIT",
    "OUT_FOR_DELIVERY",
    "DELIVERED",
    "RETURNED",
    "CANCELED",
    "DELAYED",
    "FAILED_DELIVERY",
];
const STORED: [&str; 5] = ["IN_STORAGE", "ASSOCIATED_WITH_ORDER", "REMOVED_FROM_STORAGE", "ON_AUCTION", "SOLD"];
const DELIVERED: [&str; 4] = ["SHIPPED", "IN_TRANSIT", "OUT_FOR_DELIVERY", "DELIVERED"];

fn page(shop: &TestShop, number: &str) -> String {
    visit(shop, &shop.token(ADMIN, Role::Admin), &format!("/admin/orders/{number}")).text
}

/// Reads the page until it contains all of these texts.
#[track_caller]
fn page_with(shop: &TestShop, number: &str, texts: &[&str]) -> String {
    let mut found = String::new();
    for _ in 0..400 {
        found = page(shop, number);
        if texts.iter().all(|text| found.contains(text)) {
            return found;
        }
        std::thread::sleep(std::time::Duration::from_millis(25));
    }
    let missing: Vec<&&str> = texts.iter().filter(|text| !found.contains(**text)).collect();
    panic!("{missing:?} are missing in {found}");
}

/// Returns true if the page has a form for the call, and in it this option if one is given.
fn offers(page: &str, call: &Call) -> bool {
    let form = format!("data-method=\"{}\" data-path=\"{}\"", call.method, call.path);
    let option = call.option.map(|option| format!("<option value=\"{option}\">"));
    let is_it = |part: &&str| part.starts_with(&form);
    page.split("<form ").filter(is_it).any(|part| option.as_ref().is_none_or(|option| part.contains(option)))
}

/// A call of an operator about an order.
struct Call {
    /// The route, as the router has it.
    route: &'static str,
    method: &'static str,
    path: String,
    body: Value,
    /// The value of a field on which the state decides.
    option: Option<&'static str>,
}

/// The calls on the order itself, with bodies that no check of values refuses.
fn posts() -> [(&'static str, Value); 8] {
    let reason = || json!({"reason": "r"});
    [
        ("/api/admin/orders/{orderNumber}/cancel", reason()),
        ("/api/admin/orders/{orderNumber}/extend", json!({"seconds": 60})),
        ("/api/admin/orders/{orderNumber}/refund", reason()),
        ("/api/admin/orders/{orderNumber}/refund/approve", json!({})),
        ("/api/admin/orders/{orderNumber}/refund/reject", reason()),
        ("/api/admin/orders/{orderNumber}/refund/arrived", reason()),
        ("/api/admin/orders/{orderNumber}/resume", reason()),
        ("/api/admin/orders/{orderNumber}/resolve", reason()),
    ]
}

/// Every call that an operator has on an order.
fn calls(shop: &TestShop, number: &str) -> Vec<Call> {
    let path = |route: &str| route.replace("{orderNumber}", number);
    let mut calls: Vec<Call> = posts()
        .into_iter()
        .map(|(route, body)| Call { route, method: "POST", path: path(route), body, option: None })
        .collect();
    for (route, statuses) in
        [("/api/admin/shipments/{orderNumber}", &PARCEL[..]), ("/api/admin/warehouse/{orderNumber}", &STORED[..])]
    {
        let path = path(route);
        let now = shop.get(ADMIN, &path);
        // Without goods there is one refusal for every status; the status of now is no change.
        let now =
            if now.status == 200 { now.expect(200)["status"].as_str().unwrap().to_owned() } else { String::new() };
        let statuses = if now.is_empty() { &statuses[..1] } else { statuses };
        for status in statuses.iter().copied().filter(|status| *status != now) {
            let body = json!({"status": status});
            calls.push(Call { route, method: "PATCH", path: path.clone(), body, option: Some(status) });
        }
    }
    calls
}

/// Compares what the page offers with what the API accepts, for each call on an order of its own.
fn check(shop: &TestShop, state: &str, bring: impl Fn(&TestShop) -> String) {
    let count = calls(shop, &bring(shop)).len();
    for place in 0..count {
        let number = bring(shop);
        let call = calls(shop, &number).swap_remove(place);
        let page = page(shop, &number);
        let answer = shop.ask(ADMIN, call.method, &call.path, &[], &call.body);
        let is_accepted = answer.status < 300;
        assert!(is_accepted || [404, 409].contains(&answer.status) || answer.problem(400).starts_with("validation"));
        assert_eq!(
            offers(&page, &call),
            is_accepted,
            "{state}: {} {} {}: {}",
            call.method,
            call.path,
            call.body,
            answer.text
        );
    }
}

fn receiver() -> Value {
    json!({"name": "Ann", "phone": "010-1234", "postalCode": "04524", "address": "110 Sejong-daero"})
}

/// A paid order whose goods go there.
fn paid(shop: &TestShop, where_to: &Value) -> String {
    let mut body = json!({"items": items(shop.product(1_000, 10), 2)});
    body.as_object_mut().unwrap().extend(where_to.as_object().unwrap().clone());
    let number = shop.order(ANN, &body).number(200);
    shop.pay(ANN, &number, 20).expect(200);
    number
}

/// A paid order whose parcel went this way.
fn sent(shop: &TestShop, way: &[&str]) -> String {
    let number = paid(shop, &json!({"receiver": receiver()}));
    shop.get_until(ANN, &format!("/api/orders/{number}"), |order| order["status"] == "PREPARING");
    for status in way {
        shop.patch(ADMIN, &format!("/api/admin/shipments/{number}"), &json!({"status": status})).expect(200);
    }
    number
}

fn stored(shop: &TestShop, way: &[&str]) -> String {
    let number = paid(shop, &json!({"warehouseStorage": true}));
    for status in way {
        shop.patch(ADMIN, &format!("/api/admin/warehouse/{number}"), &json!({"status": status})).expect(200);
    }
    number
}

fn asked_back(shop: &TestShop) -> String {
    let number = sent(shop, &DELIVERED);
    shop.post(ANN, &format!("/api/orders/{number}/refund"), &json!({})).expect(200);
    number
}

/// An order that is asked back, and what the shop decided.
fn decided(shop: &TestShop, verb: &str, body: &Value) -> String {
    let number = asked_back(shop);
    shop.post_waiting(ADMIN, &format!("/api/admin/orders/{number}/refund/{verb}"), body).expect(200);
    number
}

#[test]
fn the_page_offers_what_the_api_accepts_before_goods_leave() {
    let shop = TestShop::start();
    check(&shop, "unpaid", |shop| shop.unpaid(ANN, 1_000));
    check(&shop, "paid", |shop| paid(shop, &json!({})));
    check(&shop, "preparing", |shop| sent(shop, &[]));
    check(&shop, "stored", |shop| stored(shop, &[]));
    check(&shop, "on auction", |shop| stored(shop, &["ON_AUCTION"]));
    check(&shop, "cancelled", |shop| {
        let number = shop.unpaid(ANN, 1_000);
        shop.post_waiting(ADMIN, &format!("/api/admin/orders/{number}/cancel"), &json!({})).expect(200);
        number
    });
}

#[test]
fn the_page_offers_what_the_api_accepts_while_goods_are_away() {
    let shop = TestShop::start();
    check(&shop, "shipped", |shop| sent(shop, &DELIVERED[..1]));
    check(&shop, "in transit", |shop| sent(shop, &DELIVERED[..2]));
    check(&shop, "delivered", |shop| sent(shop, &DELIVERED));
    check(&shop, "returned", |shop| sent(shop, &["SHIPPED", "IN_TRANSIT", "RETURNED"]));
    check(&shop, "removed from storage", |shop| stored(shop, &["REMOVED_FROM_STORAGE"]));
    check(&shop, "sold at auction", |shop| stored(shop, &["ON_AUCTION", "SOLD"]));
}

#[test]
fn the_page_offers_what_the_api_accepts_about_refunds() {
    let shop = TestShop::start();
    check(&shop, "asked back", asked_back);
    check(&shop, "goods awaited", |shop| decided(shop, "approve", &json!({})));
    check(&shop, "refunded", |shop| decided(shop, "approve", &json!({"goods": "RETURNED"})));
    check(&shop, "rejected", |shop| decided(shop, "reject", &json!({"reason": "worn"})));
    check(&shop, "partly refunded", |shop| {
        let number = sent(shop, &DELIVERED);
        let order = shop.get(ANN, &format!("/api/orders/{number}")).expect(200);
        let lines = json!([{"productId": order["items"][0]["productId"], "quantity": 1}]);
        shop.post_waiting(ADMIN, &format!("/api/admin/orders/{number}/refund"), &json!({"lines": lines})).expect(200);
        number
    });
}

/// A new call on an order must be added to the page, and here.
#[test]
fn every_call_on_an_order_is_compared() {
    let shop = TestShop::start();
    let compared = calls(&shop, &shop.unpaid(ANN, 1_000));
    let is_compared =
        |method: &str, path: &str| compared.iter().any(|call| (call.method, call.route) == (method, path));
    for (method, path, _) in ROUTES {
        let is_about_order = path.starts_with("/api/admin/") && path.contains("{orderNumber}") && method != "GET";
        assert!(!is_about_order || is_compared(method, path), "{method} {path}");
    }
}

#[test]
fn goods_and_some_units_are_chosen_where_that_is_open() {
    let shop = TestShop::start();
    let in_house = page(&shop, &paid(&shop, &json!({})));
    let delivered = page(&shop, &sent(&shop, &DELIVERED));
    for (page, has_goods) in [(&in_house, false), (&delivered, true)] {
        assert_eq!(page.contains("<select name=\"goods\" required>"), has_goods, "{page}");
        assert!(page.contains("<select name=\"lines.0.productId\" data-kind=\"number\">"), "{page}");
    }
    let awaited = page(&shop, &decided(&shop, "approve", &json!({})));
    for text in ["Goods arrived", "Write awaited goods off", "name=\"writeOff\" value=\"true\""] {
        assert!(awaited.contains(text), "{text}: {awaited}");
    }
}

/// The carrier's number may come at any time.
#[test]
fn a_tracking_number_is_changed_alone() {
    let shop = TestShop::start();
    let number = sent(&shop, &DELIVERED);
    let text = "name=\"status\" value=\"&quot;DELIVERED&quot;\" data-kind=\"json\"";
    assert!(page(&shop, &number).contains(text));
    let body = json!({"status": "DELIVERED", "trackingNumber": "KR-7"});
    shop.patch(ADMIN, &format!("/api/admin/shipments/{number}"), &body).expect(200);
    assert!(page(&shop, &number).contains("KR-7"));
}

#[test]
fn a_reason_for_writing_off_is_in_the_trail() {
    let shop = TestShop::start();
    let number = decided(&shop, "approve", &json!({}));
    let path = format!("/api/admin/orders/{number}/refund/arrived");
    let blank = shop.post(ADMIN, &path, &json!({"writeOff": true, "reason": " "}));
    assert_eq!(blank.complaint(400).1, "#/reason");
    shop.post(ADMIN, &path, &json!({"writeOff": true, "reason": "lost by the carrier"})).expect(200);
    let trail = shop.get(ADMIN, "/api/admin/trail").expect(200);
    assert_eq!(trail["data"][0]["reason"], "lost by the carrier");
}

#[test]
fn the_timeline_shows_payments_notices_webhooks_and_pauses() {
    for executor in ["inline", "log"] {
        let shop = TestShop::start_with(&[
            ("DOORBUSTER__ENGINE__EXECUTOR", executor),
            ("DOORBUSTER__WEBHOOKS__ALLOW_PRIVATE", "true"),
        ]);
        let hooks = HookReceiver::start(&[500, 200]);
        let body = json!({"url": hooks.url(), "eventTypes": ["order.completed"]});
        let webhook = shop.post(ADMIN, "/api/admin/webhooks", &body).expect(201)["webhookId"].as_i64().unwrap();
        let number = shop.unpaid(ANN, 1_000);
        std::thread::sleep(std::time::Duration::from_millis(1_100));
        shop.tell_provider(&json!({"script": "DECLINE", "deed": "authorize", "times": 1}));
        assert_eq!(shop.pay(ANN, &number, 20).status, 402);
        shop.pay(ANN, &number, 20).expect(200);
        let delivery = format!("/admin/webhooks/{webhook}/deliveries/{webhook}-1");
        let page = page_with(
            &shop,
            &number,
            &[
                "PaymentDeclined",
                "card_declined",
                "<span class=\"faint\">Attempt</span> 2",
                "The payment failed — Nothing was charged.",
                "Your order is complete — ",
                &delivery,
                "Attempts 2",
                "<li class=\"pause\">after ",
                "PAYMENT_COMPLETED",
            ],
        );
        let place = |text: &str| page.find(text).unwrap();
        assert!(place("OrderCreated") < place("PaymentDeclined"), "oldest first: {page}");
        assert!(place("PaymentDeclined") < place("OrderCompleted") && place("OrderCompleted") < place(&delivery));
        assert!(page.contains("data-tone=\"bad\"") && page.contains("COMPLETED</span>"), "{page}");
    }
}

#[test]
fn the_timeline_speaks_korean() {
    let shop = TestShop::start();
    let number = paid(&shop, &json!({"warehouseStorage": true}));
    let cookie = format!("doorbuster_session={}; doorbuster_language=ko", shop.token(ADMIN, Role::Admin));
    let page = shop.client().send("GET", &format!("/admin/orders/{number}"), &[("cookie", &cookie)], "").unwrap().text;
    for text in ["주문이 완료되었습니다", "보관 상태 변경", "IN_STORAGE", "알림", "초 · "] {
        assert!(page.contains(text), "{text}: {page}");
    }
}

/// Under the log executor each step is a request to its group, with its attempts.
#[test]
fn a_step_shows_its_participant_and_its_attempts() {
    in_both_executors(|shop| {
        switch(shop, "stockService", true);
        let product = shop.product(1_000, 5);
        let number = shop.post(ANN, "/api/orders", &json!({"items": items(product, 1)})).number(202);
        page_with(shop, &number, &["DelayedProcessing", "Requested again", "REQUESTED"]);
        switch(shop, "stockService", false);
        page_with(shop, &number, &["StockDeductionCompleted", "AWAITING_PAYMENT"]);
    });
}

#[test]
fn a_stuck_order_shows_its_compensation_and_how_long_it_is_silent() {
    let shop = TestShop::start_with(&[
        ("DOORBUSTER__ORDERS__STEP_DEADLINE_S", "1"),
        ("DOORBUSTER__ORDERS__ORDER_DEADLINE_S", "1"),
        ("DOORBUSTER__ORDERS__RESTORATIONS_MAX", "2"),
    ]);
    let product = shop.product(10_000, 5);
    let number = shop.order(ANN, &json!({"items": items(product, 2)})).number(200);
    switch(&shop, "stockService", true);
    let waiting = page(&shop, &number);
    shop.post(ANN, &format!("/api/orders/{number}/cancel"), &json!({"reason": "too late <b>"})).expect(200);
    let stuck = page_with(&shop, &number, &["CompensationStuck", "Nothing has happened for"]);
    for text in ["CompensationRequired", "STOCK 1", "too late &lt;b&gt;", "<li class=\"pause\" data-tone=\"bad\">"] {
        assert!(stuck.contains(text) && !waiting.contains(text), "{text}: {stuck}");
    }
    let path = |verb: &str| format!("data-path=\"/api/admin/orders/{number}/{verb}\"");
    assert!(stuck.contains(&path("resume")) && stuck.contains(&path("resolve")) && !stuck.contains(&path("cancel")));
    switch(&shop, "stockService", false);
    shop.post(ADMIN, &format!("/api/admin/orders/{number}/resolve"), &json!({"reason": "counted"})).expect(200);
    let resolved = page_with(&shop, &number, &["CompensationResolved", "CANCELLED"]);
    assert!(!resolved.contains(&path("resume")) && !resolved.contains("Nothing has happened for"), "{resolved}");
}
