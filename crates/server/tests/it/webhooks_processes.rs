//! Webhooks of two processes, which send each event once, and of one that is killed while a receiver has not answered.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::hook_receiver::HookReceiver;
use crate::shared::Database;
use crate::shop::{ADMIN, TestShop};

const HOOKS: &str = "/api/admin/webhooks";
const PRICES: i64 = 60;

fn subscribe(shop: &TestShop, receiver: &HookReceiver) -> i64 {
    let body = json!({"url": receiver.url(), "eventTypes": ["product.price_changed"]});
    shop.post(ADMIN, HOOKS, &body).expect(201)["webhookId"].as_i64().unwrap()
}

fn change_price(shop: &TestShop, product: i64, price: i64) {
    shop.ask(ADMIN, "PATCH", &format!("/api/admin/products/{product}"), &[], &json!({"price": price})).expect(200);
}

#[test]
fn two_processes_send_each_event_once() {
    let Some(database) = Database::new("two_processes_send_each_event_once") else { return };
    let url = database.url();
    let settings = [("DATABASE_URL", url.as_str()), ("DOORBUSTER__WEBHOOKS__ALLOW_PRIVATE", "true")];
    let shops = [TestShop::start_with(&settings), TestShop::start_with(&settings)];
    let receiver = HookReceiver::start(&[204]);
    let webhook = subscribe(&shops[0], &receiver);
    let product = shops[0].product(1_000, 5);
    for price in 1..=PRICES {
        change_price(&shops[usize::from(price % 2 == 0)], product, 1_000 + price);
    }
    let mut times: BTreeMap<String, usize> = BTreeMap::new();
    for _ in 0..PRICES {
        *times.entry(receiver.next().header("webhook-id").to_owned()).or_default() += 1;
    }
    assert_eq!(times.len(), usize::try_from(PRICES).unwrap(), "{times:?}");
    let path = format!("{HOOKS}/{webhook}/deliveries?limit=100");
    let all = shops[1].get_until(ADMIN, &path, |page| {
        page["data"].as_array().unwrap().iter().all(|delivery| delivery["status"] == "COMPLETED")
    });
    assert!(all["data"].as_array().unwrap().iter().all(|delivery| delivery["attempts"] == 1), "{all:#}");
    assert_eq!(receiver.drain(), 0, "none came twice");
    shops[0].assert_adds_up();
}

#[test]
fn a_delivery_without_an_answer_is_sent_again_by_the_next_process() {
    let settings = [("DOORBUSTER__WEBHOOKS__ALLOW_PRIVATE", "true"), ("DOORBUSTER__WEBHOOKS__TIMEOUT_S", "1")];
    let mut shop = TestShop::start_with(&settings);
    let receiver = HookReceiver::start(&[HookReceiver::NO_ANSWER, 204]);
    let webhook = subscribe(&shop, &receiver);
    let product = shop.product(1_000, 5);
    change_price(&shop, product, 1_001);
    let first = receiver.next();
    shop.kill();
    shop.open();
    // It is due again when the lease of the killed process ends.
    assert_eq!(receiver.next().header("webhook-id"), first.header("webhook-id"));
    let path = format!("{HOOKS}/{webhook}/deliveries");
    let page = shop.get_until(ADMIN, &path, |page| page["data"][0]["status"] == "COMPLETED");
    assert_eq!((page["data"].as_array().map(Vec::len), &page["data"][0]["attempts"]), (Some(1), &json!(2)), "{page:#}");
    assert_ne!(page["data"][0]["createdAt"], Value::Null);
}
