//! One connection for all services, and its breaker.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, mpsc};
use std::time::Duration;

use redis::RedisError;
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::sync::{Notify, watch};

use super::line::Line;
use super::open_error::OpenError;
use super::place::Place;
use super::servers::{Found, PROBE_EVERY, Reached, Servers};

/// Interval of probes of a reachable Redis.
const CHECK_EVERY: Duration = Duration::from_secs(1);
/// How long opening waits for a first answer before it continues without Redis.
const FIRST_ANSWER_TIMEOUT: Duration = Duration::from_millis(500);

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
    reached: watch::Receiver<Option<Reached>>,
    options: Options,
    health: Arc<Health>,
    handle: Handle,
    /// `None` only while it is dropped.
    runtime: Option<Runtime>,
}

/// Why a call has no result.
pub(super) enum Unanswered {
    /// Redis is unreachable, or too slow.
    Silent(String),
    /// Redis answered with an error.
    Refused(String),
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
        let servers = Servers::new(&options.place, options.timeout)?;
        let runtime = Builder::new_multi_thread().worker_threads(1).thread_name("redis").enable_all().build()?;
        let handle = runtime.handle().clone();
        let health = Arc::new(Health { place: options.place.clone(), ..Health::default() });
        let (reaches, reached) = watch::channel(None);
        let (sender, receiver) = mpsc::channel();
        handle.spawn(probe(servers, Arc::clone(&health), reaches, sender));
        // In either case the probe updates the state from here on.
        let _ = receiver.recv_timeout(FIRST_ANSWER_TIMEOUT);
        Ok(Arc::new(Redis { reached, options, health, handle, runtime: Some(runtime) }))
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

    /// Returns the connection in use, and when another one takes its place.
    pub(super) fn reached(&self) -> watch::Receiver<Option<Reached>> {
        self.reached.clone()
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
    pub(super) async fn call<T, F>(&self, make: impl FnOnce(Line) -> F) -> Option<T>
    where
        F: Future<Output = Result<T, RedisError>>,
    {
        match self.ask(make).await {
            Ok(answer) => Some(answer),
            Err(Unanswered::Refused(why)) => {
                self.health.fail(&why);
                None
            }
            Err(Unanswered::Silent(_)) => None,
        }
    }

    /// Makes a call of which a refusal is an answer, such as that a key has another type.
    pub(super) async fn ask<T, F>(&self, make: impl FnOnce(Line) -> F) -> Result<T, Unanswered>
    where
        F: Future<Output = Result<T, RedisError>>,
    {
        let line = self.reached.borrow().as_ref().filter(|_| self.works()).map(|reached| reached.line.clone());
        let Some(line) = line else { return Err(Unanswered::Silent("it is unreachable".to_owned())) };
        self.health.calls.fetch_add(1, Ordering::Relaxed);
        let why = match tokio::time::timeout(self.options.timeout, make(line)).await {
            Ok(Ok(answer)) => return Ok(answer),
            // An error with a code is a server's.
            Ok(Err(error)) if error.code().is_some() => return Err(Unanswered::Refused(error.to_string())),
            Ok(Err(error)) => error.to_string(),
            Err(_elapsed) => "no answer in time".to_owned(),
        };
        self.health.fail(&why);
        Err(Unanswered::Silent(why))
    }
}

pub(super) fn key(shop: &str, name: &str) -> String {
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
            match self.place.explained(error) {
                OpenError::Lost(why) => tracing::warn!(
                    "Redis does not answer and is not called until it does; the shop works without it: {why}"
                ),
                refused @ (OpenError::Address(_)
                | OpenError::Files(_)
                | OpenError::Denied(_)
                | OpenError::Thread(_)) => {
                    tracing::warn!("{refused}. It is not called until it accepts; the shop works without it.")
                }
            }
        }
    }

    /// A server that took another's place may have older data, although no call failed in between.
    fn recover(&self, is_other: bool) {
        let works = self.works.load(Ordering::Acquire);
        if !works || is_other {
            self.returns.fetch_add(1, Ordering::AcqRel);
        }
        if !works {
            self.works.store(true, Ordering::Release);
            if self.is_logged.swap(false, Ordering::AcqRel) {
                tracing::info!("Redis answers.");
            }
        }
    }
}

/// Probes Redis repeatedly; sends a message after each probe.
async fn probe(
    mut servers: Servers,
    health: Arc<Health>,
    reached: watch::Sender<Option<Reached>>,
    sender: mpsc::Sender<()>,
) {
    loop {
        match servers.probe().await {
            Ok(Found::Same) => health.recover(false),
            Ok(Found::Other(other)) => {
                reached.send_replace(Some(other));
                health.recover(true);
            }
            Err(why) => health.fail(&why),
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
            health.recover(false);
        }
        assert_eq!(health.failures.load(Ordering::Relaxed), 15);
    }

    #[test]
    fn another_server_counts_as_a_return_even_if_no_call_failed() {
        let health = Health::default();
        for (is_other, returns) in [(true, 1), (false, 1), (true, 2), (false, 2)] {
            health.recover(is_other);
            assert_eq!(health.returns.load(Ordering::Relaxed), returns);
        }
        assert_eq!(health.losses.load(Ordering::Relaxed), 0);
    }
}
