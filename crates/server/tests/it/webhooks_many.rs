//! Many webhook endpoints of which one is dead: the age of what the others get stays flat.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::hook_receiver::HookReceiver;
use crate::shop::{ADMIN, TestShop};

const HOOKS: &str = "/api/admin/webhooks";
const ENDPOINTS: usize = 1_000;
const ROUNDS: i64 = 4;

#[test]
fn one_dead_endpoint_among_a_thousand_delays_no_other() {
    let shop = TestShop::start_with(&[("DOORBUSTER__WEBHOOKS__ALLOW_PRIVATE", "true")]);
    let (dead, receiver) = (HookReceiver::silent(), HookReceiver::start(&[204]));
    let subscribe = |url: String| {
        let body = json!({"url": url, "eventTypes": ["product.price_changed"]});
        shop.post(ADMIN, HOOKS, &body).expect(201)["webhookId"].as_i64().unwrap()
    };
    let silent = subscribe(dead.url());
    for number in 1..ENDPOINTS {
        subscribe(format!("{}/{number}", receiver.url()));
    }
    let product = shop.product(1_000, 5);
    let mut ages: Vec<Duration> = vec![];
    for round in 1..=ROUNDS {
        let began = Instant::now();
        let price = json!({"price": 1_000 + round});
        shop.ask(ADMIN, "PATCH", &format!("/api/admin/products/{product}"), &[], &price).expect(200);
        let mut oldest = Duration::ZERO;
        for _ in 1..ENDPOINTS {
            let delivered = receiver.next();
            let body: Value = serde_json::from_str(&delivered.body).unwrap();
            assert_eq!(body["data"]["price"], 1_000 + round, "none is late");
            oldest = oldest.max(delivered.at - began);
        }
        ages.push(oldest);
    }
    eprintln!("The oldest delivery of each round: {ages:?}");
    let open = shop.get(ADMIN, &format!("{HOOKS}/{silent}/deliveries?status=COMPLETED")).expect(200);
    assert_eq!(open["data"], json!([]), "the dead one has got nothing");
    let (first, last) = (ages[0], ages[ages.len() - 1]);
    assert!(last < 3 * first + Duration::from_secs(2), "{ages:?}");
}
