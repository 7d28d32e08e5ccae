//! Deliveries that cannot arrive any more: of a deleted endpoint, and of an archived event.

use serde_json::{Value, json};

use crate::archiving::archived;
use crate::hook_receiver::HookReceiver;
use crate::shared::Database;
use crate::shop::{ADMIN, TestShop};

const HOOKS: &str = "/api/admin/webhooks";
const ALL: &str = "2099-01-01T00:00:00Z";

fn start(database: Option<&Database>, retry_after: &str) -> TestShop {
    let url = database.map(Database::url);
    let mut settings =
        vec![("DOORBUSTER__WEBHOOKS__ALLOW_PRIVATE", "true"), ("DOORBUSTER__WEBHOOKS__RETRY_AFTER", retry_after)];
    settings.extend(url.as_deref().map(|url| ("DATABASE_URL", url)));
    TestShop::start_with(&settings)
}

fn endpoint(shop: &TestShop, receiver: &HookReceiver) -> String {
    let body = json!({"url": receiver.url(), "eventTypes": ["product.price_changed"]});
    format!("{HOOKS}/{}", shop.post(ADMIN, HOOKS, &body).expect(201)["webhookId"])
}

fn change_price(shop: &TestShop, product: i64, price: i64) {
    shop.ask(ADMIN, "PATCH", &format!("/api/admin/products/{product}"), &[], &json!({"price": price})).expect(200);
}

fn until(shop: &TestShop, path: &str, status: &str, count: usize) {
    let deliveries = format!("{path}/deliveries?status={status}");
    shop.get_until(ADMIN, &deliveries, |page| page["data"].as_array().unwrap().len() == count);
}

/// Archives everything so far. The last event always stays in the store.
fn archive(shop: &TestShop) {
    shop.product(1_000, 1);
    archived(shop, ALL);
}

/// What is open for a deleted endpoint holds no event back, and is not shown as waiting.
fn a_deleted_endpoint_leaves_nothing_open(database: Option<&Database>) {
    let shop = start(database, "1d");
    let failing = HookReceiver::start(&[500]);
    let product = shop.product(1_000, 5);
    let webhook = endpoint(&shop, &failing);
    change_price(&shop, product, 1_001);
    until(&shop, &webhook, "FAILED", 1);
    assert_eq!(shop.ask(ADMIN, "DELETE", &webhook, &[], &Value::Null).status, 204);
    let changed = shop.get(ADMIN, "/api/admin/events?type=PriceChanged").expect(200);
    let deliveries = changed["data"][0]["deliveries"].as_array().unwrap();
    let of_webhook = deliveries.iter().find(|delivery| delivery["webhookId"].is_i64()).unwrap();
    assert_eq!((&of_webhook["status"], &of_webhook["nextAttemptAt"]), (&json!("DEAD_LETTER"), &Value::Null));
    archive(&shop);
    assert_eq!(shop.get(ADMIN, "/api/admin/events?type=PriceChanged").expect(200)["data"], json!([]));
    shop.assert_adds_up();
}

#[test]
fn a_deleted_endpoint_leaves_nothing_open_in_a_folder() {
    a_deleted_endpoint_leaves_nothing_open(None);
}

#[test]
fn a_deleted_endpoint_leaves_nothing_open_in_a_database() {
    let Some(database) = Database::new("a_deleted_endpoint_leaves_nothing_open_in_a_database") else { return };
    a_deleted_endpoint_leaves_nothing_open(Some(&database));
}

/// Dead letters whose event is archived are left out, and told.
fn only_what_is_in_the_store_is_recovered(database: Option<&Database>) {
    let shop = start(database, "1s");
    let receiver = HookReceiver::start(&[500, 500, 500, 500, 204]);
    let product = shop.product(1_000, 5);
    let webhook = endpoint(&shop, &receiver);
    change_price(&shop, product, 1_001);
    until(&shop, &webhook, "DEAD_LETTER", 1);
    archive(&shop);
    let (recover, since) = (format!("{webhook}/recover"), json!({"since": "2020-01-01T00:00:00Z"}));
    let refused = shop.post(ADMIN, &recover, &since);
    assert_eq!(refused.problem(410), "history.archived");
    assert!(refused.json()["detail"].as_str().unwrap().contains('1'), "{}", refused.text);
    change_price(&shop, product, 1_002);
    until(&shop, &webhook, "DEAD_LETTER", 2);
    assert_eq!(shop.post(ADMIN, &recover, &since).expect(202), json!({"resent": 1, "archived": 1}));
    until(&shop, &webhook, "COMPLETED", 1);
    until(&shop, &webhook, "DEAD_LETTER", 1);
    assert_eq!(shop.post(ADMIN, &recover, &since).problem(410), "history.archived");
}

#[test]
fn only_what_is_in_the_store_is_recovered_from_a_folder() {
    only_what_is_in_the_store_is_recovered(None);
}

#[test]
fn only_what_is_in_the_store_is_recovered_from_a_database() {
    let Some(database) = Database::new("only_what_is_in_the_store_is_recovered_from_a_database") else { return };
    only_what_is_in_the_store_is_recovered(Some(&database));
}
