//! State of the circuit breakers of participants, of the payment provider and of the channels to users.

use std::fmt;
use std::sync::Arc;

use app::ports::Clock;
use app::resilience::breaker::{SharedBreaker, State};
use app::resilience::services::{Service, Services};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::gauge::ConstGauge;

/// The name of the payment provider's breaker in metrics and alerts.
pub const PAYMENT_BREAKER: &str = "payment";

/// Breakers of the systems outside of the shop that this process calls, with their names in metrics and alerts.
pub type OutwardBreakers = Vec<(&'static str, SharedBreaker)>;

/// The breakers of this process, read when the metrics are rendered.
pub struct BreakerMetrics {
    pub services: Arc<Services>,
    /// Those of the payment provider and of the channels to users, where this process runs their loops.
    pub outward: OutwardBreakers,
    pub clock: Arc<dyn Clock>,
}

impl BreakerMetrics {
    fn states(&self) -> Vec<(&'static str, State)> {
        let now = self.clock.now();
        let of = |service| match service {
            Service::Stock => ("stock", self.services.state(service, now)),
            Service::Coupon => ("coupon", self.services.state(service, now)),
        };
        let outward = self.outward.iter().map(|(name, breaker)| (*name, breaker.state(now)));
        Service::ALL.into_iter().map(of).chain(outward).collect()
    }
}

impl fmt::Debug for BreakerMetrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("BreakerMetrics").field(&self.states()).finish()
    }
}

impl Collector for BreakerMetrics {
    fn encode(&self, mut encoder: DescriptorEncoder) -> Result<(), fmt::Error> {
        let help = "1 while a breaker is open or half-open, else 0";
        let mut family = encoder.encode_descriptor("breaker_open", help, None, MetricType::Gauge)?;
        for (service, state) in self.states() {
            let is_open = i64::from(state != State::Closed);
            ConstGauge::new(is_open).encode(family.encode_family(&[("service", service)])?)?;
        }
        Ok(())
    }
}
