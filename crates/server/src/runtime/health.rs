//! Health of the process: its store takes writes, and all its threads are alive.

use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use tokio::sync::watch;

/// State of the process: whether the store takes writes, and the first failure of a thread.
#[derive(Debug)]
pub struct Health {
    /// Attempts to commit that failed since the last successful one.
    failures: AtomicU64,
    failed: watch::Sender<Option<&'static str>>,
}

impl Default for Health {
    fn default() -> Health {
        Health { failures: AtomicU64::new(0), failed: watch::Sender::new(None) }
    }
}

impl Health {
    /// Returns true if the last attempt to commit succeeded.
    pub fn takes_writes(&self) -> bool {
        self.failures.load(Ordering::Relaxed) == 0
    }

    /// Records the commits of a batch, and the attempts that failed because of the store.
    pub fn note(&self, commits: usize, failures: usize) {
        if commits > 0 {
            self.recover();
        } else if failures > 0 && self.failures.fetch_add(failures as u64, Ordering::Relaxed) == 0 {
            tracing::error!("The store takes no writes; the shop is not ready until it does.");
        }
    }

    /// Records that the store takes writes.
    pub fn recover(&self) {
        let failures = self.failures.swap(0, Ordering::Relaxed);
        if failures > 0 {
            tracing::info!(failures, "The store takes writes again.");
        }
    }

    /// Records, permanently, that the process cannot do its work.
    pub fn fail(&self, why: &'static str) {
        self.failed.send_if_modified(|failed| {
            let is_first = failed.is_none();
            failed.get_or_insert(why);
            is_first
        });
    }

    /// Returns why the process cannot do its work, if it has failed.
    pub fn failed(&self) -> Option<&'static str> {
        *self.failed.borrow()
    }

    /// Waits until the process has failed; returns why.
    pub async fn failure(&self) -> &'static str {
        let mut failed = self.failed.subscribe();
        match failed.wait_for(Option::is_some).await {
            Ok(why) => why.unwrap_or_default(),
            // The sender is a field of this struct, so the channel is never closed.
            Err(_) => std::future::pending().await,
        }
    }
}

/// Guard of a working thread: if the thread panics, the process has failed.
pub struct AtWork {
    health: std::sync::Arc<Health>,
    panicked: &'static str,
}

impl AtWork {
    pub fn new(health: &std::sync::Arc<Health>, panicked: &'static str) -> AtWork {
        AtWork { health: std::sync::Arc::clone(health), panicked }
    }
}

impl Drop for AtWork {
    fn drop(&mut self) {
        if thread::panicking() {
            self.health.fail(self.panicked);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[tokio::test]
    async fn a_thread_that_panics_fails_the_process() {
        let health = Arc::new(Health::default());
        let of = |text| AtWork::new(&health, text);
        drop(of("nothing"));
        assert_eq!(health.failed(), None, "a thread that ends without a panic is no failure");
        let at_work = of("the first panicked");
        std::thread::spawn(move || {
            let _at_work = at_work;
            panic!("as planned");
        })
        .join()
        .unwrap_err();
        health.fail("a later failure");
        assert_eq!(health.failure().await, "the first panicked");
    }

    #[test]
    fn one_commit_ends_a_series_of_failures() {
        let health = Health::default();
        health.note(0, 4);
        assert!(!health.takes_writes());
        health.note(0, 0);
        assert!(!health.takes_writes(), "a batch that wrote nothing proves nothing");
        health.note(1, 1);
        assert!(health.takes_writes());
    }
}
