//! Metrics of notifications.

use app::notifications::runner::AttemptResult;
use domain::notification::Channel;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;

use crate::metrics::Metrics;

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct AttemptLabels {
    channel: &'static str,
    result: &'static str,
}

#[derive(Clone)]
pub struct NotificationMetrics {
    attempts: Family<AttemptLabels, Counter>,
}

impl NotificationMetrics {
    pub fn register(metrics: &Metrics) -> NotificationMetrics {
        let notifications = NotificationMetrics { attempts: Family::default() };
        metrics.register(|registry| {
            let help = "Attempts to send a notification, by channel and result";
            registry.register("notifications", help, notifications.attempts.clone());
        });
        notifications
    }

    pub(crate) fn observe(&self, channel: Channel, result: AttemptResult) {
        let result = match result {
            AttemptResult::Sent => "sent",
            AttemptResult::Unwanted => "unwanted",
            AttemptResult::Failed => "failed",
            AttemptResult::Dead => "dead",
        };
        self.attempts.get_or_create(&AttemptLabels { channel: channel.name(), result }).inc();
    }
}
