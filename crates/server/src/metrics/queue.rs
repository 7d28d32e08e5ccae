//! The queue of commands that wait for the engine.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};

use app::ports::Clock;
use domain::time::Timestamp;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::gauge::ConstGauge;

/// The load of the engine's queue.
#[derive(Debug, Default)]
pub struct QueueLoad {
    /// Since when the oldest queued command has waited, at the latest. The queue itself does not show its first command: a
    /// command that finds the queue empty is the oldest, and after the engine has taken some, the others are younger than
    /// the last of them.
    oldest: AtomicI64,
    rush: AtomicUsize,
}

impl QueueLoad {
    pub(crate) fn set_oldest(&self, at: Timestamp) {
        self.oldest.store(at.micros(), Ordering::Relaxed);
    }

    /// Counts the orders and coupons of a batch. Only the engine's thread calls it.
    pub(crate) fn took(&self, sales: usize) {
        let before = self.rush.load(Ordering::Relaxed);
        self.rush.store(sales.max(before - before.div_ceil(4)), Ordering::Relaxed);
    }

    /// Returns the orders and coupons of the last batches: their largest number, which fades with each batch.
    pub(crate) fn rush(&self) -> usize {
        self.rush.load(Ordering::Relaxed)
    }

    fn oldest(&self) -> Timestamp {
        Timestamp::from_micros(self.oldest.load(Ordering::Relaxed))
    }
}

type Depth = Box<dyn Fn() -> usize + Send + Sync>;

pub struct QueueMetrics {
    pub depth: Depth,
    pub load: Arc<QueueLoad>,
    pub clock: Arc<dyn Clock>,
}

impl fmt::Debug for QueueMetrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("QueueMetrics").finish_non_exhaustive()
    }
}

impl Collector for QueueMetrics {
    fn encode(&self, mut encoder: DescriptorEncoder) -> Result<(), fmt::Error> {
        let depth = (self.depth)();
        let age = if depth == 0 { 0.0 } else { (self.clock.now() - self.load.oldest()).as_secs_f64() };
        let help = "Commands that wait for the engine";
        let gauge = encoder.encode_descriptor("engine_queue_depth", help, None, MetricType::Gauge)?;
        ConstGauge::new(i64::try_from(depth).unwrap_or(i64::MAX)).encode(gauge)?;
        let help = "How long the oldest command has waited for the engine";
        let gauge = encoder.encode_descriptor("engine_queue_age_seconds", help, None, MetricType::Gauge)?;
        ConstGauge::new(age).encode(gauge)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rush_fades_with_each_batch() {
        let load = QueueLoad::default();
        load.took(100);
        assert_eq!(load.rush(), 100);
        load.took(2);
        assert_eq!(load.rush(), 75);
        (0..20).for_each(|_| load.took(2));
        assert_eq!(load.rush(), 2);
        (0..3).for_each(|_| load.took(0));
        assert_eq!(load.rush(), 0);
    }
}
