//! A clock that moves only when the simulator moves it.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use app::ports::Clock;
use domain::time::Timestamp;

/// A settable clock. Clones show the same time.
#[derive(Clone, Debug)]
pub struct ModelClock(Arc<AtomicI64>);

impl ModelClock {
    pub fn at(now: Timestamp) -> ModelClock {
        ModelClock(Arc::new(AtomicI64::new(now.micros())))
    }

    /// Sets the time, also back.
    pub fn set(&self, now: Timestamp) {
        self.0.store(now.micros(), Ordering::SeqCst);
    }

    pub fn advance(&self, span: Duration) {
        self.set(self.now() + span);
    }
}

impl Clock for ModelClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.0.load(Ordering::SeqCst))
    }
}
