//! Two processes over one database and one Redis, which is lost in the middle of a drop.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use xtask::redis_cluster::RedisCluster;
use xtask::redis_sentinels::RedisSentinels;
use xtask::redis_server::{RedisServer, wait_until};

use crate::shared::{Database, issue_all};
use crate::shop::{ADMIN, ANN, BOB, TestShop};

/// A Redis of the test's own.
trait OwnRedis: Sized + Send + Sync {
    fn start(test: &str) -> Option<Self>;
    fn address(&self) -> String;
}

impl OwnRedis for RedisServer {
    fn start(test: &str) -> Option<RedisServer> {
        RedisServer::start(test, &[])
    }

    fn address(&self) -> String {
        self.address()
    }
}

impl OwnRedis for RedisCluster {
    fn start(test: &str) -> Option<RedisCluster> {
        RedisCluster::start(test)
    }

    fn address(&self) -> String {
        self.address()
    }
}

impl OwnRedis for RedisSentinels {
    fn start(test: &str) -> Option<RedisSentinels> {
        RedisSentinels::start(test)
    }

    fn address(&self) -> String {
        self.address()
    }
}

/// Fields are dropped in order: the shops first, because they audit the database.
struct Pair<R> {
    first: TestShop,
    second: TestShop,
    redis: R,
    _database: Database,
}

impl<R: OwnRedis> Pair<R> {
    fn start(test: &str, script: &str) -> Option<Pair<R>> {
        let database = Database::new(test)?;
        let redis = R::start(test)?;
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

/// Exactly the total quantity is issued, whatever happens to Redis after the first rush. Returns the shops.
fn drop_in_trouble<R: OwnRedis>(
    test: &str,
    script: &str,
    before: impl Fn(&R),
    trouble: impl FnOnce(&mut R) + Send,
) -> Option<Pair<R>> {
    let mut pair = Pair::start(test, script)?;
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
    Some(pair)
}

/// Redis is used again after a fail-over: a product is ranked, another process learns of it, and a user is limited.
fn assert_used_again<R>(pair: &Pair<R>) {
    let Pair { first, second, .. } = pair;
    wait_until("both have Redis again", || up(first) && up(second));
    let campaign = first.campaign(1, &json!({}));
    let path = format!("/api/coupons/{campaign}/issue");
    first.post(ANN, &path, &Value::Null).expect(201);
    second.post(ANN, &path, &Value::Null).expect(409);
    second.post(BOB, &path, &Value::Null).expect(410);
    assert!(up(first) && up(second));
}

#[test]
fn redis_may_stay_healthy() {
    _ = drop_in_trouble("redis_may_stay_healthy", "sorted_set", |_: &RedisServer| (), |_| ());
}

#[test]
fn redis_may_be_killed_in_the_middle_of_a_drop() {
    _ = drop_in_trouble("redis_may_be_killed_in_the_middle_of_a_drop", "counter", |_| (), RedisServer::kill);
}

#[test]
fn redis_may_be_flushed_in_the_middle_of_a_drop() {
    let flush = |redis: &mut RedisServer| _ = redis.say("FLUSHALL");
    _ = drop_in_trouble("redis_may_be_flushed_in_the_middle_of_a_drop", "counter", |_| (), flush);
}

#[test]
fn redis_may_be_replaced_by_an_older_copy_in_the_middle_of_a_drop() {
    let save = |redis: &RedisServer| assert!(redis.say("SAVE").starts_with("+OK"));
    let replace = |redis: &mut RedisServer| {
        redis.kill();
        redis.restart();
    };
    _ = drop_in_trouble("redis_may_be_replaced_by_an_older_copy_in_the_middle_of_a_drop", "sorted_set", save, replace);
}

#[test]
fn redis_may_stop_answering_in_the_middle_of_a_drop() {
    let stall = |redis: &mut RedisServer| {
        redis.signal("-STOP");
        std::thread::sleep(Duration::from_millis(300));
        redis.signal("-CONT");
    };
    _ = drop_in_trouble("redis_may_stop_answering_in_the_middle_of_a_drop", "counter", |_| (), stall);
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
fn a_primary_of_a_cluster_may_be_killed_in_the_middle_of_a_drop() {
    let test = "a_primary_of_a_cluster_may_be_killed_in_the_middle_of_a_drop";
    // The slot of the gate of the first campaign.
    let kill = |redis: &mut RedisCluster| redis.fail_over("{1}");
    let pair = drop_in_trouble(test, "counter", |_| (), kill);
    pair.iter().for_each(assert_used_again);
}

#[test]
fn sentinels_may_promote_a_replica_in_the_middle_of_a_drop() {
    let test = "sentinels_may_promote_a_replica_in_the_middle_of_a_drop";
    let pair = drop_in_trouble(test, "sorted_set", |_| (), RedisSentinels::fail_over);
    pair.iter().for_each(assert_used_again);
}

#[test]
fn a_wrong_form_of_address_is_named_by_the_doctor() {
    const TEST: &str = "a_wrong_form_of_address_is_named_by_the_doctor";
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
    assert!(report.contains("a node of a cluster, which REDIS_URL names as a single server"), "{report}");
    redis.say("CLUSTER ADDSLOTSRANGE 0 16383");
    wait_until("the cluster is whole", || redis.say("CLUSTER INFO").contains("cluster_state:ok"));
    let report = doctor(&redis.address().replace("redis://", "redis+cluster://"));
    assert!(report.contains("a cluster of 1 primaries"), "{report}");
}
