//! Rate limits: an average rate, and a burst.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

/// A bucket that holds `burst` and gains `per_s` each second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    pub per_s: u32,
    pub burst: u32,
}

/// The result of taking one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Taken {
    pub is_granted: bool,
    /// How many more could be taken now.
    pub left: u32,
    /// When one could be taken again, or when the bucket is full again after one was taken.
    pub wait: Duration,
}

impl Rate {
    /// Returns the average interval in microseconds.
    pub fn interval_us(self) -> i64 {
        1_000_000 / i64::from(self.per_s.max(1))
    }

    /// Returns the time that the whole bucket is worth, in microseconds.
    pub fn span_us(self) -> i64 {
        self.interval_us() * i64::from(self.burst.max(1))
    }

    /// Takes one from a bucket that is full again at `full_at`; returns the new `full_at`, and the result.
    pub fn take(self, full_at: i64, now: i64) -> (i64, Taken) {
        let (full_at, interval, span) = (full_at.max(now), self.interval_us(), self.span_us());
        let then = full_at + interval;
        if then - now > span {
            return (full_at, self.taken(false, 0, then - span - now));
        }
        (then, self.taken(true, span - (then - now), then - now))
    }

    /// Returns the result, from the time that is left in the bucket.
    pub fn taken(self, is_granted: bool, left_us: i64, wait_us: i64) -> Taken {
        let left = u32::try_from(left_us.max(0) / self.interval_us()).unwrap_or(u32::MAX);
        Taken { is_granted, left, wait: Duration::from_micros(wait_us.max(0).unsigned_abs()) }
    }
}

/// Buckets that all processes share. They may be lost, and then each process has its own.
pub trait SharedRates: Send + Sync {
    /// Takes one from the bucket of `who`; `None` when the shared buckets are unavailable.
    fn take(&self, who: String, rate: Rate) -> Pin<Box<dyn Future<Output = Option<Taken>> + Send + '_>>;
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: Rate = Rate { per_s: 10, burst: 3 };
    const NOON: i64 = 1_000_000_000;

    #[test]
    fn a_bucket_gives_its_burst_and_then_its_rate() {
        let mut full_at = 0;
        let mut take = |now: i64| {
            let (then, taken) = RATE.take(full_at, now);
            full_at = then;
            (taken.is_granted, taken.left)
        };
        assert_eq!([take(NOON), take(NOON), take(NOON)], [(true, 2), (true, 1), (true, 0)]);
        assert_eq!(take(NOON), (false, 0));
        assert_eq!(take(NOON + 99_999), (false, 0));
        assert_eq!(take(NOON + 100_000), (true, 0));
        assert_eq!(take(NOON + 100_000), (false, 0));
        assert_eq!(take(NOON + 10_000_000), (true, 2), "it holds no more than its burst");
    }

    #[test]
    fn one_is_granted_after_the_reported_wait() {
        let (mut full_at, mut now) = (0, NOON);
        for _ in 0..3 {
            (full_at, _) = RATE.take(full_at, now);
        }
        let (_, refused) = RATE.take(full_at, now);
        now += i64::try_from(refused.wait.as_micros()).unwrap();
        assert!(RATE.take(full_at, now).1.is_granted);
        assert!(!RATE.take(full_at, now - 1).1.is_granted);
    }
}
