//! The operators' dashboard.

use serde_json::{Value, json};
use server::security::auth::Role;

use crate::buyers::until;
use crate::client::Answer;
use crate::shop::{ADMIN, ANN, TestShop};

const PAGES: [&str; 15] = [
    "/admin",
    "/admin/orders",
    "/admin/products",
    "/admin/products/1",
    "/admin/coupons",
    "/admin/drops",
    "/admin/payments",
    "/admin/messages",
    "/admin/messages/topics",
    "/admin/messages/groups/order-statistics-group",
    "/admin/events",
    "/admin/webhooks",
    "/admin/modes",
    "/admin/orders?userId=1&status=&from=2026-01-01T00%3A00",
    "/admin/audit?run=true",
];

pub(crate) fn visit(shop: &TestShop, token: &str, path: &str) -> Answer {
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
fn every_grave_act_asks_for_a_reason() {
    let shop = shop();
    let number = order(&shop, &json!({"items": [{"productId": 1, "quantity": 1}]}));
    shop.campaign(5, &json!({}));
    let product = shop.product(1_000, 5);
    for (path, body) in [
        (
            "drops",
            json!({"name": "Saturday", "startsAt": "2020-01-01T00:00:00Z", "endsAt": "2099-01-01T00:00:00Z",
            "products": [{"productId": product}]}),
        ),
        ("webhooks", json!({"url": "https://erp.example.com/hooks"})),
        ("api-keys", json!({"name": "Warehouse", "scopes": ["orders:read"]})),
        ("users", json!({"email": "eve@example.com", "name": "Eve", "role": "operator"})),
    ] {
        shop.post(ADMIN, &format!("/api/admin/{path}"), &body).expect(201);
    }
    let of_order = format!("/admin/orders/{number}");
    let own = [
        ("/admin/coupons/1", 1),
        ("/admin/drops/1", 2),
        ("/admin/webhooks/1", 2),
        ("/admin/people", 2),
        ("/admin/modes", 2),
        (of_order.as_str(), 1),
    ];
    for (path, at_least) in PAGES.into_iter().map(|path| (path, 0)).chain(own) {
        let page = visit_as_admin(&shop, path).text;
        let forms = page.split("<form").skip(1).map(|form| form.split("</form>").next().unwrap());
        let grave: Vec<&str> = forms.filter(|form| form.contains("class=\"small grave\"")).collect();
        assert!(grave.len() >= at_least, "{path}: {page}");
        for form in grave {
            assert!(form.contains("name=\"reason\" required"), "{path}: {form}");
        }
    }
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
fn orders_are_found_by_customer_product_status_and_time() {
    let shop = shop();
    let number = order(&shop, &json!({"items": [{"productId": 1, "quantity": 1}]}));
    for (filter, is_found) in [
        (format!("userId={ANN}"), true),
        ("userId=999".to_owned(), false),
        ("productId=1&status=".to_owned(), true),
        ("productId=2".to_owned(), false),
        ("status=PENDING_PAYMENT".to_owned(), true),
        ("status=REFUNDED".to_owned(), false),
        ("from=2020-01-01T00%3A00".to_owned(), true),
        ("to=2020-01-01T00%3A00".to_owned(), false),
        ("userId=nobody".to_owned(), false),
    ] {
        let page = visit_as_admin(&shop, &format!("/admin/orders?{filter}"));
        assert_eq!((page.status, page.text.contains(&number)), (200, is_found), "{filter}");
    }
}

#[test]
fn the_event_log_is_filtered() {
    let shop = shop();
    let number = order(&shop, &json!({"items": [{"productId": 1, "quantity": 1}]}));
    for (filter, there, not_there) in [
        ("", "<strong>OrderCreated</strong>", "does not understand"),
        ("type=OrderCreated&topic=&userId=", "<strong>OrderCreated</strong>", "<strong>ProductRegistered</strong>"),
        ("productId=1&type=ProductRegistered", "<strong>ProductRegistered</strong>", "<strong>OrderCreated</strong>"),
        ("type=Nonsense", "not understood", "<strong>"),
    ] {
        let page = visit_as_admin(&shop, &format!("/admin/events?{filter}")).text;
        assert!(page.contains(there) && !page.contains(not_there), "{filter}: {page}");
    }
    let of_order = visit_as_admin(&shop, &format!("/admin/events?orderId={number}")).text;
    assert!(of_order.contains(&number) && of_order.contains("data-live"), "{of_order}");
}

#[test]
fn webhooks_show_their_deliveries_and_what_can_be_done() {
    let shop = TestShop::start_with(&[("DOORBUSTER__WEBHOOKS__ALLOW_PRIVATE", "true")]);
    let body = json!({"url": "http://127.0.0.1:9/hooks", "description": "books <b>", "eventTypes": ["order.placed"]});
    let id = shop.post(ADMIN, "/api/admin/webhooks", &body).expect(201)["webhookId"].as_i64().unwrap();
    let list = visit_as_admin(&shop, "/admin/webhooks").text;
    assert!(list.contains("http://127.0.0.1:9/hooks") && list.contains("books &lt;b&gt;"), "{list}");
    let sent = shop.post(ADMIN, &format!("/api/admin/webhooks/{id}/test"), &json!({})).expect(202);
    let delivery = sent["deliveryId"].as_str().unwrap();
    let page = visit_as_admin(&shop, &format!("/admin/webhooks/{id}")).text;
    let own = format!("/admin/webhooks/{id}/deliveries/{delivery}");
    for text in
        ["webhook.test", &own, &format!("data-path=\"/api/admin/webhooks/{id}/recover\""), "data-method=\"DELETE\""]
    {
        assert!(page.contains(text), "{text}: {page}");
    }
    let detail = visit_as_admin(&shop, &own).text;
    assert!(detail.contains(&format!("/api{own}/resend")) && detail.contains("This is a test."), "{detail}");
    assert_eq!(visit_as_admin(&shop, "/admin/webhooks/99").status, 404);
    assert_eq!(visit_as_admin(&shop, &format!("/admin/webhooks/{id}/deliveries/{id}-99")).status, 404);
    let other = visit_as_admin(&shop, &format!("/admin/webhooks/{id}?status=COMPLETED&eventType=order.placed")).text;
    assert!(!other.contains(&own), "{other}");
    shop.ask(ADMIN, "DELETE", &format!("/api/admin/webhooks/{id}"), &[], &Value::Null).expect(204);
    assert_eq!(visit_as_admin(&shop, &format!("/admin/webhooks/{id}")).status, 404);
}

#[test]
fn modes_and_participants_are_shown_with_their_changes() {
    let shop = shop();
    let before = visit_as_admin(&shop, "/admin/modes").text;
    assert!(before.contains("The mode is as configured.") && before.contains("couponService"), "{before}");
    assert!(
        before.contains("Working") && !before.contains("closed"),
        "a closed breaker is no closed service: {before}"
    );
    let change = json!({"mode": "sequential", "reason": "the drop <b> tonight"});
    shop.ask(ADMIN, "PUT", "/api/admin/modes", &[], &change).expect(200);
    let out = json!({"service": "stockService", "out": true, "reason": "rehearsal"});
    shop.ask(ADMIN, "PUT", "/api/admin/services", &[], &out).expect(200);
    let after = visit_as_admin(&shop, "/admin/modes").text;
    for text in ["parallel → sequential", "the drop &lt;b&gt; tonight", "Out of service", "Put back into service"] {
        assert!(after.contains(text), "{text}: {after}");
    }
}

#[test]
fn a_crowd_keeps_buying_in_a_demo_shop() {
    let mut shop = TestShop::start_as(&[], &["--demo", "--demo-crowd"]);
    let is_bought = |shop: &TestShop| {
        !shop.get(ADMIN, "/api/admin/orders?outcome=COMPLETED").expect(200)["data"].as_array().unwrap().is_empty()
    };
    let seen = (0..400).any(|_| {
        std::thread::sleep(std::time::Duration::from_millis(50));
        is_bought(&shop)
    });
    assert!(seen, "nobody buys");
    shop.assert_adds_up();
    shop.stop();
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

#[test]
fn the_first_page_counts_what_became_of_todays_orders() {
    let shop = shop();
    let body = json!({"items": [{"productId": 1, "quantity": 1}], "payment": "ON_DELIVERY",
        "receiver": {"name": "Ann", "phone": "010-1", "postalCode": "04524", "address": "Seoul"}});
    order(&shop, &body);
    let number = order(&shop, &json!({"items": [{"productId": 1, "quantity": 1}]}));
    shop.post(ADMIN, &format!("/api/admin/orders/{number}/cancel"), &json!({"reason": "wrong size"})).expect(200);
    let completed = "outcome=COMPLETED\">Completed</a></td><td class=\"num end\">1</td>";
    let cancelled = "outcome=CANCELLED\">Cancelled</a></td><td class=\"num end\">1</td>";
    until("the statistics have followed", || {
        let page = visit_as_admin(&shop, "/admin").text;
        [completed, cancelled, "order.cancelled_by_admin"].iter().all(|text| page.contains(text))
    });
}

#[test]
fn groups_and_topics_are_shown_under_both_executors() {
    for (executor, group, other) in
        [("inline", "order-statistics-group", "notice-group"), ("log", "notice-group", "no-group")]
    {
        let shop = TestShop::start_with(&[("DOORBUSTER__ENGINE__EXECUTOR", executor)]);
        let messages = visit_as_admin(&shop, "/admin/messages").text;
        assert!(messages.contains(&format!("href=\"/admin/messages/groups/{group}\"")), "{messages}");
        assert_eq!(messages.contains("Reactions run inside"), executor == "inline", "{messages}");
        let page = visit_as_admin(&shop, &format!("/admin/messages/groups/{group}"));
        assert!(page.status == 200 && page.text.contains("data-live=\"2000\""), "{}", page.text);
        assert_eq!(page.text.contains("toOffset"), executor == "log", "statistics are not moved: {}", page.text);
        assert_eq!(visit_as_admin(&shop, &format!("/admin/messages/groups/{other}")).status, 404);
        let topics = visit_as_admin(&shop, "/admin/messages/topics").text;
        assert!(
            topics.contains("/admin/events?topic=drop-events") && topics.contains("There is no broker"),
            "{topics}"
        );
        assert_eq!(topics.contains("/admin/messages/groups/notice-group"), executor == "log", "{topics}");
        let listed = shop.get(ADMIN, "/api/admin/topics").expect(200);
        assert_eq!(listed["data"].as_array().unwrap().len(), app::events::topic::Topic::ALL.len());
        assert_eq!((&listed["data"][0]["keyedBy"], &listed["data"][0]["partitions"]), (&json!("userId"), &json!([])));
    }
}

/// The hidden fields of a form, as the script sends them.
fn body_of(page: &str, path: &str) -> Value {
    let form = page.split(&format!("data-path=\"{path}\"")).nth(1).unwrap().split("</form>").next().unwrap();
    let part =
        |text: &str, before: &str| text.split(before).nth(1).map(|rest| rest.split('"').next().unwrap().to_owned());
    let hidden = form.split("<input").filter(|input| input.contains("data-kind=\"json\""));
    let field = |input: &str| {
        let value = part(input, "value=\"").unwrap().replace("&quot;", "\"");
        (part(input, "name=\"").unwrap(), serde_json::from_str(&value).unwrap())
    };
    hidden.map(field).collect::<serde_json::Map<String, Value>>().into()
}

/// What is shown first is what its form then does.
#[test]
fn a_reset_is_shown_before_it_is_confirmed() {
    let shop = TestShop::start_with_log();
    let product = shop.product(0, 5);
    let number = order(&shop, &json!({"items": [{"productId": product, "quantity": 1}]}));
    let groups = || shop.get(ADMIN, "/api/admin/groups").expect(200)["data"].as_array().unwrap().clone();
    let lag = || groups().iter().map(|group| group["lag"].as_i64().unwrap()).sum::<i64>();
    until("the order is completed and every group at the end", || {
        shop.get(ANN, &format!("/api/orders/{number}")).expect(200)["outcome"] == "COMPLETED" && lag() == 0
    });
    let ranking = groups().into_iter().find(|group| group["group"] == "ranking-group").unwrap();
    let read = ranking["partitions"].as_array().unwrap().iter().find(|one| one["offset"].as_i64() > Some(1)).unwrap();
    let at_its_end = format!("toTime=2099-01-01T00%3A00&partition={}", read["partition"]);
    let own = "/admin/messages/groups/ranking-group";
    let path = "/api/admin/groups/ranking-group/reset";
    let back = format!("{own}?toTime=2020-01-01T00%3A00&toOffset=&partition=");
    let page = visit_as_admin(&shop, &back).text;
    for text in ["What it would do", "OrderCompleted", &number, "Repeated", &format!("data-next=\"{own}\"")] {
        assert!(page.contains(text), "{text}: {page}");
    }
    assert!(!page.contains("data-live"), "a dry run is not repeated by itself: {page}");
    let body = body_of(&page, path);
    assert_eq!(body, json!({"toTime": "2020-01-01T00:00:00Z", "dryRun": false}));
    for (query, why) in [
        ("toTime=2020-01-01T00%3A00&toOffset=1", "one target only"),
        ("toOffset=1", "name the topic and the partition"),
        ("toOffset=99999&partition=0", "has offsets from"),
        ("toOffset=x", "not understood"),
        (&at_its_end, "already there"),
    ] {
        let page = visit_as_admin(&shop, &format!("{own}?{query}")).text;
        assert!(page.contains(why) && !page.contains(path), "{query}: {page}");
    }
    for role in [Role::Viewer, Role::Operator] {
        let page = visit(&shop, &shop.token(700, role), &back);
        assert!(page.status == 200 && !page.text.contains(path) && !page.text.contains("toTime"), "{}", page.text);
    }
    let korean =
        [("cookie", &*format!("doorbuster_session={}; doorbuster_language=ko", shop.token(ADMIN, Role::Admin)))];
    let page = shop.client().send("GET", &back, &korean, "").unwrap().text;
    assert!(page.contains("미리 보기 결과") && page.contains("다시 처리"), "{page}");
    let mut sure = body;
    sure["reason"] = json!("counted again");
    assert_eq!(shop.post(ADMIN, path, &sure).expect(200)["isDone"], true);
    until("it has read again", || lag() == 0);
}

#[test]
fn an_audit_shows_what_a_repair_would_do_and_repairs() {
    let shop = shop();
    let path = "/api/admin/audit/repair";
    let clean = visit_as_admin(&shop, "/admin/audit?run=true").text;
    assert!(clean.contains("Everything adds up") && !clean.contains(path), "{clean}");
    assert_eq!(shop.get(ADMIN, "/api/admin/audit").expect(200)["plannedRepairs"], json!([]));
    assert_eq!(shop.edit().execute("UPDATE product SET sold = sold + 2, on_hand = on_hand - 2", []).unwrap(), 1);
    let what = "product 1: sold -2";
    let planned = shop.get(ADMIN, "/api/admin/audit").expect(200)["plannedRepairs"].clone();
    assert_eq!(planned, json!([{"law": 1, "what": what}]));
    let page = visit_as_admin(&shop, "/admin/audit?run=true").text;
    let form = format!("data-method=\"POST\" data-path=\"{path}\" data-unkeyed");
    assert!(page.contains(what) && page.contains(&form) && page.contains("name=\"reason\""), "{page}");
    let seen = visit(&shop, &shop.token(700, Role::Operator), "/admin/audit?run=true").text;
    assert!(seen.contains(what) && !seen.contains(path), "an operator sees and does not repair: {seen}");
    assert_eq!(shop.post(ADMIN, path, &json!({"reason": ""})).complaint(400).1, "#/reason");
    let done = shop.post(ADMIN, path, &json!({"reason": "a miscount"})).expect(200);
    assert_eq!(done["repaired"], json!([{"law": 1, "what": what, "done": true}]));
    assert!(visit_as_admin(&shop, "/admin/audit?run=true").text.contains("Everything adds up"));
    assert_eq!(shop.get(ADMIN, "/api/admin/trail").expect(200)["data"][0]["reason"], "a miscount");
}

#[test]
fn what_a_repair_cannot_mend_leads_to_the_laws() {
    let shop = shop();
    let number = order(&shop, &json!({"items": [{"productId": 1, "quantity": 1}]}));
    let change =
        |by: i64| assert_eq!(shop.edit().execute("UPDATE orders SET version = version + ?1", [by]).unwrap(), 1);
    change(1);
    let page = visit_as_admin(&shop, "/admin/audit?run=true").text;
    for text in [&*number, "Violations: ", "Nothing of this can be computed again.", "href=\"/docs/audit\""] {
        assert!(page.contains(text), "{text}: {page}");
    }
    assert!(!page.contains("/api/admin/audit/repair"), "{page}");
    change(-1);
}
