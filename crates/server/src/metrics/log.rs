//! Consumer lag, the relay's backlog, dead letters and published records.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use app::events::topic::{Spread, Topic};
use app::log::relay::{PublishError, Publisher, Record};
use app::ports::BoxFuture;
use parking_lot::Mutex;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeLabelSet, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Unit;

use super::Metrics;

/// The result of the latest measurement.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LogCondition {
    /// Group, topic and lag in records. The store's own log has no topics: `""`.
    pub lags: Vec<(&'static str, &'static str, i64)>,
    /// The number of unpublished events and the age of the oldest, if there is a relay.
    pub backlog: Option<(i64, f64)>,
    /// The number of members of each group on the brokers, if they are counted.
    pub members: Vec<(&'static str, i64)>,
}

/// Dead letters and orders that wait for an operator.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Waiting {
    /// The number of open dead letters of every group.
    pub letters: Vec<(&'static str, i64)>,
    pub stuck_orders: Option<i64>,
    /// Orders whose saga is under way.
    pub open_orders: Option<i64>,
}

/// Renders the latest measurement.
#[derive(Clone, Debug, Default)]
pub struct LogMetrics(Arc<Mutex<(LogCondition, Waiting)>>);

impl LogMetrics {
    pub fn register(metrics: &Metrics) -> LogMetrics {
        let log = LogMetrics::default();
        metrics.register(|registry| registry.register_collector(Box::new(log.clone())));
        log
    }

    pub fn set(&self, condition: LogCondition) {
        self.0.lock().0 = condition;
    }

    /// Returns what was measured last; `None` where the last measurement failed.
    pub(crate) fn latest(&self) -> (Option<LogCondition>, Option<Waiting>) {
        let (condition, waiting) = self.0.lock().clone();
        let (is_measured, is_counted) = (!condition.lags.is_empty(), !waiting.letters.is_empty());
        (is_measured.then_some(condition), is_counted.then_some(waiting))
    }

    pub fn set_waiting(&self, waiting: Waiting) {
        self.0.lock().1 = waiting;
    }
}

impl Collector for LogMetrics {
    fn encode(&self, mut encoder: DescriptorEncoder) -> Result<(), fmt::Error> {
        let (LogCondition { lags, backlog, members }, waiting) = self.0.lock().clone();
        waiting.encode(&mut encoder)?;
        if !lags.is_empty() {
            let help = "Records that a consumer group has not yet read";
            let mut family = encoder.encode_descriptor("consumer_lag", help, None, MetricType::Gauge)?;
            for (group, topic, lag) in lags {
                let labels = [("group", group), ("topic", topic)];
                ConstGauge::new(lag).encode(family.encode_family(&labels)?)?;
            }
        }
        if !members.is_empty() {
            let help = "Members of a consumer group on the brokers, of all processes";
            let mut family = encoder.encode_descriptor("group_members", help, None, MetricType::Gauge)?;
            for (group, members) in members {
                ConstGauge::new(members).encode(family.encode_family(&[("group", group)])?)?;
            }
        }
        let Some((events, seconds)) = backlog else { return Ok(()) };
        let help = "Events committed but not published";
        ConstGauge::new(events).encode(encoder.encode_descriptor("relay_backlog", help, None, MetricType::Gauge)?)?;
        let help = "Age of the oldest unpublished event";
        let unit = Some(&Unit::Seconds);
        let age = encoder.encode_descriptor("relay_oldest_unpublished", help, unit, MetricType::Gauge)?;
        ConstGauge::new(seconds).encode(age)
    }
}

impl Waiting {
    fn encode(self, encoder: &mut DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        if !self.letters.is_empty() {
            let help = "Open dead letters: neither handled nor dropped";
            let mut family = encoder.encode_descriptor("dead_letters_open", help, None, MetricType::Gauge)?;
            for (group, letters) in self.letters {
                ConstGauge::new(letters).encode(family.encode_family(&[("group", group)])?)?;
            }
        }
        if let Some(open) = self.open_orders {
            let help = "Orders that are being claimed or compensated";
            let gauge = encoder.encode_descriptor("orders_backlog", help, None, MetricType::Gauge)?;
            ConstGauge::new(open).encode(gauge)?;
        }
        let Some(stuck) = self.stuck_orders else { return Ok(()) };
        let help = "Orders whose compensation is stuck and waits for an operator";
        ConstGauge::new(stuck).encode(encoder.encode_descriptor("orders_stuck", help, None, MetricType::Gauge)?)
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfTopic {
    topic: &'static str,
}

/// A publisher that counts its records.
pub struct Counted {
    inner: Box<dyn Publisher>,
    published: Published,
}

/// Records acknowledged by the broker, and those that it did not take, by topic.
#[derive(Clone, Debug, Default)]
pub struct Published {
    records: Family<OfTopic, Counter>,
    failures: Family<OfTopic, Counter>,
    /// True after a failed attempt, until one succeeds.
    is_failing: Arc<AtomicBool>,
}

impl Published {
    pub fn register(metrics: &Metrics) -> Published {
        let published = Published::default();
        // Without a series the family is not shown at all.
        for topic in Topic::ALL {
            drop(published.failures.get_or_create(&OfTopic { topic: topic.name() }));
        }
        let help = "Records published, as acknowledged by the broker";
        metrics.register(|registry| {
            registry.register("published_records", help, published.records.clone());
            let help = "Attempts to publish a record that failed; the record is published again";
            registry.register("publish_failures", help, published.failures.clone());
        });
        published
    }

    /// Returns true if the last attempt to publish failed.
    pub(crate) fn is_failing(&self) -> bool {
        self.is_failing.load(Ordering::Relaxed)
    }

    fn note(&self, has_failed: bool) {
        self.is_failing.store(has_failed, Ordering::Relaxed);
    }

    pub fn counting(self, inner: Box<dyn Publisher>) -> Counted {
        Counted { inner, published: self }
    }
}

impl Publisher for Counted {
    fn sizes(&mut self) -> BoxFuture<'_, Result<Spread, PublishError>> {
        Box::pin(async move {
            let sizes = self.inner.sizes().await;
            self.published.note(sizes.is_err());
            sizes
        })
    }

    fn publish<'a>(&'a mut self, records: &'a [Record], spread: &'a Spread) -> BoxFuture<'a, Result<(), PublishError>> {
        Box::pin(async move {
            let result = self.inner.publish(records, spread).await;
            self.published.note(result.is_err());
            let Published { records: published, failures, .. } = &self.published;
            let counters = if result.is_ok() { published } else { failures };
            for record in records {
                counters.get_or_create(&OfTopic { topic: record.topic.name() }).inc();
            }
            result
        })
    }
}
