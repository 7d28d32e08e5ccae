//! Connections to a Redis of the test's own.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use adapters::redis::{Options, Place, Redis};
use xtask::redis_server::{RedisServer, wait_until};

/// A connection under a name that only this test has.
pub(crate) fn open(address: &str) -> Arc<Redis> {
    static SHOPS: AtomicU32 = AtomicU32::new(0);
    open_at(address, &format!("test-{}", SHOPS.fetch_add(1, Ordering::Relaxed)))
}

pub(crate) fn open_as(server: &RedisServer, shop: &str) -> Arc<Redis> {
    open_at(&server.address(), shop)
}

pub(crate) fn open_at(address: &str, shop: &str) -> Arc<Redis> {
    // A long time-out, because the machine may be busy; other tests cover short ones.
    let options = Options { place: place(address), timeout: Duration::from_secs(5), shop: shop.to_owned() };
    let redis = Redis::open(options).unwrap();
    wait_until("the connection works", || redis.works());
    redis
}

pub(crate) fn place(address: &str) -> Place {
    Place { address: address.to_owned(), ..Place::default() }
}
