//! One connection for all services, and its breaker.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, mpsc};
use std::time::Duration;

use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::{Client, RedisError};
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::sync::Notify;

use super::place::{OpenError, Place};

/// How often an unreachable Redis is probed, and how often a reachable one.
const PROBE_EVERY: Duration = Duration::from_millis(100);
const CHECK_EVERY: Duration = Duration::from_secs(1);
/// How long opening waits for a first answer before it continues without Redis.
const FIRST_ANSWER_TIMEOUT: Duration = Duration::from_millis(500);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);
/// Concurrent calls before further ones wait.
const CALLS_MAX: usize = 1_024;

/// Configuration of the connection.
#[derive(Clone)]
pub struct Options {
    pub place: Place,
    /// Time-out of a call.
    pub timeout: Duration,
    /// Part of every key, which separates this shop's keys from those of others.
    pub shop: String,
}

/// State of the connection, for the metrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Condition {
    pub works: bool,
    pub calls: u64,
    pub failures: u64,
    /// Number of times that the connection was lost, each counted once for all failed calls.
    pub losses: u64,
}

/// A connection to Redis, which may be unreachable.
pub struct Redis {
    client: Client,
    manager: ConnectionManager,
    options: Options,
    health: Arc<Health>,
    handle: Handle,
    /// `None` only while it is dropped.
    runtime: Option<Runtime>,
}

#[derive(Default)]
struct Health {
    place: Place,
    works: AtomicBool,
    /// Counts the recoveries: after each one, Redis may have lost its data or have an older copy.
    returns: AtomicU64,
    calls: AtomicU64,
    failures: AtomicU64,
    losses: AtomicU64,
    /// True after the loss was logged, also when Redis was never reachable.
    is_logged: AtomicBool,
    failed: Notify,
}

impl Redis {
    /// Opens a connection, or starts to try: an unreachable Redis is no error.
    pub fn open(options: Options) -> Result<Arc<Redis>, OpenError> {
        let client = options.place.client()?;
        let runtime = Builder::new_multi_thread().worker_threads(1).thread_name("redis").enable_all().build()?;
        let handle = runtime.handle().clone();
        let config = ConnectionManagerConfig::new()
            .set_response_timeout(Some(options.timeout))
            .set_connection_timeout(Some(CONNECT_TIMEOUT))
            .set_number_of_retries(1)
            .set_min_delay(Duration::from_millis(10))
            .set_max_delay(PROBE_EVERY)
            .set_pipeline_buffer_size(CALLS_MAX);
        let manager = {
            let _inside = handle.enter();
            ConnectionManager::new_lazy_with_config(client.clone(), config).map_err(|_| OpenError::Address)?
        };
        let health = Arc::new(Health { place: options.place.clone(), ..Health::default() });
        let (sender, receiver) = mpsc::channel();
        handle.spawn(watch(manager.clone(), Arc::clone(&health), sender));
        // In either case the probe updates the state from here on.
        let _ = receiver.recv_timeout(FIRST_ANSWER_TIMEOUT);
        Ok(Arc::new(Redis { client, manager, options, health, handle, runtime: Some(runtime) }))
    }

    /// Returns whether calls are made.
    pub fn works(&self) -> bool {
        self.health.works.load(Ordering::Acquire)
    }

    pub fn condition(&self) -> Condition {
        Condition {
            works: self.works(),
            calls: self.health.calls.load(Ordering::Relaxed),
            failures: self.health.failures.load(Ordering::Relaxed),
            losses: self.health.losses.load(Ordering::Relaxed),
        }
    }

    /// Increases with each recovery.
    pub(super) fn returns(&self) -> u64 {
        self.health.returns.load(Ordering::Acquire)
    }

    pub(super) fn client(&self) -> &Client {
        &self.client
    }

    pub(super) fn handle(&self) -> &Handle {
        &self.handle
    }

    /// Returns a key or channel of this shop.
    pub(super) fn key(&self, name: &str) -> String {
        key(&self.options.shop, name)
    }

    /// Makes a call, if Redis is reachable. Returns `None` after a time-out or an error: no further call is made until
    /// a probe was answered.
    pub(super) async fn call<T, F>(&self, make: impl FnOnce(ConnectionManager) -> F) -> Option<T>
    where
        F: Future<Output = Result<T, RedisError>>,
    {
        if !self.works() {
            return None;
        }
        self.health.calls.fetch_add(1, Ordering::Relaxed);
        let error = match tokio::time::timeout(self.options.timeout, make(self.manager.clone())).await {
            Ok(Ok(answer)) => return Some(answer),
            Ok(Err(error)) => error.to_string(),
            Err(_elapsed) => "no answer in time".to_owned(),
        };
        self.health.fail(&error);
        None
    }
}

/// Deletes all keys of a shop that is no longer served.
pub async fn forget(place: &Place, shop: &str) -> Result<(), OpenError> {
    unlink_all(&place.client()?, shop).await.map_err(|error| OpenError::Lost(place.explained(&error.to_string())))
}

async fn unlink_all(client: &Client, shop: &str) -> Result<(), RedisError> {
    let mut connection = client.get_multiplexed_async_connection().await?;
    let pattern = format!("{}*", key(shop, ""));
    let mut cursor = 0_u64;
    loop {
        let scan = redis::cmd("SCAN").arg(cursor).arg("MATCH").arg(&pattern).arg("COUNT").arg(1_000).to_owned();
        let (next, keys): (u64, Vec<String>) = scan.query_async(&mut connection).await?;
        if !keys.is_empty() {
            let () = redis::cmd("UNLINK").arg(keys).query_async(&mut connection).await?;
        }
        if next == 0 {
            return Ok(());
        }
        cursor = next;
    }
}

fn key(shop: &str, name: &str) -> String {
    format!("doorbuster:{shop}:{name}")
}

impl Drop for Redis {
    fn drop(&mut self) {
        // The caller may be a task itself and must not wait for others.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl Health {
    fn fail(&self, error: &str) {
        self.failures.fetch_add(1, Ordering::Relaxed);
        // Of concurrent failures only the first one notifies.
        if self.works.swap(false, Ordering::AcqRel) {
            self.failed.notify_one();
        }
        if !self.is_logged.swap(true, Ordering::AcqRel) {
            self.losses.fetch_add(1, Ordering::Relaxed);
            tracing::warn!(
                "Redis does not answer and is not called until it does; the shop works without it: {}",
                self.place.explained(error)
            );
        }
    }

    fn recover(&self) {
        if !self.works.load(Ordering::Acquire) {
            self.returns.fetch_add(1, Ordering::AcqRel);
            self.works.store(true, Ordering::Release);
            if self.is_logged.swap(false, Ordering::AcqRel) {
                tracing::info!("Redis answers.");
            }
        }
    }
}

/// Probes Redis repeatedly; sends a message after each probe.
async fn watch(manager: ConnectionManager, health: Arc<Health>, sender: mpsc::Sender<()>) {
    loop {
        let mut connection = manager.clone();
        let ping = async move { redis::cmd("PING").query_async::<String>(&mut connection).await };
        match tokio::time::timeout(CONNECT_TIMEOUT, ping).await {
            Ok(Ok(_pong)) => health.recover(),
            Ok(Err(error)) => health.fail(&error.to_string()),
            Err(_elapsed) => health.fail("no answer in time"),
        }
        // The receiver is gone after the first probe.
        let _ = sender.send(());
        if !health.works.load(Ordering::Acquire) {
            tokio::time::sleep(PROBE_EVERY).await;
            continue;
        }
        tokio::select! {
            () = health.failed.notified() => tokio::time::sleep(PROBE_EVERY).await,
            () = tokio::time::sleep(CHECK_EVERY) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_loss_is_counted_once_even_if_redis_was_never_reachable() {
        let health = Health::default();
        for lost in 1..=3 {
            (0..5).for_each(|_| health.fail("connection refused"));
            assert_eq!(health.losses.load(Ordering::Relaxed), lost);
            assert!(!health.works.load(Ordering::Relaxed));
            health.recover();
        }
        assert_eq!(health.failures.load(Ordering::Relaxed), 15);
    }
}
