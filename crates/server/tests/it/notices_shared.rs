//! Notices of commits of another process, with Redis and without.

use std::time::{Duration, Instant};

use serde_json::json;
use xtask::redis_server::RedisServer;

use crate::live::{Events, expect_kinds};
use crate::shared::Database;
use crate::shop::{ANN, TestShop};

/// Starts the shops with shared settings.
pub(crate) fn shops(database: &Database, more: &[(&str, &str)]) -> [TestShop; 2] {
    let url = database.url();
    let settings: Vec<(&str, &str)> =
        [("DATABASE_URL", url.as_str())].into_iter().chain(more.iter().copied()).collect();
    [TestShop::start_with(&settings), TestShop::start_with(&settings)]
}

fn issue(shop: &TestShop) {
    let campaign = shop.campaign(1, &json!({}));
    shop.post(ANN, &format!("/api/coupons/{campaign}/issue"), &json!({})).expect(201);
}

/// Ann listens at one process while events happen at the other; then she reconnects at the other.
fn listen_here_to_what_happens_there(database: &Database, more: &[(&str, &str)]) {
    let [mut here, there] = shops(database, more);
    let mut events = Events::open(&here, ANN, None);
    for number in 1..=3 {
        issue(&there);
        expect_kinds(&events.take(1), number, &["coupon.issued"]);
    }
    issue(&here);
    expect_kinds(&events.take(1), 4, &["coupon.issued"]);
    here.kill();
    issue(&there);
    let mut events = Events::open(&there, ANN, Some(4));
    expect_kinds(&events.take(1), 5, &["coupon.issued"]);
    here.open();
    issue(&here);
    expect_kinds(&events.take(1), 6, &["coupon.issued"]);
}

#[test]
fn notices_reach_a_client_at_another_process_by_polling() {
    let Some(database) = Database::new("notices_reach_a_client_at_another_process_by_polling") else { return };
    listen_here_to_what_happens_there(&database, &[]);
}

#[test]
fn notices_reach_a_client_at_another_process_by_redis() {
    let test = "notices_reach_a_client_at_another_process_by_redis";
    let (Some(database), Some(redis)) = (Database::new(test), RedisServer::start(test, &[])) else { return };
    listen_here_to_what_happens_there(&database, &[("REDIS_URL", &redis.address())]);
}

#[test]
fn a_waiting_request_is_woken_by_the_commit_of_any_process() {
    let Some(database) = Database::new("a_waiting_request_is_woken_by_the_commit_of_any_process") else { return };
    let [here, _there] = shops(&database, &[("DOORBUSTER__ENGINE__EXECUTOR", "log")]);
    let product = here.product(1_000, 100);
    let started = Instant::now();
    for _order in 0..10 {
        let wanted = json!({"items": [{"productId": product, "quantity": 1}], "payment": "ON_DELIVERY"});
        assert_eq!(here.order(ANN, &wanted).expect(200)["outcome"], "COMPLETED");
    }
    // A request that is not woken waits for 20 s.
    assert!(started.elapsed() < Duration::from_secs(20), "{:?}", started.elapsed());
}
