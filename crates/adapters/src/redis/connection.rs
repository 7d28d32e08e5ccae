//! One connection for everything, and whether it is worth asking.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, mpsc};
use std::time::Duration;

use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::{Client, RedisError};
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::sync::Notify;

/// How often a Redis that does not answer is asked whether it does again, and one that does, whether it still does.
const PROBE_EVERY: Duration = Duration::from_millis(100);
const CHECK_EVERY: Duration = Duration::from_secs(1);
/// How long opening waits for a first answer before it goes on without.
const FIRST_ANSWER: Duration = Duration::from_millis(500);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);
/// Calls that may be on their way at once before further ones wait.
const CALLS_MAX: usize = 1_024;

/// What opening needs to know.
#[derive(Clone)]
pub struct Options {
    /// `redis://user:password@host:port/database`.
    pub address: String,
    /// How long a call may take.
    pub timeout: Duration,
    /// Tells this shop's keys from those of every other shop.
    pub shop: String,
}

#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("the address of Redis cannot be understood; it looks like redis://host:6379/")]
    Address,
    #[error("Redis does not do what it is asked: {0}")]
    Lost(String),
    #[error("the thread of the connection does not run: {0}")]
    Thread(#[from] std::io::Error),
}

/// How the connection does, for the metrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Condition {
    pub works: bool,
    pub calls: u64,
    pub failures: u64,
    /// How often it was lost, once for however many calls.
    pub losses: u64,
}

/// A connection to Redis, which may be there or not.
pub struct Redis {
    client: Client,
    manager: ConnectionManager,
    options: Options,
    health: Arc<Health>,
    handle: Handle,
    /// Taken only when it is dropped.
    runtime: Option<Runtime>,
}

#[derive(Default)]
struct Health {
    works: AtomicBool,
    /// Counts how often it came back: what it knew before may be gone, or older.
    returns: AtomicU64,
    calls: AtomicU64,
    failures: AtomicU64,
    losses: AtomicU64,
    /// Whether the log says that it is away: also when it never was there.
    is_told: AtomicBool,
    failed: Notify,
}

impl Redis {
    /// Opens a connection, or begins to try: a Redis that is not there is no reason to fail.
    pub fn open(options: Options) -> Result<Arc<Redis>, OpenError> {
        // The error may quote the address, and with it the password.
        let client = Client::open(options.address.as_str()).map_err(|_| OpenError::Address)?;
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
        let health = Arc::new(Health::default());
        let (tell, told) = mpsc::channel();
        handle.spawn(watch(manager.clone(), Arc::clone(&health), tell));
        // Whether it came or not: from here on the probe says how things are.
        let _ = told.recv_timeout(FIRST_ANSWER);
        Ok(Arc::new(Redis { client, manager, options, health, handle, runtime: Some(runtime) }))
    }

    /// Whether it is worth asking.
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

    /// Moves each time that it comes back from being away.
    pub(super) fn returns(&self) -> u64 {
        self.health.returns.load(Ordering::Acquire)
    }

    pub(super) fn client(&self) -> &Client {
        &self.client
    }

    pub(super) fn handle(&self) -> &Handle {
        &self.handle
    }

    /// A key or channel of this shop.
    pub(super) fn key(&self, name: &str) -> String {
        key(&self.options.shop, name)
    }

    /// Makes a call on the connection, if it is worth one. `None` when there is no answer in time, or a bad one: then no
    /// further call is made until a probe was answered.
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

/// Forgets everything that Redis keeps of a shop, which nobody serves any more.
pub async fn forget(address: &str, shop: &str) -> Result<(), OpenError> {
    unlink_all(address, shop).await.map_err(|error| OpenError::Lost(error.to_string()))
}

async fn unlink_all(address: &str, shop: &str) -> Result<(), RedisError> {
    let mut connection = Client::open(address)?.get_multiplexed_async_connection().await?;
    let pattern = format!("{}*", key(shop, ""));
    let mut cursor = 0_u64;
    loop {
        let look = redis::cmd("SCAN").arg(cursor).arg("MATCH").arg(&pattern).arg("COUNT").arg(1_000).to_owned();
        let (next, keys): (u64, Vec<String>) = look.query_async(&mut connection).await?;
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
        // Whoever drops it may be a task himself, and must not wait for others.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl Health {
    fn fail(&self, error: &str) {
        self.failures.fetch_add(1, Ordering::Relaxed);
        // Of many that fail at once, the first one says so.
        if self.works.swap(false, Ordering::AcqRel) {
            self.failed.notify_one();
        }
        if !self.is_told.swap(true, Ordering::AcqRel) {
            self.losses.fetch_add(1, Ordering::Relaxed);
            tracing::warn!(
                "Redis does not answer, and is left alone until it does again; nothing depends on it: {error}"
            );
        }
    }

    fn recover(&self) {
        if !self.works.load(Ordering::Acquire) {
            self.returns.fetch_add(1, Ordering::AcqRel);
            self.works.store(true, Ordering::Release);
            self.is_told.store(false, Ordering::Release);
            tracing::info!("Redis answers.");
        }
    }
}

/// Asks again and again whether Redis is there; says the first time what came of it.
async fn watch(manager: ConnectionManager, health: Arc<Health>, tell: mpsc::Sender<()>) {
    loop {
        let mut connection = manager.clone();
        let ping = async move { redis::cmd("PING").query_async::<String>(&mut connection).await };
        match tokio::time::timeout(CONNECT_TIMEOUT, ping).await {
            Ok(Ok(_pong)) => health.recover(),
            Ok(Err(error)) => health.fail(&error.to_string()),
            Err(_elapsed) => health.fail("no answer in time"),
        }
        // Nobody listens any more after the first time.
        let _ = tell.send(());
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
    fn a_loss_is_counted_once_also_of_one_that_never_was_there() {
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
