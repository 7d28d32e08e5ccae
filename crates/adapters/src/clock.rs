//! The machine's clock, and a clock that never goes backwards.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Instant, SystemTime};

use app::ports::Clock;
use domain::time::Timestamp;
use parking_lot::Mutex;

#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        // A clock before 1970 is broken; the engine keeps going forward from its latest timestamp.
        let since_epoch = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
        Timestamp::default() + since_epoch
    }
}

/// The followed clock may jump back by this many microseconds before [`SteadyClock`] reacts, which saves a write at
/// each reading.
const TOLERANCE_US: i64 = 1_000;

/// Follows another clock. When that clock is set back, this one runs at half speed until the other has caught up:
/// deadlines and timers come later, but they come.
pub struct SteadyClock {
    followed: Arc<dyn Clock>,
    /// The latest time returned, in microseconds, within the tolerance.
    latest: AtomicI64,
    /// The time when it last started to run alone, and the instant of that start.
    alone: Mutex<(Timestamp, Instant)>,
}

impl SteadyClock {
    pub fn new(followed: Arc<dyn Clock>) -> SteadyClock {
        let now = followed.now();
        SteadyClock { followed, latest: AtomicI64::new(now.micros()), alone: Mutex::new((now, Instant::now())) }
    }

    fn run_alone(&self) -> Timestamp {
        let mut alone = self.alone.lock();
        let latest = Timestamp::from_micros(self.latest.load(Ordering::Relaxed));
        let reached = alone.0 + alone.1.elapsed() / 2;
        if reached < latest {
            *alone = (latest, Instant::now());
            return latest;
        }
        self.latest.fetch_max(reached.micros(), Ordering::Relaxed);
        reached
    }
}

impl Clock for SteadyClock {
    fn now(&self) -> Timestamp {
        let followed = self.followed.now();
        let ahead = self.latest.load(Ordering::Relaxed).saturating_sub(followed.micros());
        if ahead > TOLERANCE_US {
            return self.run_alone();
        }
        if ahead < -TOLERANCE_US {
            self.latest.fetch_max(followed.micros(), Ordering::Relaxed);
        }
        followed
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);
    const NOON: Timestamp = Timestamp::from_micros(12 * 3600 * 1_000_000);

    struct ManualClock(AtomicI64);

    impl ManualClock {
        fn set(&self, to: Timestamp) {
            self.0.store(to.micros(), Ordering::Relaxed);
        }
    }

    impl Clock for ManualClock {
        fn now(&self) -> Timestamp {
            Timestamp::from_micros(self.0.load(Ordering::Relaxed))
        }
    }

    fn clocks(at: Timestamp) -> (Arc<ManualClock>, SteadyClock) {
        let hand = Arc::new(ManualClock(AtomicI64::new(at.micros())));
        (Arc::clone(&hand), SteadyClock::new(hand))
    }

    /// Reads the clock until it shows `span` more.
    fn pass(clock: &SteadyClock, span: Duration) {
        let (end, mut before) = (clock.now() + span, clock.now());
        while before < end {
            let now = clock.now();
            assert!(now >= before, "the clock went backwards");
            before = now;
        }
    }

    #[test]
    fn a_clock_that_was_set_back_is_followed_at_half_speed() {
        let (hand, clock) = clocks(NOON);
        hand.set(NOON + HOUR);
        let shown = clock.now();
        hand.set(NOON);
        let begun = Instant::now();
        assert!(clock.now() >= shown);
        pass(&clock, Duration::from_millis(5));
        assert!(begun.elapsed() >= Duration::from_millis(10), "the clock runs at full speed");

        hand.set(NOON + 2 * HOUR);
        assert_eq!(clock.now(), NOON + 2 * HOUR, "the followed clock has caught up");
        hand.set(NOON + HOUR);
        assert!(clock.now() >= NOON + 2 * HOUR);
        pass(&clock, Duration::from_millis(1));
        assert!(clock.now() < NOON + 3 * HOUR, "the clock runs on from where it was");
    }

    #[test]
    fn a_clock_that_runs_or_wavers_is_followed() {
        let (hand, clock) = clocks(NOON);
        for micros in [0, 1, 500, 20, 90_000_000, 89_999_500, 90_000_000] {
            hand.set(NOON + Duration::from_micros(micros));
            assert_eq!(clock.now(), NOON + Duration::from_micros(micros));
        }
    }
}
