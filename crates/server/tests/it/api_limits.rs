//! Rate limits on writing requests.

use serde_json::json;
use xtask::redis_server::RedisServer;

use crate::client::Answer;
use crate::shop::{ANN, BOB, TestShop};

fn charge(shop: &TestShop, user: i64) -> Answer {
    shop.post(user, "/api/points/charge", &json!({"amount": 1}))
}

fn retry_after(answer: &Answer) -> u64 {
    answer.header("retry-after").unwrap().parse().unwrap()
}

#[test]
fn no_limit_applies_by_default() {
    let shop = TestShop::start();
    for _time in 0..50 {
        assert_eq!(charge(&shop, ANN).header("ratelimit"), None);
    }
}

#[test]
fn a_refusal_for_too_many_writes_says_when_to_retry() {
    // One per thousand seconds: not refilled while the test runs.
    let settings = [("DOORBUSTER__LIMITS__USER_PER_S", "1"), ("DOORBUSTER__LIMITS__USER_BURST", "1000")];
    let shop = TestShop::start_with(&settings);
    let mut allowed = 0;
    let refused = loop {
        let answer = charge(&shop, ANN);
        if answer.status == 429 {
            break answer;
        }
        assert!(answer.header("ratelimit").unwrap().starts_with("\"user\";r="), "{answer:?}");
        allowed += 1;
    };
    assert!(allowed >= 1_000, "{allowed}");
    assert_eq!(refused.problem(429), "rate.exceeded");
    assert_eq!(refused.header("ratelimit-policy"), Some("\"user\";q=1000;w=1000"));
    assert_eq!(retry_after(&refused), 1);
    assert_eq!(refused.json()["retryable"], true);
    // Other users are not limited, and reads are not.
    charge(&shop, BOB).expect(200);
    shop.get(ANN, "/api/points").expect(200);
}

#[test]
fn an_address_is_limited_across_its_users() {
    let settings = [("DOORBUSTER__LIMITS__ADDRESS_PER_S", "1"), ("DOORBUSTER__LIMITS__ADDRESS_BURST", "3")];
    let shop = TestShop::start_with(&settings);
    let statuses: Vec<u16> = (1..=20).map(|user| charge(&shop, user).status).collect();
    assert_eq!(statuses[..3], [200; 3]);
    assert!(statuses.contains(&429), "{statuses:?}");
    let body = json!({"email": "ann@example.com", "password": "wrong horse"});
    let login =
        || shop.client().send("POST", "/api/auth/login", &[("content-type", "application/json")], &body.to_string());
    let statuses: Vec<u16> = (0..3).map(|_| login().unwrap().status).collect();
    assert!(statuses.contains(&429), "{statuses:?}");
}

#[test]
fn a_user_is_limited_across_processes_by_redis() {
    let Some(redis) = RedisServer::start("a_user_is_limited_across_processes_by_redis", &[]) else { return };
    let address = redis.address();
    let Some(database) = crate::shared::Database::new("a_user_is_limited_across_processes_by_redis") else { return };
    let url = database.url();
    let settings = [
        ("REDIS_URL", address.as_str()),
        ("DATABASE_URL", &url),
        ("DOORBUSTER__LIMITS__USER_PER_S", "1"),
        ("DOORBUSTER__LIMITS__USER_BURST", "60"),
    ];
    let shops = [TestShop::start_with(&settings), TestShop::start_with(&settings)];
    let allowed = (0..120).filter(|turn| charge(&shops[turn % 2], ANN).status == 200).count();
    assert!((60..110).contains(&allowed), "both together allow what one may: {allowed}");
}
