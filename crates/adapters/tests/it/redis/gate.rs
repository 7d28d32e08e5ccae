//! The shared gate: its promises with either script, also on a cluster; and its advice after Redis was lost.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use adapters::redis::{GateScript, Redis, RedisGate};
use app::audit::GateFacts;
use app::conformance::{GATE_CASES, GateFixture};
use app::ports::{Advice, BoxFuture, CampaignFacts, Gate as _};
use domain::coupon::{Campaign, IssueMode, QueueKey, Rejection};
use domain::ids::{CampaignId, UserId};
use domain::money::Money;
use domain::pricing::Discount;
use domain::time::Timestamp;
use xtask::redis_cluster::RedisCluster;
use xtask::redis_sentinels::RedisSentinels;
use xtask::redis_server::{RedisServer, wait_until};

use super::server::{open, open_as};
use super::views::Rows;
use crate::database::runtime;

pub(crate) const DROP: CampaignId = CampaignId(1);
pub(crate) const ANN: UserId = UserId(1);
pub(crate) const BOB: UserId = UserId(2);
pub(crate) const NOW: Timestamp = Timestamp::from_micros(1_700_000_000_000_000);
const SCRIPTS: [GateScript; 2] = [GateScript::Counter, GateScript::SortedSet];

struct Shared {
    gate: RedisGate,
    rows: Arc<Rows>,
}

impl Shared {
    fn new(redis: Arc<Redis>, script: GateScript) -> Shared {
        Shared::over(redis, script, Arc::default())
    }

    /// Another process over the same store.
    fn over(redis: Arc<Redis>, script: GateScript, rows: Arc<Rows>) -> Shared {
        let gate = RedisGate::new(redis, Arc::clone(&rows) as _, script);
        Shared { gate, rows }
    }

    /// Applies a commit to the gate and waits until it is sent.
    async fn apply(&self, campaign: Campaign, holders: &[(UserId, i64)], complete: bool) {
        self.rows.put(&campaign);
        self.gate.apply(CampaignFacts { campaign: &Arc::new(campaign), holders, complete });
        self.gate.flush().await;
    }

    async fn advice(&self, user: UserId) -> Option<Rejection> {
        self.gate.advice(DROP, user, NOW).get().await.map(|early| early.rejection)
    }
}

impl GateFixture for Shared {
    fn gate(&self) -> &dyn app::ports::Gate {
        &self.gate
    }

    fn commit(&mut self, campaign: &Campaign) {
        self.rows.put(campaign);
    }

    fn told(&mut self) -> BoxFuture<'_, ()> {
        Box::pin(self.gate.flush())
    }
}

pub(crate) fn campaign(quantity: i64, issued: i64) -> Campaign {
    Campaign {
        id: DROP,
        name: "drop".into(),
        discount: Discount::Fixed { value: Money::won(1_000) },
        quantity,
        issued,
        issue_per_user_max: 1,
        issue_starts_at: Timestamp::from_micros(0),
        issue_ends_at: Timestamp::from_micros(4_000_000_000_000_000),
        valid_until: Timestamp::from_micros(4_000_000_000_000_000),
        issue_mode: IssueMode::Direct,
        queue_key: QueueKey::Campaign,
        paused: false,
        created_at: NOW,
        updated_at: NOW,
    }
}

fn keep_promises(address: &str) {
    for script in SCRIPTS {
        for (name, case) in GATE_CASES {
            // Visible only when the next case fails.
            eprintln!("{script:?}: {name}");
            runtime().block_on(case(&mut Shared::new(open(address), script)));
        }
    }
}

#[test]
fn the_shared_gate_keeps_its_promises_with_either_script() {
    let test = "the_shared_gate_keeps_its_promises_with_either_script";
    let Some(server) = RedisServer::start(test, &[]) else { return };
    keep_promises(&server.address());
}

#[test]
fn it_keeps_its_promises_on_a_cluster() {
    let Some(cluster) = RedisCluster::start("it_keeps_its_promises_on_a_cluster") else { return };
    keep_promises(&cluster.address());
}

#[test]
fn it_keeps_its_promises_on_a_primary_that_sentinels_name() {
    let test = "it_keeps_its_promises_on_a_primary_that_sentinels_name";
    let Some(sentinels) = RedisSentinels::start(test) else { return };
    keep_promises(&sentinels.address());
}

#[test]
fn a_commit_of_one_process_reaches_the_gate_of_another() {
    let test = "a_commit_of_one_process_reaches_the_gate_of_another";
    let Some(server) = RedisServer::start(test, &[]) else { return };
    for script in SCRIPTS {
        let first = Shared::new(open_as(&server, test), script);
        let second = Shared::over(open_as(&server, test), script, Arc::clone(&first.rows));
        runtime().block_on(async {
            first.apply(campaign(1, 1), &[(ANN, 1)], true).await;
            assert_eq!(second.advice(ANN).await, Some(Rejection::AlreadyIssued));
            assert_eq!(second.advice(BOB).await, Some(Rejection::SoldOut));
            // The other process raises it, and the update is lost: a row of the store may be only a moment old.
            second.rows.put(&campaign(2, 1));
            let raised = Instant::now();
            while second.advice(BOB).await.is_some() {
                assert!(raised.elapsed() < Duration::from_secs(5), "a raised campaign opens by itself");
            }
            // Then Redis knows, too: the next request passes without reading the store.
            let reads = first.rows.reads.load(Ordering::Relaxed);
            assert_eq!(first.advice(BOB).await, None);
            assert_eq!(first.rows.reads.load(Ordering::Relaxed), reads);
        });
    }
}

#[test]
fn a_store_restored_from_a_backup_clears_the_gate() {
    let test = "a_store_restored_from_a_backup_clears_the_gate";
    let Some(server) = RedisServer::start(test, &[]) else { return };
    for script in SCRIPTS {
        let shared = Shared::new(open(&server.address()), script);
        runtime().block_on(async {
            shared.apply(campaign(5, 2), &[(ANN, 1), (BOB, 1)], true).await;
            assert_eq!(shared.advice(BOB).await, Some(Rejection::AlreadyIssued));
            shared.rows.put(&campaign(5, 1));
            shared.gate.forget(DROP);
            assert_eq!(shared.advice(BOB).await, None, "the restored store has no coupon of Bob");
            shared.apply(campaign(5, 1), &[(ANN, 1)], false).await;
            assert_eq!(shared.advice(BOB).await, None);
            assert_eq!(shared.advice(ANN).await, Some(Rejection::AlreadyIssued));
        });
    }
}

#[test]
fn a_flushed_gate_is_open_and_asks_for_all_holders() {
    let test = "a_flushed_gate_is_open_and_asks_for_all_holders";
    let Some(server) = RedisServer::start(test, &[]) else { return };
    for script in SCRIPTS {
        let shared = Shared::new(open(&server.address()), script);
        runtime().block_on(async {
            shared.apply(campaign(1, 1), &[(ANN, 1)], true).await;
            assert_eq!(shared.advice(BOB).await, Some(Rejection::SoldOut));
            assert!(shared.gate.is_complete(DROP));
            server.say("FLUSHALL");
            assert_eq!(shared.advice(BOB).await, None);
            assert!(!shared.gate.is_complete(DROP), "the engine counts the holders");
            shared.apply(campaign(1, 1), &[(ANN, 1)], true).await;
            assert_eq!(shared.advice(BOB).await, Some(Rejection::SoldOut));
        });
    }
}

#[test]
fn a_gate_with_lost_claims_refuses_nothing() {
    let Some(server) = RedisServer::start("a_gate_with_lost_claims_refuses_nothing", &[]) else { return };
    let shared = Shared::new(open_as(&server, "half"), GateScript::Counter);
    runtime().block_on(async {
        shared.apply(campaign(1, 1), &[(ANN, 1)], true).await;
        server.say("DEL doorbuster:half:gate:c:{1}:claims");
        assert_eq!(shared.advice(ANN).await, None, "Ann's claim is lost");
        shared.apply(campaign(1, 1), &[(ANN, 1)], true).await;
        assert_eq!(shared.advice(ANN).await, Some(Rejection::AlreadyIssued));
    });
}

#[test]
fn counts_and_claims_go_together_and_not_before_the_coupons_end() {
    let test = "counts_and_claims_go_together_and_not_before_the_coupons_end";
    let Some(server) = RedisServer::start(test, &[]) else { return };
    let shared = Shared::new(open_as(&server, "kept"), GateScript::Counter);
    runtime().block_on(shared.apply(campaign(5, 1), &[(ANN, 1)], false));
    let ends = |key: &str| server.say(&format!("PEXPIRETIME doorbuster:kept:gate:c:{{1}}:{key}"));
    let day_after = ":4000086400000\r\n";
    assert_eq!([ends("terms"), ends("claims"), ends("count")], [day_after; 3]);
}

#[test]
fn a_lost_redis_costs_nothing_and_is_used_again_when_it_is_back() {
    let test = "a_lost_redis_costs_nothing_and_is_used_again_when_it_is_back";
    let Some(mut server) = RedisServer::start(test, &[]) else { return };
    let redis = open(&server.address());
    let shared = Shared::new(Arc::clone(&redis), GateScript::Counter);
    runtime().block_on(async {
        shared.apply(campaign(1, 1), &[(ANN, 1)], true).await;
        assert_eq!(shared.advice(BOB).await, Some(Rejection::SoldOut));
    });
    server.kill();
    assert_eq!(runtime().block_on(shared.advice(BOB)), None);
    wait_until("a lost Redis is not called", || matches!(shared.gate.advice(DROP, BOB, NOW), Advice::Given(None)));
    assert!(shared.gate.is_complete(DROP), "holders need not be counted while Redis is lost");
    server.restart();
    wait_until("it is called again", || redis.works());
    runtime().block_on(async {
        assert_eq!(shared.advice(BOB).await, None);
        shared.apply(campaign(1, 1), &[(ANN, 1)], true).await;
        assert_eq!(shared.advice(BOB).await, Some(Rejection::SoldOut));
    });
}

#[test]
fn a_key_of_another_type_is_named_to_the_audit() {
    let test = "a_key_of_another_type_is_named_to_the_audit";
    let Some(mut server) = RedisServer::start(test, &[]) else { return };
    for (script, kind, types) in [
        (GateScript::Counter, "c", ["hash", "set", "string"]),
        (GateScript::SortedSet, "z", ["hash", "zset", "string"]),
    ] {
        let redis = open_as(&server, "typed");
        let shared = Shared::new(Arc::clone(&redis), script);
        for (name, expected) in ["terms", "claims", "count"].into_iter().zip(types) {
            // The sorted set counts its own members.
            if script == GateScript::SortedSet && name == "count" {
                continue;
            }
            let known = || runtime().block_on(shared.gate.known(&[DROP]));
            server.say("FLUSHALL");
            runtime().block_on(shared.apply(campaign(5, 1), &[(ANN, 1)], true));
            assert_eq!(known(), GateFacts { known: BTreeMap::from([(DROP, 1)]), doubt: None });
            let key = format!("doorbuster:typed:gate:{kind}:{{1}}:{name}");
            server.say(&format!("DEL {key}"));
            server.say(&format!("RPUSH {key} x"));
            let doubt = Some(format!("the key {key} in Redis has the type list instead of {expected}"));
            assert_eq!(known(), GateFacts { known: BTreeMap::new(), doubt });
            assert!(redis.works(), "Redis has answered");
        }
    }
    let shared = Shared::new(open_as(&server, "silent"), GateScript::Counter);
    server.kill();
    let doubt = runtime().block_on(shared.gate.known(&[DROP])).doubt.unwrap();
    assert!(doubt.starts_with("Redis does not answer: "), "{doubt}");
}

#[test]
fn many_holders_are_sent_in_parts() {
    let Some(server) = RedisServer::start("many_holders_are_sent_in_parts", &[]) else { return };
    let holders: Vec<(UserId, i64)> = (1..=1_700).map(|user| (UserId(user), 1)).collect();
    for script in SCRIPTS {
        let shared = Shared::new(open(&server.address()), script);
        runtime().block_on(async {
            shared.apply(campaign(1_700, 1_700), &holders, true).await;
            assert_eq!(shared.advice(UserId(1_700)).await, Some(Rejection::AlreadyIssued));
            assert_eq!(shared.advice(UserId(1_701)).await, Some(Rejection::SoldOut));
        });
    }
}
