//! The services on a cluster, and on a primary that sentinels name, before and after a fail-over.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, mpsc};
use std::time::Duration;

use adapters::clock::SystemClock;
use adapters::redis::{self, GateScript, Redis, RedisGate, RedisNotifier, RedisRanking, RedisRates};
use app::ports::views::DaySales;
use app::ports::{CampaignFacts, Clock as _, FixedOffset, Gate as _, Notification, Notifier as _, Ranking as _};
use app::ports::{Wake, Window};
use app::resilience::rates::{Rate, SharedRates as _};
use domain::coupon::Rejection;
use domain::ids::{ProductId, UserId};
use xtask::redis_cluster::RedisCluster;
use xtask::redis_sentinels::RedisSentinels;
use xtask::redis_server::wait_until;

use super::gate::{ANN, BOB, DROP, NOW, campaign};
use super::sales::Sales;
use super::server::{open_at, place};
use super::views::Rows;
use crate::database::runtime;

const SHOP: &str = "several";
const RANKING: &str = "doorbuster:several:{ranking}:all";
const PRODUCT: ProductId = ProductId(7);

/// All services of one process.
struct Services {
    redis: Arc<Redis>,
    rows: Arc<Rows>,
    gate: RedisGate,
    sales: Arc<Sales>,
    ranking: RedisRanking,
    notifier: RedisNotifier,
    heard: mpsc::Receiver<Notification>,
    rates: RedisRates,
}

impl Services {
    fn open(address: &str) -> Services {
        let redis = open_at(address, SHOP);
        let (rows, sales): (Arc<Rows>, Arc<Sales>) = Default::default();
        let gate = RedisGate::new(Arc::clone(&redis), Arc::clone(&rows) as _, GateScript::Counter);
        let (clock, zone) = (Arc::new(SystemClock), Arc::new(FixedOffset(0)));
        let ranking = RedisRanking::new(Arc::clone(&redis), Arc::clone(&sales) as _, clock, zone);
        let notifier = RedisNotifier::new(Arc::clone(&redis));
        let (sender, heard) = mpsc::channel();
        notifier.listen(Box::new(move |notification| _ = sender.send(notification)));
        let rates = RedisRates::new(Arc::clone(&redis));
        Services { redis, rows, gate, sales, ranking, notifier, heard, rates }
    }

    /// Commits a coupon campaign with one holder.
    fn issue(&self, quantity: i64) {
        let row = campaign(quantity, 1);
        self.rows.put(&row);
        self.gate.apply(CampaignFacts { campaign: &Arc::new(row), holders: &[(ANN, 1)], complete: true });
        runtime().block_on(self.gate.flush());
    }

    fn advice(&self, user: UserId) -> Option<Rejection> {
        runtime().block_on(self.gate.advice(DROP, user, NOW).get()).map(|early| early.rejection)
    }

    fn sell(&self, sold: i64) {
        let today = SystemClock.now().day();
        self.sales.put(PRODUCT.0, today, sold, 0);
        self.ranking.apply(&[DaySales { product: PRODUCT, day: Some(today), sold, returned: 0 }]);
    }

    fn ranked(&self) -> Option<i64> {
        let best = runtime().block_on(self.ranking.popular(Window::All, 1))?;
        best.first().map(|popular| popular.sold)
    }

    fn takes(&self) -> bool {
        let rate = Rate { per_s: 1_000, burst: 1_000 };
        runtime().block_on(self.rates.take("ann".to_owned(), rate)).is_some()
    }

    /// Waits until the wake-up of another process arrives, which is repeated: it may be lost around a fail-over.
    fn await_wake_of(&self, other: &Services) {
        static USERS: AtomicI64 = AtomicI64::new(1);
        // One that no earlier wake-up named.
        let user = UserId(USERS.fetch_add(1, Ordering::Relaxed));
        let wake = Wake { users: vec![user], orders: vec![], requests: vec![] };
        wait_until("a wake-up arrives", || {
            other.notifier.notify(wake.clone());
            let heard = self.heard.recv_timeout(Duration::from_millis(50));
            heard == Ok(Notification::Wake(wake.clone()))
        });
    }
}

/// Everything is used, then servers change places, then it is used again. `change` may lose the newest writes.
fn survives(address: &str, change: impl FnOnce()) {
    let (here, there) = (Services::open(address), Services::open(address));
    here.issue(1);
    there.rows.put(&campaign(1, 1));
    assert_eq!([here.advice(ANN), there.advice(ANN)], [Some(Rejection::AlreadyIssued); 2]);
    assert_eq!([here.advice(BOB), there.advice(BOB)], [Some(Rejection::SoldOut); 2]);
    here.sell(3);
    wait_until("it is ranked", || here.ranked() == Some(3));
    there.await_wake_of(&here);
    assert!(here.takes() && there.takes());

    change();
    // The campaign has grown meanwhile, which the servers do not know: nothing refuses Bob for long.
    here.rows.put(&campaign(2, 1));
    here.gate.forget(DROP);
    assert_eq!(here.advice(BOB), None, "the store has one more");
    wait_until("it works again", || here.redis.works() && there.redis.works());
    here.sell(9);
    wait_until("the ranking is the store's", || here.ranked() == Some(9));
    wait_until("it refuses early again", || {
        here.issue(2);
        here.advice(ANN) == Some(Rejection::AlreadyIssued)
    });
    there.await_wake_of(&here);
    here.await_wake_of(&there);
    wait_until("rates are shared again", || here.takes() && there.takes());
}

/// Returns the units that the replica has in its ranking.
fn units_in_replica(sentinels: &RedisSentinels) -> String {
    sentinels.replica().say(&format!("ZSCORE {RANKING} {}", i64::MAX - PRODUCT.0))
}

#[test]
fn a_cluster_survives_the_death_of_a_primary() {
    let Some(mut cluster) = RedisCluster::start("a_cluster_survives_the_death_of_a_primary") else { return };
    survives(&cluster.address(), || cluster.fail_over(RANKING));
}

#[test]
fn a_cluster_survives_that_a_replica_takes_over_without_a_failure() {
    let test = "a_cluster_survives_that_a_replica_takes_over_without_a_failure";
    let Some(cluster) = RedisCluster::start(test) else { return };
    survives(&cluster.address(), || cluster.take_over(RANKING));
}

#[test]
fn sentinels_name_the_replica_after_the_death_of_the_primary() {
    let test = "sentinels_name_the_replica_after_the_death_of_the_primary";
    let Some(mut sentinels) = RedisSentinels::start(test) else { return };
    survives(&sentinels.address(), || sentinels.fail_over());
}

#[test]
fn sentinels_name_the_replica_that_takes_over_without_a_failure() {
    let test = "sentinels_name_the_replica_that_takes_over_without_a_failure";
    let Some(sentinels) = RedisSentinels::start(test) else { return };
    survives(&sentinels.address(), || {
        let replica = sentinels.replica();
        replica.say("CONFIG SET replica-read-only no");
        // As in a replica that misses the newest sales.
        replica.say(&format!("ZINCRBY {RANKING} -2 {}", i64::MAX - PRODUCT.0));
        sentinels.take_over();
        let has_all = || units_in_replica(&sentinels).contains("\r\n3\r\n");
        wait_until("the older copy was rebuilt", has_all);
    });
}

#[test]
fn a_shop_is_examined_and_forgotten_on_every_primary() {
    let test = "a_shop_is_examined_and_forgotten_on_every_primary";
    let Some(cluster) = RedisCluster::start(test) else { return };
    let address = cluster.address();
    let examined = runtime().block_on(redis::examine(&place(&address))).unwrap();
    let modes: Vec<&str> = examined.primaries.iter().map(|server| server.mode.as_str()).collect();
    assert_eq!((examined.is_cluster, modes), (true, vec!["cluster"; 3]));
    let rates = [RedisRates::new(open_at(&address, SHOP)), RedisRates::new(open_at(&address, "other"))];
    for user in 0..100 {
        let take = |rates: &RedisRates| {
            runtime().block_on(rates.take(format!("{user}"), Rate { per_s: 1, burst: 1 })).is_some()
        };
        assert!(rates.iter().all(take));
    }
    let sizes = || -> Vec<u32> {
        let size = |place: usize| cluster.nodes()[place].say("DBSIZE").trim().trim_start_matches(':').parse().unwrap();
        (0..3).map(size).collect()
    };
    assert!(sizes().iter().all(|size| *size > 0), "{:?}", sizes());
    runtime().block_on(redis::forget(&place(&address), SHOP)).unwrap();
    runtime().block_on(redis::forget(&place(&address), "other")).unwrap();
    assert_eq!(sizes(), [0; 3]);
}

#[test]
fn wrong_kinds_of_servers_are_named() {
    let test = "wrong_kinds_of_servers_are_named";
    let Some(sentinels) = RedisSentinels::start(test) else { return };
    let of = |address: &str| runtime().block_on(redis::examine(&place(address)));
    assert!(!of(&sentinels.address()).unwrap().primaries[0].is_replica);
    let unknown = of(&sentinels.address().replace("/shop", "/stop")).err().unwrap().to_string();
    assert!(unknown.contains("the sentinel 127.0.0.1") && unknown.contains("No such master"), "{unknown}");
    let no_cluster = sentinels.primary().replace("redis://", "redis+cluster://");
    let no_cluster = of(&no_cluster).err().unwrap().to_string();
    assert!(no_cluster.contains("it is no cluster; name a single server as redis://127.0.0.1"), "{no_cluster}");
}
