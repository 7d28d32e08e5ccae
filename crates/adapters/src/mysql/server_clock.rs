//! The store's clock: the server's time, advanced between two readings by this machine's clock.

use std::sync::atomic::{AtomicI64, Ordering};

use app::ports::Clock;
use domain::time::Timestamp;

use crate::clock::SystemClock;

/// Processes on machines with different clocks decide by one clock. The difference is measured with each batch.
#[derive(Debug, Default)]
pub struct ServerClock {
    /// Microseconds by which the server's clock is ahead.
    ahead: AtomicI64,
}

impl ServerClock {
    /// Takes in the server's current time.
    pub(super) fn set(&self, server: Timestamp) {
        self.ahead.store(server.micros() - SystemClock.now().micros(), Ordering::Relaxed);
    }
}

impl Clock for ServerClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(SystemClock.now().micros() + self.ahead.load(Ordering::Relaxed))
    }
}
