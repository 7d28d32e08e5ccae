//! Webhooks of the real binary: endpoints, secrets, deliveries to a receiver on this machine, and what may not be dialled.

use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha2::Sha256;

use crate::hook_receiver::{Delivered, HookReceiver};
use crate::shared::Database;
use crate::shop::{ADMIN, ANN, TestShop};

const HOOKS: &str = "/api/admin/webhooks";
/// Receivers on this machine, and the source's pauses.
const LOCAL: [(&str, &str); 2] =
    [("DOORBUSTER__WEBHOOKS__ALLOW_PRIVATE", "true"), ("DOORBUSTER__WEBHOOKS__PROFILE", "source")];
const PATIENCE: Duration = Duration::from_secs(30);

fn endpoint(shop: &TestShop, url: &str, more: &Value) -> Value {
    let mut body = json!({"url": url});
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    shop.post(ADMIN, HOOKS, &body).expect(201)
}

fn id(webhook: &Value) -> i64 {
    webhook["webhookId"].as_i64().unwrap()
}

fn send_test(shop: &TestShop, webhook: i64) -> String {
    let tested = shop.post(ADMIN, &format!("{HOOKS}/{webhook}/test"), &json!({})).expect(202);
    tested["deliveryId"].as_str().unwrap().to_owned()
}

/// Waits until a delivery has this status, and returns it.
fn until(shop: &TestShop, webhook: i64, delivery: &str, status: &str) -> Value {
    let began = Instant::now();
    loop {
        let found = shop.get(ADMIN, &format!("{HOOKS}/{webhook}/deliveries/{delivery}")).expect(200);
        if found["status"] == status {
            return found;
        }
        assert!(began.elapsed() < PATIENCE, "not {status}: {found}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

pub(crate) fn verify(delivered: &Delivered, secret: &str) {
    let key = STANDARD.decode(secret.strip_prefix("whsec_").unwrap()).unwrap();
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).unwrap();
    let Delivered { body, .. } = delivered;
    let (id, timestamp) = (delivered.header("webhook-id"), delivered.header("webhook-timestamp"));
    mac.update(format!("{id}.{timestamp}.{body}").as_bytes());
    let expected = format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()));
    let signatures = delivered.header("webhook-signature");
    assert!(signatures.split(' ').any(|signature| signature == expected), "{signatures}");
}

#[test]
fn an_endpoint_is_created_changed_and_deleted() {
    let shop = TestShop::start();
    let created = endpoint(&shop, "https://example.com/hooks", &json!({"eventTypes": ["order.completed"]}));
    let webhook = id(&created);
    assert!(created["secret"].as_str().unwrap().starts_with("whsec_"));
    let path = format!("{HOOKS}/{webhook}");
    let shown = shop.get(ADMIN, &path).expect(200);
    assert_eq!(
        (&shown["secret"], &shown["status"], &shown["ordered"]),
        (&Value::Null, &json!("ENABLED"), &json!(false))
    );
    assert_eq!(shop.get(ADMIN, &format!("{path}/secret")).expect(200)["secret"], created["secret"]);
    assert_eq!(shop.get(ADMIN, HOOKS).expect(200)["data"], json!([shown]));

    let change = json!({"description": "books", "eventTypes": [], "status": "DISABLED", "ratePerSecond": 5});
    let changed = shop.ask(ADMIN, "PATCH", &path, &[], &change).expect(200);
    assert_eq!(
        (&changed["status"], &changed["disabledReason"], &changed["eventTypes"], &changed["ratePerSecond"]),
        (&json!("DISABLED"), &json!("ADMIN"), &json!([]), &json!(5))
    );
    let rotated = shop.post(ADMIN, &format!("{path}/secret/rotate"), &json!({})).expect(200);
    assert_ne!(rotated["secret"], created["secret"]);
    assert!(rotated["previousValidUntil"].is_string());

    let deleted = shop.ask(ADMIN, "DELETE", &path, &[], &Value::Null);
    assert_eq!((deleted.status, deleted.text.as_str()), (204, ""));
    assert_eq!(shop.get(ADMIN, &path).problem(404), "webhook.not_found");
    assert_eq!(shop.ask(ADMIN, "DELETE", &path, &[], &Value::Null).problem(404), "webhook.not_found");
    assert_eq!(shop.get(ADMIN, HOOKS).expect(200)["data"], json!([]));
    assert_eq!(shop.get(ANN, HOOKS).problem(403), "auth.forbidden");
}

#[test]
fn a_repeated_creation_has_the_first_answer() {
    let shop = TestShop::start();
    let body = json!({"url": "https://example.com/hooks"});
    let post = || shop.ask(ADMIN, "POST", HOOKS, &[("idempotency-key", "one")], &body);
    let (first, again) = (post(), post());
    assert_eq!(first.expect(201), again.expect(201));
    assert_eq!(again.header("idempotency-replayed"), Some("true"));
    let path = format!("{HOOKS}/{}", first.json()["webhookId"]);
    let delete = || shop.ask(ADMIN, "DELETE", &path, &[("idempotency-key", "two")], &Value::Null);
    let (first, again) = (delete(), delete());
    assert_eq!((first.status, first.header("idempotency-replayed")), (204, None));
    assert_eq!((again.status, again.header("idempotency-replayed")), (204, Some("true")));
}

#[test]
fn addresses_of_the_own_network_are_refused() {
    let shop = TestShop::start();
    for url in [
        "https://127.0.0.1/",
        "https://localhost/",
        "https://10.0.0.1/",
        "https://169.254.169.254/latest/meta-data",
        "https://[::1]/",
        "https://[fd00:ec2::254]/",
        "https://[::ffff:192.168.0.1]/",
        "https://[64:ff9b::a00:1]/",
        "https://2130706433/",
        "https://0x7f000001/",
        "http://example.com/",
        "https://a:b@example.com/",
        "https://example.com/#x",
        "https://example.com/a b",
        " https://example.com/",
        "https://exam\nple.com/",
        "https://example.com/\u{200b}",
        "ftp://example.com/",
        "nonsense",
    ] {
        let refused = shop.post(ADMIN, HOOKS, &json!({"url": url}));
        assert_eq!(refused.problem(400), "validation.failed", "{url}");
        assert_eq!(refused.json()["errors"][0]["pointer"], "#/url", "{url}");
    }
    let unknown = json!({"url": "https://example.com", "eventTypes": ["order.completed", "order.eaten"]});
    assert_eq!(shop.post(ADMIN, HOOKS, &unknown).json()["errors"][0]["pointer"], "#/eventTypes/1");
    let short = json!({"url": "https://example.com", "secret": "whsec_c2hvcnQ="});
    assert_eq!(shop.post(ADMIN, HOOKS, &short).json()["errors"][0]["pointer"], "#/secret");
}

#[test]
fn the_catalogue_has_a_schema_and_an_example_of_every_type() {
    let shop = TestShop::start();
    let types = shop.get(ADMIN, &format!("{HOOKS}/event-types")).expect(200);
    let types = types["data"].as_array().unwrap();
    assert_eq!(types.len(), 23);
    for known in types {
        let mut compiler = boon::Compiler::new();
        compiler.add_resource("http://shop.test/schema.json", known["schema"].clone()).unwrap();
        let mut schemas = boon::Schemas::new();
        let schema = compiler.compile("http://shop.test/schema.json", &mut schemas).unwrap();
        schemas.validate(&known["example"], schema).unwrap_or_else(|error| panic!("{}: {error}", known["eventType"]));
    }
}

fn a_test_is_delivered(shop: &TestShop) {
    let receiver = HookReceiver::start(&[204]);
    let created = endpoint(shop, &receiver.url(), &json!({}));
    let webhook = id(&created);
    let delivery = send_test(shop, webhook);
    let delivered = receiver.next();
    verify(&delivered, created["secret"].as_str().unwrap());
    assert_eq!(delivered.header("content-type"), "application/json");
    assert!(delivered.header("user-agent").starts_with("Doorbuster/"));
    let body: Value = serde_json::from_str(&delivered.body).unwrap();
    assert_eq!((&body["type"], &body["data"]["webhookId"]), (&json!("webhook.test"), &json!(webhook)));
    let detail = until(shop, webhook, &delivery, "COMPLETED");
    assert_eq!(
        (&detail["eventId"], &detail["attempts"], &detail["lastResponseStatus"], &detail["payload"]),
        (&json!(delivered.header("webhook-id")), &json!(1), &json!(204), &body)
    );
    assert_eq!(detail["attemptLog"].as_array().unwrap().len(), 1);
    shop.metrics_until("doorbuster_webhook_deliveries_total{result=\"completed\"} 1\n");
    shop.metrics_until("doorbuster_webhook_oldest_due_seconds 0\n");
}

#[test]
fn a_test_is_signed_and_delivered() {
    a_test_is_delivered(&TestShop::start_with(&LOCAL));
}

#[test]
fn a_test_is_delivered_from_a_shared_store() {
    let Some(database) = Database::new("a_test_is_delivered_from_a_shared_store") else { return };
    let url = database.url();
    let settings: Vec<_> = [("DATABASE_URL", url.as_str())].into_iter().chain(LOCAL).collect();
    a_test_is_delivered(&TestShop::start_with(&settings));
}

#[test]
fn both_secrets_sign_after_a_rotation() {
    let shop = TestShop::start_with(&LOCAL);
    let receiver = HookReceiver::start(&[200]);
    let created = endpoint(&shop, &receiver.url(), &json!({}));
    let rotate = format!("{HOOKS}/{}/secret/rotate", id(&created));
    let rotated = shop.post(ADMIN, &rotate, &json!({})).expect(200);
    send_test(&shop, id(&created));
    let delivered = receiver.next();
    assert_eq!(delivered.header("webhook-signature").split(' ').count(), 2);
    [&created, &rotated].iter().for_each(|known| verify(&delivered, known["secret"].as_str().unwrap()));
}

#[test]
fn a_failed_delivery_is_repeated_under_its_id() {
    let shop = TestShop::start_with(&LOCAL);
    let receiver = HookReceiver::start(&[500, 302, 200]);
    let webhook = id(&endpoint(&shop, &receiver.url(), &json!({})));
    let delivery = send_test(&shop, webhook);
    let attempts = [receiver.next(), receiver.next(), receiver.next()];
    assert!(attempts.iter().all(|attempt| attempt.header("webhook-id") == attempts[0].header("webhook-id")));
    let pauses = [attempts[1].at - attempts[0].at, attempts[2].at - attempts[1].at];
    assert!(pauses[0] >= Duration::from_millis(950) && pauses[1] >= Duration::from_millis(1_950), "{pauses:?}");
    let detail = until(&shop, webhook, &delivery, "COMPLETED");
    let statuses: Vec<_> = detail["attemptLog"].as_array().unwrap().iter().map(|one| &one["responseStatus"]).collect();
    assert_eq!(statuses, [&json!(500), &json!(302), &json!(200)]);
}

#[test]
fn a_receiver_that_is_gone_is_disabled_and_a_dead_letter_can_be_recovered() {
    let shop = TestShop::start_with(&LOCAL);
    let receiver = HookReceiver::start(&[410, 200, 200]);
    let webhook = id(&endpoint(&shop, &receiver.url(), &json!({"eventTypes": ["order.placed"]})));
    let delivery = send_test(&shop, webhook);
    until(&shop, webhook, &delivery, "DEAD_LETTER");
    let path = format!("{HOOKS}/{webhook}");
    let disabled = shop.get(ADMIN, &path).expect(200);
    assert_eq!((&disabled["status"], &disabled["disabledReason"]), (&json!("DISABLED"), &json!("GONE")));

    shop.ask(ADMIN, "PATCH", &path, &[], &json!({"status": "ENABLED"})).expect(200);
    let since = json!({"since": "2020-01-01T00:00:00Z"});
    assert_eq!(shop.post(ADMIN, &format!("{path}/recover"), &since).expect(202), json!({"resent": 1}));
    until(&shop, webhook, &delivery, "COMPLETED");
    assert_eq!(shop.post(ADMIN, &format!("{path}/recover"), &since).expect(202), json!({"resent": 0}));
    shop.post(ADMIN, &format!("{path}/deliveries/{delivery}/resend"), &json!({})).expect(202);
    let ids = [receiver.next(), receiver.next(), receiver.next()].map(|one| one.header("webhook-id").to_owned());
    assert!(ids.iter().all(|id| *id == ids[0]));
    assert_eq!(shop.get(ADMIN, &format!("{path}/deliveries/{webhook}-99")).problem(404), "webhook.delivery_not_found");
}

#[test]
fn a_receiver_with_retry_after_is_left_alone_for_that_time() {
    let shop = TestShop::start_with(&LOCAL);
    let receiver = HookReceiver::start(&[429, 200, 200]);
    let webhook = id(&endpoint(&shop, &receiver.url(), &json!({})));
    let delivery = send_test(&shop, webhook);
    let first = receiver.next();
    until(&shop, webhook, &delivery, "FAILED");
    send_test(&shop, webhook);
    for later in [receiver.next(), receiver.next()] {
        assert!(later.at - first.at >= Duration::from_millis(2_900), "{:?}", later.at - first.at);
    }
}

#[test]
fn a_dead_endpoint_delays_no_other() {
    let shop = TestShop::start_with(&LOCAL);
    let (dead, receiver) = (HookReceiver::silent(), HookReceiver::start(&[200]));
    let silent = id(&endpoint(&shop, &dead.url(), &json!({})));
    let alive = id(&endpoint(&shop, &receiver.url(), &json!({})));
    (0..20).for_each(|_| drop(send_test(&shop, silent)));
    let began = Instant::now();
    for _ in 0..5 {
        let delivery = send_test(&shop, alive);
        until(&shop, alive, &delivery, "COMPLETED");
    }
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
}

#[test]
fn a_delivery_survives_kill_9_before_and_after_it_is_sent() {
    let mut shop = TestShop::start_with(&LOCAL);
    let receiver = HookReceiver::start(&[503, 200]);
    let webhook = id(&endpoint(&shop, &receiver.url(), &json!({})));
    let delivery = send_test(&shop, webhook);
    let first = receiver.next();
    until(&shop, webhook, &delivery, "FAILED");
    shop.kill();
    shop.open();
    assert_eq!(receiver.next().header("webhook-id"), first.header("webhook-id"));
    until(&shop, webhook, &delivery, "COMPLETED");
}

#[test]
fn deliveries_are_listed_by_status_and_page() {
    let shop = TestShop::start_with(&LOCAL);
    let receiver = HookReceiver::start(&[200]);
    let webhook = id(&endpoint(&shop, &receiver.url(), &json!({})));
    let sent: Vec<String> = (0..3).map(|_| send_test(&shop, webhook)).collect();
    sent.iter().for_each(|delivery| drop(until(&shop, webhook, delivery, "COMPLETED")));
    let list = |query: &str| shop.get(ADMIN, &format!("{HOOKS}/{webhook}/deliveries{query}")).expect(200);
    let ids = |page: &Value| -> Vec<String> {
        page["data"].as_array().unwrap().iter().map(|one| one["deliveryId"].as_str().unwrap().to_owned()).collect()
    };
    let first = list("?limit=2&status=COMPLETED&eventType=webhook.test&from=2020-01-01T00:00:00Z");
    assert_eq!(ids(&first), [sent[2].clone(), sent[1].clone()]);
    let cursor = first["nextCursor"].as_str().unwrap();
    let rest =
        list(&format!("?limit=2&status=COMPLETED&eventType=webhook.test&from=2020-01-01T00:00:00Z&cursor={cursor}"));
    assert_eq!(ids(&rest), [sent[0].clone()]);
    assert_eq!(ids(&list("?status=DEAD_LETTER")), Vec::<String>::new());
    assert_eq!(ids(&list("?to=2020-01-01T00:00:00Z")), Vec::<String>::new());
    let wrong = shop.get(ADMIN, &format!("{HOOKS}/{webhook}/deliveries?status=SENT"));
    assert_eq!(wrong.problem(400), "validation.failed");
}

fn product_of(delivered: &Delivered) -> i64 {
    let body: Value = serde_json::from_str(&delivered.body).unwrap();
    body["data"]["productId"].as_i64().unwrap()
}

fn change_price(shop: &TestShop, product: i64, price: i64) {
    shop.ask(ADMIN, "PATCH", &format!("/api/admin/products/{product}"), &[], &json!({"price": price})).expect(200);
}

/// What happens in the shop reaches the endpoints that were subscribed to it, once; a replay has the same ids.
fn events_are_delivered(shop: &TestShop) {
    let product = shop.product(1_000, 5);
    change_price(shop, product, 1_001);
    let (prices, others) = (HookReceiver::start(&[200]), HookReceiver::start(&[200]));
    let types = json!({"eventTypes": ["product.price_changed"], "ordered": true});
    let webhook = id(&endpoint(shop, &prices.url(), &types));
    endpoint(shop, &others.url(), &json!({"eventTypes": ["order.placed", "order.completed"]}));
    (1..=5).for_each(|step| change_price(shop, product, 2_000 + step));
    let first: Vec<Delivered> = (0..5).map(|_| prices.next()).collect();
    let prices_of = |delivered: &[Delivered]| -> Vec<i64> {
        let price =
            |one: &Delivered| serde_json::from_str::<Value>(&one.body).unwrap()["data"]["price"].as_i64().unwrap();
        delivered.iter().map(price).collect()
    };
    assert_eq!(prices_of(&first), [2_001, 2_002, 2_003, 2_004, 2_005], "in order, and none from before");
    assert_eq!(product_of(&first[0]), product);

    shop.order(ANN, &json!({"items": [{"productId": product, "quantity": 1}], "payment": "ON_DELIVERY"}));
    let types =
        [others.next(), others.next()].map(|one| serde_json::from_str::<Value>(&one.body).unwrap()["type"].clone());
    assert!(types.contains(&json!("order.placed")) && types.contains(&json!("order.completed")), "{types:?}");

    let since = json!({"since": "2020-01-01T00:00:00Z", "eventTypes": ["product.price_changed"]});
    let replayed = shop.post(ADMIN, &format!("{HOOKS}/{webhook}/replay"), &since).expect(202);
    assert_eq!(replayed, json!({"scheduled": 6}), "also the one from before the endpoint");
    let mut again: Vec<Delivered> = (0..6).map(|_| prices.next()).collect();
    again.sort_by_key(|one| prices_of(std::slice::from_ref(one))[0]);
    let ids = |delivered: &[Delivered]| -> Vec<String> {
        delivered.iter().map(|one| one.header("webhook-id").to_owned()).collect()
    };
    assert_eq!(ids(&again)[1..], ids(&first)[..]);
    the_event_log_names_webhooks(shop, webhook, &ids(&first)[0]);
}

/// An event of the log has its webhooks among its deliveries.
fn the_event_log_names_webhooks(shop: &TestShop, webhook: i64, event: &str) {
    let logged = shop.get_until(ADMIN, "/api/admin/events?type=PriceChanged", |page| {
        let of_webhooks = |delivery: &&Value| delivery["webhookId"] == webhook && delivery["status"] == "COMPLETED";
        let events = page["data"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|one| one["deliveries"].as_array().unwrap().iter().any(|delivery| of_webhooks(&delivery)));
        events.count() == 6
    });
    let logged = logged["data"].as_array().unwrap().iter().find(|one| one["eventId"] == event).unwrap();
    let deliveries = logged["deliveries"].as_array().unwrap();
    let of_webhook = deliveries.iter().find(|delivery| delivery["webhookId"] == webhook).unwrap();
    assert_eq!((&of_webhook["group"], &of_webhook["attempts"]), (&json!("webhook-group"), &json!(2)), "{logged:#}");
    let path = format!("{HOOKS}/{webhook}/deliveries/{}", of_webhook["deliveryId"].as_str().unwrap());
    assert_eq!(shop.get(ADMIN, &path).expect(200)["eventId"], event);
}

#[test]
fn events_reach_those_who_subscribed() {
    events_are_delivered(&TestShop::start_with(&LOCAL));
}

#[test]
fn events_reach_those_who_subscribed_with_the_log() {
    let settings: Vec<_> = [("DOORBUSTER__ENGINE__EXECUTOR", "log")].into_iter().chain(LOCAL).collect();
    events_are_delivered(&TestShop::start_with(&settings));
}

#[test]
fn events_of_a_shared_store_reach_those_who_subscribed() {
    let Some(database) = Database::new("events_of_a_shared_store_reach_those_who_subscribed") else { return };
    let url = database.url();
    let settings: Vec<_> = [("DATABASE_URL", url.as_str())].into_iter().chain(LOCAL).collect();
    events_are_delivered(&TestShop::start_with(&settings));
}
