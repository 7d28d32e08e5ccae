//! Metrics of what leaves the shop: webhooks, and notifications.

mod notifications;

use std::time::Duration;

use app::webhooks::runner::Sent;
use domain::webhook::Next;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;

use super::Metrics;

pub use notifications::NotificationMetrics;

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct AttemptLabels {
    result: &'static str,
}

const RESULTS: [&str; 5] = ["completed", "failed", "dead", "gone", "lost"];

#[derive(Clone)]
pub struct WebhookMetrics {
    deliveries: Family<AttemptLabels, Counter>,
    oldest_due: Gauge,
    open_breakers: Gauge,
}

impl WebhookMetrics {
    pub fn register(metrics: &Metrics) -> WebhookMetrics {
        let webhooks = WebhookMetrics {
            deliveries: Family::default(),
            oldest_due: Gauge::default(),
            open_breakers: Gauge::default(),
        };
        // A series that begins at 0 lets a rate show the first one.
        for result in RESULTS {
            drop(webhooks.deliveries.get_or_create(&AttemptLabels { result }));
        }
        metrics.register(|registry| {
            let help = "Attempts to deliver a webhook, by result";
            registry.register("webhook_deliveries", help, webhooks.deliveries.clone());
            let help = "How long the webhook that is due for the longest time has been due";
            registry.register("webhook_oldest_due_seconds", help, webhooks.oldest_due.clone());
            let help = "Endpoints to which nothing is sent for a while, because every attempt failed";
            registry.register("webhook_open_breakers", help, webhooks.open_breakers.clone());
        });
        webhooks
    }

    pub(crate) fn observe(&self, sent: &Sent) {
        let result = match sent.answered.next {
            _ if sent.answered.attempt.is_without_event() => "lost",
            Next::Done => "completed",
            Next::Again { .. } => "failed",
            Next::Dead => "dead",
            Next::Gone => "gone",
        };
        self.deliveries.get_or_create(&AttemptLabels { result }).inc();
    }

    pub(crate) fn set_oldest_due(&self, age: Duration) {
        self.oldest_due.set(i64::try_from(age.as_secs()).unwrap_or(i64::MAX));
    }

    pub(crate) fn set_open_breakers(&self, endpoints: usize) {
        self.open_breakers.set(i64::try_from(endpoints).unwrap_or(i64::MAX));
    }
}
