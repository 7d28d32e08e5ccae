//! Metrics of Redis and of the gate. Without Redis, every request reaches the engine.

use std::fmt;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;

/// The state of Redis and the gate at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Condition {
    pub works: bool,
    pub calls: u64,
    pub failures: u64,
    pub losses: u64,
}

type Ask = Box<dyn Fn() -> Condition + Send + Sync>;

pub struct RedisMetrics(Ask);

impl RedisMetrics {
    pub fn new(ask: Ask) -> RedisMetrics {
        RedisMetrics(ask)
    }
}

impl fmt::Debug for RedisMetrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RedisMetrics").field(&(self.0)()).finish()
    }
}

impl Collector for RedisMetrics {
    fn encode(&self, mut encoder: DescriptorEncoder) -> Result<(), fmt::Error> {
        let Condition { works, calls, failures, losses } = (self.0)();
        let help = "1 if Redis answers; at 0 the gate is open and processes poll for each other's commits";
        let up = encoder.encode_descriptor("redis_up", help, None, MetricType::Gauge)?;
        ConstGauge::new(i64::from(works)).encode(up)?;
        for (name, help, count) in [
            ("redis_calls", "Calls to Redis", calls),
            ("redis_failures", "Calls to Redis that failed", failures),
            ("redis_losses", "Times that the connection to Redis was lost", losses),
        ] {
            let counter = encoder.encode_descriptor(name, help, None, MetricType::Counter)?;
            ConstCounter::new(count).encode(counter)?;
        }
        Ok(())
    }
}
