//! The open alerts of all processes, as this process read them last.

use std::fmt;
use std::sync::Arc;

use domain::alert::{Alert, Code};
use domain::time::Timestamp;
use parking_lot::Mutex;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::gauge::ConstGauge;

#[derive(Clone, Debug, Default)]
pub struct OpenAlerts(Arc<Mutex<Arc<[Alert]>>>);

impl OpenAlerts {
    pub(crate) fn set(&self, alerts: Vec<Alert>) {
        *self.0.lock() = alerts.into();
    }

    pub fn all(&self) -> Arc<[Alert]> {
        Arc::clone(&self.0.lock())
    }

    /// Returns when a breaker of another process makes its next call; `None` if no open alert says so.
    pub fn next_try(&self, service: &str, now: Timestamp) -> Option<Timestamp> {
        let open = self.all();
        let of_service = open.iter().filter(|alert| alert.code == Code::BreakerOpen && &*alert.scope == service);
        of_service.filter_map(|alert| alert.next_try).filter(|next| now < *next).max()
    }
}

impl Collector for OpenAlerts {
    fn encode(&self, mut encoder: DescriptorEncoder) -> Result<(), fmt::Error> {
        let open = self.all();
        let help = "Open alerts of all processes, by code";
        let mut family = encoder.encode_descriptor("alerts_open", help, None, MetricType::Gauge)?;
        for code in Code::ALL {
            let count = open.iter().filter(|alert| alert.code == code).count();
            let gauge = ConstGauge::new(i64::try_from(count).unwrap_or(i64::MAX));
            gauge.encode(family.encode_family(&[("code", code.name())])?)?;
        }
        Ok(())
    }
}
