//! Time: the clock, and the days of the shop's time zone.

use std::fmt;

use domain::time::Timestamp;

use crate::state::rows::Resolution;

/// The time of day; it may jump.
pub trait Clock: Send + Sync {
    fn now(&self) -> Timestamp;
}

/// The days of the shop's time zone.
pub trait Calendar: fmt::Debug + Send + Sync {
    /// Returns by how many seconds the time zone is ahead of UTC at a moment.
    fn offset_s(&self, at: Timestamp) -> i64;

    /// Returns the number of the day; 1970-01-01 is day 0.
    fn day(&self, at: Timestamp) -> i64 {
        moved(at, self.offset_s(at)).day()
    }

    /// Returns the beginning of the minute, hour or day of a moment.
    fn start(&self, resolution: Resolution, at: Timestamp) -> Timestamp {
        let whole = |unit: i64| {
            let offset_s = self.offset_s(at);
            let local = moved(at, offset_s).micros();
            moved(Timestamp::from_micros(local.div_euclid(unit) * unit), -offset_s)
        };
        match resolution {
            Resolution::Minute => whole(MINUTE_MICROS),
            Resolution::Hour => whole(60 * MINUTE_MICROS),
            Resolution::Day => {
                let midnight = Timestamp::from_micros(self.day(at).saturating_mul(DAY_MICROS));
                // The offset at midnight may differ from the one at the moment.
                let about = moved(midnight, -self.offset_s(at));
                moved(midnight, -self.offset_s(about))
            }
        }
    }
}

const MINUTE_MICROS: i64 = 60_000_000;
const DAY_MICROS: i64 = 86_400_000_000;

const fn moved(at: Timestamp, seconds: i64) -> Timestamp {
    Timestamp::from_micros(at.micros().saturating_add(seconds.saturating_mul(1_000_000)))
}

/// A calendar whose days are a fixed number of seconds ahead of UTC's.
#[derive(Clone, Copy, Debug, Default)]
pub struct FixedOffset(pub i64);

impl Calendar for FixedOffset {
    fn offset_s(&self, _at: Timestamp) -> i64 {
        self.0
    }
}
