//! Time: the clock, and the days of the shop's time zone.

use std::fmt;

use domain::time::Timestamp;

/// The time of day; it may jump.
pub trait Clock: Send + Sync {
    fn now(&self) -> Timestamp;
}

/// The days of the shop's time zone.
pub trait Calendar: fmt::Debug + Send + Sync {
    /// Returns the number of the day; 1970-01-01 is day 0.
    fn day(&self, at: Timestamp) -> i64;
}

/// A calendar whose days are a fixed number of seconds ahead of UTC's.
#[derive(Clone, Copy, Debug, Default)]
pub struct FixedOffset(pub i64);

impl Calendar for FixedOffset {
    fn day(&self, at: Timestamp) -> i64 {
        Timestamp::from_micros(at.micros().saturating_add(self.0.saturating_mul(1_000_000))).day()
    }
}
