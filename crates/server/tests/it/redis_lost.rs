//! Two processes over one database and one Redis, which is lost in the middle of a drop.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use xtask::redis_server::{RedisServer, wait_until};

use crate::shared::{Database, issue_all};
use crate::shop::{ADMIN, ANN, TestShop};

/// Fields are dropped in order: the shops first, because they audit the database.
struct Pair {
    first: TestShop,
    second: TestShop,
    redis: RedisServer,
    _database: Database,
}

impl Pair {
    fn start(test: &str, script: &str) -> Option<Pair> {
        let database = Database::new(test)?;
        let redis = RedisServer::start(test, &[])?;
        let open = || {
            let settings = [
                ("DATABASE_URL", database.url()),
                ("REDIS_URL", redis.address()),
                ("DOORBUSTER__REDIS__GATE", script.to_owned()),
            ];
            TestShop::start_with(&settings.each_ref().map(|(key, value)| (*key, value.as_str())))
        };
        Some(Pair { first: open(), second: open(), redis, _database: database })
    }

    /// Four concurrent streams of customers; returns the issue numbers.
    fn rush(&self, campaign: i64, first: i64, last: i64) -> Vec<i64> {
        std::thread::scope(|scope| {
            let (here, there) = (&self.first, &self.second);
            let streams = [
                scope.spawn(move || issue_all(here, campaign, first..=last)),
                scope.spawn(move || issue_all(there, campaign, (first..=last).rev())),
                scope.spawn(move || issue_all(here, campaign, (first..=last).rev())),
                scope.spawn(move || issue_all(there, campaign, first..=last)),
            ];
            streams.into_iter().flat_map(|stream| stream.join().unwrap()).collect()
        })
    }
}

fn up(shop: &TestShop) -> bool {
    let metrics = shop.client().send("GET", "/metrics", &[], "").unwrap().text;
    let line = metrics.lines().find(|line| line.starts_with("doorbuster_redis_up ")).expect("it is told");
    line.ends_with(" 1")
}

/// Exactly the total quantity is issued, whatever happens to Redis after the first rush.
fn drop_in_trouble(
    test: &str,
    script: &str,
    before: impl Fn(&RedisServer),
    trouble: impl FnOnce(&mut RedisServer) + Send,
) {
    let Some(mut pair) = Pair::start(test, script) else { return };
    wait_until("both have Redis", || up(&pair.first) && up(&pair.second));
    let campaign = pair.first.campaign(120, &json!({}));
    let mut numbers = pair.rush(campaign, 1, 20);
    before(&pair.redis);
    numbers.extend(pair.rush(campaign, 10, 60));
    assert_eq!(numbers.len(), 60, "everybody got one");
    // Redis is lost during the rush.
    let Pair { redis, first, second, .. } = &mut pair;
    let (first, second) = (&*first, &*second);
    numbers.extend(std::thread::scope(|scope| {
        let streams = [
            scope.spawn(move || issue_all(first, campaign, 1..=160)),
            scope.spawn(move || issue_all(second, campaign, (1..=160).rev())),
        ];
        trouble(redis);
        streams.into_iter().flat_map(|stream| stream.join().unwrap()).collect::<Vec<i64>>()
    }));
    numbers.sort_unstable();
    assert_eq!(numbers, (1..=120).collect::<Vec<i64>>());
    for shop in [first, second] {
        assert_eq!(shop.client().send("GET", "/readyz", &[], "").unwrap().status, 200);
    }
    // One more coupon is issued to exactly one customer, although the gate was closed just before.
    let path = format!("/api/admin/coupons/{campaign}");
    first.ask(ADMIN, "PATCH", &path, &[], &json!({"totalQuantity": 121})).expect(200);
    let raised = Instant::now();
    let mut user = 1_000;
    while second.post(user, &format!("/api/coupons/{campaign}/issue"), &Value::Null).status != 201 {
        user += 1;
        assert!(raised.elapsed() < Duration::from_secs(10), "a raised campaign opens");
    }
    second.post(2_000, &format!("/api/coupons/{campaign}/issue"), &Value::Null).expect(410);
    first.post(ANN, &format!("/api/coupons/{campaign}/issue"), &Value::Null).expect(409);
}

#[test]
fn redis_may_stay_healthy() {
    drop_in_trouble("redis_may_stay_healthy", "sorted_set", |_| (), |_| ());
}

#[test]
fn redis_may_be_killed_in_the_middle_of_a_drop() {
    drop_in_trouble("redis_may_be_killed_in_the_middle_of_a_drop", "counter", |_| (), RedisServer::kill);
}

#[test]
fn redis_may_be_flushed_in_the_middle_of_a_drop() {
    let flush = |redis: &mut RedisServer| _ = redis.say("FLUSHALL");
    drop_in_trouble("redis_may_be_flushed_in_the_middle_of_a_drop", "counter", |_| (), flush);
}

#[test]
fn redis_may_be_replaced_by_an_older_copy_in_the_middle_of_a_drop() {
    let save = |redis: &RedisServer| assert!(redis.say("SAVE").starts_with("+OK"));
    let replace = |redis: &mut RedisServer| {
        redis.kill();
        redis.restart();
    };
    drop_in_trouble("redis_may_be_replaced_by_an_older_copy_in_the_middle_of_a_drop", "sorted_set", save, replace);
}

#[test]
fn redis_may_stop_answering_in_the_middle_of_a_drop() {
    let stall = |redis: &mut RedisServer| {
        redis.signal("-STOP");
        std::thread::sleep(Duration::from_millis(300));
        redis.signal("-CONT");
    };
    drop_in_trouble("redis_may_stop_answering_in_the_middle_of_a_drop", "counter", |_| (), stall);
}

#[test]
fn a_shop_opens_with_an_unreachable_redis() {
    let shop = TestShop::start_with(&[("REDIS_URL", "redis://127.0.0.1:1/")]);
    assert!(!up(&shop));
    assert_eq!(shop.client().send("GET", "/readyz", &[], "").unwrap().status, 200);
    let campaign = shop.campaign(1, &json!({}));
    shop.post(ANN, &format!("/api/coupons/{campaign}/issue"), &Value::Null).expect(201);
    shop.post(ANN, &format!("/api/coupons/{campaign}/issue"), &Value::Null).expect(409);
}

#[test]
fn a_node_of_a_cluster_is_recognised_and_several_addresses_are_refused() {
    const TEST: &str = "a_node_of_a_cluster_is_recognised_and_several_addresses_are_refused";
    let Some(redis) = RedisServer::start(TEST, &["--cluster-enabled", "yes"]) else { return };
    let shop = TestShop::start_with(&[("REDIS_URL", &redis.address())]);
    let campaign = shop.campaign(1, &json!({}));
    shop.post(ANN, &format!("/api/coupons/{campaign}/issue"), &Value::Null).expect(201);
    let doctor = |address: &str| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_doorbuster"));
        command.args(["doctor", "--data-dir"]).arg(shop.folder()).env("REDIS_URL", address);
        let output = command.output().unwrap();
        [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap()).concat()
    };
    let report = doctor(&redis.address());
    assert!(report.contains("a node of a cluster"), "{report}");
    let report = doctor("redis://127.0.0.1:6379,127.0.0.1:6380/");
    assert!(report.contains("names a cluster or sentinels, which are not supported"), "{report}");
}
