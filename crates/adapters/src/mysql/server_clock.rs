//! The store's clock: what the server's says, kept up between two questions by this machine's own.

use std::sync::atomic::{AtomicI64, Ordering};

use app::ports::Clock;
use domain::time::Timestamp;

use crate::clock::SystemClock;

/// Processes on machines whose clocks differ decide by one clock. How far this machine is off is learned with each batch.
#[derive(Debug, Default)]
pub struct ServerClock {
    /// Microseconds that the server is ahead.
    ahead: AtomicI64,
}

impl ServerClock {
    /// Told what the server's clock said just now.
    pub(super) fn set(&self, server: Timestamp) {
        self.ahead.store(server.micros() - SystemClock.now().micros(), Ordering::Relaxed);
    }
}

impl Clock for ServerClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(SystemClock.now().micros() + self.ahead.load(Ordering::Relaxed))
    }
}
