//! The machine's clock.

use std::time::SystemTime;

use app::ports::Clock;
use domain::time::Timestamp;

#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        // A clock before 1970 is a broken clock; the engine keeps going forward from wherever it starts.
        let since_epoch = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
        Timestamp::default() + since_epoch
    }
}
