//! Requests for many deliveries, repeated under one key: they do no more, and answer the same.

use serde_json::{Value, json};

use crate::api_asking::in_both_executors;
use crate::client::Answer;
use crate::shared::Database;
use crate::shop::{ADMIN, TestShop};

const HOOKS: &str = "/api/admin/webhooks";
const NAME: &str = "product.price_changed";

/// An endpoint to which nothing is sent.
fn endpoint(shop: &TestShop) -> i64 {
    let body = json!({"url": "https://example.com/hooks", "eventTypes": [NAME]});
    let webhook = shop.post(ADMIN, HOOKS, &body).expect(201)["webhookId"].as_i64().unwrap();
    shop.ask(ADMIN, "PATCH", &format!("{HOOKS}/{webhook}"), &[], &json!({"status": "DISABLED"})).expect(200);
    webhook
}

fn change_prices(shop: &TestShop, product: i64, prices: std::ops::Range<i64>) {
    for price in prices {
        shop.ask(ADMIN, "PATCH", &format!("/api/admin/products/{product}"), &[], &json!({"price": price})).expect(200);
    }
}

fn ask(shop: &TestShop, webhook: i64, verb: &str, key: &str) -> Answer {
    let since = json!({"since": "2020-01-01T00:00:00Z"});
    shop.ask(ADMIN, "POST", &format!("{HOOKS}/{webhook}/{verb}"), &[("idempotency-key", key)], &since)
}

#[track_caller]
fn check(answer: &Answer, expected: &Value, is_replayed: bool) {
    assert_eq!(answer.expect(202), *expected);
    assert_eq!(answer.header("idempotency-replayed"), is_replayed.then_some("true"));
}

/// The number of deliveries that were ever made.
fn deliveries(shop: &TestShop, webhook: i64) -> i64 {
    let page = shop.get(ADMIN, &format!("{HOOKS}/{webhook}/deliveries?limit=1")).expect(200);
    let newest = page["data"][0]["deliveryId"].as_str().unwrap().split_once('-').unwrap().1;
    newest.parse().unwrap()
}

fn replay(shop: &TestShop) {
    let (product, webhook) = (shop.product(1, 5), endpoint(shop));
    change_prices(shop, product, 1_000..1_300);
    check(&ask(shop, webhook, "replay", "one"), &json!({"scheduled": 300}), false);
    change_prices(shop, product, 2_000..2_400);
    check(&ask(shop, webhook, "replay", "one"), &json!({"scheduled": 300}), true);
    assert_eq!(deliveries(shop, webhook), 300);
    let all = ask(shop, webhook, "replay", "all");
    assert_eq!(deliveries(shop, webhook), 700);
    change_prices(shop, product, 3_000..3_010);
    check(&ask(shop, webhook, "replay", "all"), &all.expect(202), true);
    assert_eq!((deliveries(shop, webhook), all.header("idempotency-replayed")), (700, None));
    shop.ask(ADMIN, "DELETE", &format!("{HOOKS}/{webhook}"), &[], &Value::Null);
    check(&ask(shop, webhook, "replay", "one"), &json!({"scheduled": 300}), true);
    assert_eq!(ask(shop, webhook, "replay", "none").problem(404), "webhook.not_found");
    assert_eq!(ask(shop, webhook, "recover", "none").problem(404), "webhook.not_found");
}

#[test]
fn a_repeated_replay_has_the_first_answer() {
    in_both_executors(replay);
}

#[test]
fn a_repeated_replay_has_the_first_answer_on_a_shared_store() {
    let Some(database) = Database::new("a_repeated_replay_has_the_first_answer_on_a_shared_store") else { return };
    replay(&database.shop());
}

/// All deliveries are given up.
fn give_up(shop: &mut TestShop) {
    shop.stop();
    shop.edit().execute("UPDATE webhook_delivery SET state = 'DEAD_LETTER', due_at = NULL", ()).unwrap();
    shop.open();
}

#[test]
fn a_repeated_recovery_has_the_first_answer() {
    let mut shop = TestShop::start();
    let (product, webhook) = (shop.product(1, 5), endpoint(&shop));
    // The second part is full as well, and an empty third one ends the request.
    change_prices(&shop, product, 1_000..2_000);
    check(&ask(&shop, webhook, "replay", "all"), &json!({"scheduled": 1_000}), false);
    give_up(&mut shop);
    check(&ask(&shop, webhook, "recover", "one"), &json!({"resent": 1_000}), false);
    check(&ask(&shop, webhook, "recover", "one"), &json!({"resent": 1_000}), true);
    give_up(&mut shop);
    check(&ask(&shop, webhook, "recover", "one"), &json!({"resent": 1_000}), true);
    let waiting = shop.get(ADMIN, &format!("{HOOKS}/{webhook}/deliveries?status=PENDING")).expect(200);
    assert_eq!(waiting["data"], json!([]), "the repeat did nothing");
    check(&ask(&shop, webhook, "recover", "two"), &json!({"resent": 1_000}), false);
}

/// Answers that an older version stored do not say where their part ends.
#[test]
fn an_answer_of_an_older_version_is_repeated() {
    let mut shop = TestShop::start();
    let (product, webhook) = (shop.product(1, 5), endpoint(&shop));
    change_prices(&shop, product, 1_000..1_003);
    check(&ask(&shop, webhook, "replay", "one"), &json!({"scheduled": 3}), false);
    shop.stop();
    let sql = "UPDATE idempotency SET answer = json_remove(answer, '$.end') WHERE answer LIKE '%webhooksScheduled%'";
    assert_eq!(shop.edit().execute(sql, ()).unwrap(), 1);
    shop.open();
    check(&ask(&shop, webhook, "replay", "one"), &json!({"scheduled": 3}), true);
}
