//! The queue of commands that wait for the engine.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use app::ports::Clock;
use domain::time::Timestamp;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::gauge::ConstGauge;

/// Since when the oldest queued command has waited, at the latest. The queue itself does not show its first command: a
/// command that finds the queue empty is the oldest, and after the engine has taken some, the others are younger than the
/// last of them.
#[derive(Debug, Default)]
pub struct OldestQueued(AtomicI64);

impl OldestQueued {
    pub(crate) fn set(&self, at: Timestamp) {
        self.0.store(at.micros(), Ordering::Relaxed);
    }

    fn get(&self) -> Timestamp {
        Timestamp::from_micros(self.0.load(Ordering::Relaxed))
    }
}

type Depth = Box<dyn Fn() -> usize + Send + Sync>;

pub struct QueueMetrics {
    pub depth: Depth,
    pub oldest: Arc<OldestQueued>,
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
        let age = if depth == 0 { 0.0 } else { (self.clock.now() - self.oldest.get()).as_secs_f64() };
        let help = "Commands that wait for the engine";
        let gauge = encoder.encode_descriptor("engine_queue_depth", help, None, MetricType::Gauge)?;
        ConstGauge::new(i64::try_from(depth).unwrap_or(i64::MAX)).encode(gauge)?;
        let help = "How long the oldest command has waited for the engine";
        let gauge = encoder.encode_descriptor("engine_queue_age_seconds", help, None, MetricType::Gauge)?;
        ConstGauge::new(age).encode(gauge)
    }
}
