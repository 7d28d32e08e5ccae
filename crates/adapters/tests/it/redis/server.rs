//! Connections to a Redis of the test's own.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use adapters::redis::{Options, Place, Redis};
use xtask::redis_server::{RedisServer, wait_until};

/// A connection under a name that only this test has.
pub(crate) fn open(server: &RedisServer) -> Arc<Redis> {
    static SHOPS: AtomicU32 = AtomicU32::new(0);
    open_as(server, &format!("test-{}", SHOPS.fetch_add(1, Ordering::Relaxed)))
}

pub(crate) fn open_as(server: &RedisServer, shop: &str) -> Arc<Redis> {
    // A long time-out, because the machine may be busy; other tests cover short ones.
    let options = Options {
        place: Place { address: server.address(), ..Place::default() },
        timeout: Duration::from_secs(5),
        shop: shop.to_owned(),
    };
    let redis = Redis::open(options).unwrap();
    wait_until("the connection works", || redis.works());
    redis
}
