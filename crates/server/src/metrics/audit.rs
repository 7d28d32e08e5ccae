//! The result of the latest audit of the running shop.

use std::fmt;
use std::sync::Arc;

use parking_lot::Mutex;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::gauge::ConstGauge;

use super::Metrics;

/// The number of violations that the latest audit by this process found; without a sample before the first one.
#[derive(Clone, Debug, Default)]
pub struct AuditMetrics(Arc<Mutex<Latest>>);

#[derive(Debug, Default)]
struct Latest {
    violations: Option<i64>,
    is_news: bool,
}

impl AuditMetrics {
    pub fn register(metrics: &Metrics) -> AuditMetrics {
        let audit = AuditMetrics::default();
        metrics.register(|registry| registry.register_collector(Box::new(audit.clone())));
        audit
    }

    pub(crate) fn set(&self, violations: u64) {
        let violations = Some(i64::try_from(violations).unwrap_or(i64::MAX));
        *self.0.lock() = Latest { violations, is_news: true };
    }

    /// Returns the result of an audit once.
    pub(crate) fn take_news(&self) -> Option<i64> {
        let mut latest = self.0.lock();
        std::mem::take(&mut latest.is_news).then_some(latest.violations).flatten()
    }

    /// Makes the latest result news again, because the alert about it could not be written.
    pub(crate) fn tell_again(&self) {
        self.0.lock().is_news = true;
    }
}

impl Collector for AuditMetrics {
    fn encode(&self, mut encoder: DescriptorEncoder) -> Result<(), fmt::Error> {
        let help = "Violations that the latest audit by this process found";
        let gauge = encoder.encode_descriptor("audit_violations", help, None, MetricType::Gauge)?;
        self.0.lock().violations.map_or(Ok(()), |violations| ConstGauge::new(violations).encode(gauge))
    }
}
