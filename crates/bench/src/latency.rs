//! Latencies of responses.

use std::time::Duration;

use hdrhistogram::Histogram;

/// Above every time-out.
const NANOS_MAX: u64 = 120_000_000_000;
/// Three significant digits at every magnitude.
const DIGITS: u8 = 3;

/// A histogram of the times from the (intended) start to the response.
#[derive(Clone, Debug)]
pub struct Latencies(Histogram<u64>);

impl Default for Latencies {
    fn default() -> Latencies {
        Latencies(Histogram::new_with_bounds(1_000, NANOS_MAX, DIGITS).expect("the bounds are in order"))
    }
}

impl Latencies {
    pub fn record(&mut self, took: Duration) {
        self.0.saturating_record(u64::try_from(took.as_nanos()).unwrap_or(NANOS_MAX));
    }

    pub fn count(&self) -> u64 {
        self.0.len()
    }

    /// Returns the latency that this share of responses did not exceed.
    pub fn quantile_ms(&self, share: f64) -> f64 {
        millis(self.0.value_at_quantile(share))
    }

    pub fn mean_ms(&self) -> f64 {
        self.0.mean() / 1e6
    }

    pub fn max_ms(&self) -> f64 {
        millis(self.0.max())
    }
}

fn millis(nanos: u64) -> f64 {
    Duration::from_nanos(nanos).as_secs_f64() * 1e3
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_right_to_three_digits() {
        let mut latencies = Latencies::default();
        (1..=1_000).for_each(|ms| latencies.record(Duration::from_millis(ms)));
        assert_eq!(latencies.count(), 1_000);
        for (share, expected) in [(0.5, 500.0), (0.99, 990.0), (0.999, 999.0)] {
            let found = latencies.quantile_ms(share);
            assert!((found - expected).abs() / expected < 0.001, "{share}: {found}");
        }
        assert!((latencies.mean_ms() - 500.5).abs() < 1.0);
        assert!((latencies.max_ms() - 1_000.0).abs() < 1.0);
    }

    #[test]
    fn what_takes_too_long_is_counted_as_the_longest() {
        let mut latencies = Latencies::default();
        latencies.record(Duration::from_secs(3_600));
        assert_eq!(latencies.count(), 1);
        assert!(latencies.max_ms() >= 120_000.0);
    }
}
