//! Orders, coupons and handled events, as the engine commits them.

use std::sync::Arc;

use app::engine::Progress;
use app::log::group::Group;
use domain::reason::Reason;
use domain::time::Timestamp;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;

use super::Metrics;
use super::refusals::Refusals;

mod peaks;

pub use peaks::Peaks;

/// From an order that is complete in its first commit to one that waits for its payment.
const PROCESSING_BUCKETS: [f64; 14] =
    [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 30.0, 120.0, 900.0];
const LATENCY_BUCKETS: [f64; 12] = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 30.0, 300.0];

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct OfUser {
    user_type: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct OfReason {
    reason: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct OfGroup {
    group: &'static str,
}

/// How long events take from their commit to their handling, by group.
#[derive(Clone, Debug)]
pub struct EventLatency {
    by_group: Family<OfGroup, Histogram, fn() -> Histogram>,
    pub peaks: Arc<Peaks>,
}

impl EventLatency {
    pub fn register(metrics: &Metrics) -> EventLatency {
        let by_group = Family::new_with_constructor((|| Histogram::new(LATENCY_BUCKETS)) as fn() -> Histogram);
        let latency = EventLatency { by_group, peaks: Arc::default() };
        let help = "Time from the commit of an event to its handling by a consumer group";
        metrics.register(|registry| registry.register("event_latency_seconds", help, latency.by_group.clone()));
        latency
    }

    /// Begins the series of a group whose events this process handles.
    pub(crate) fn begin(&self, group: Group) {
        drop(self.by_group.get_or_create(&OfGroup { group: group.name() }));
    }

    /// Records events of these moments as handled now.
    pub(crate) fn observe_all(&self, group: Group, moments: &[Timestamp], now: Timestamp) {
        if !moments.is_empty() {
            let histogram = self.by_group.get_or_create(&OfGroup { group: group.name() });
            moments.iter().for_each(|at| histogram.observe((now - *at).as_secs_f64()));
        }
    }
}

pub(super) struct OrderMetrics {
    created: Family<OfUser, Counter>,
    completed: Counter,
    failed: Family<OfReason, Counter>,
    processing: Histogram,
    coupons: Counter,
    refusals: Arc<Refusals>,
    latency: EventLatency,
}

impl OrderMetrics {
    pub(super) fn register(metrics: &Metrics, latency: EventLatency, refusals: Arc<Refusals>) -> OrderMetrics {
        let orders = OrderMetrics {
            created: Family::default(),
            completed: Counter::default(),
            failed: Family::default(),
            processing: Histogram::new(PROCESSING_BUCKETS),
            coupons: Counter::default(),
            refusals,
            latency,
        };
        // A series that begins at 0 lets a rate show the first one.
        for user_type in ["new", "returning"] {
            drop(orders.created.get_or_create(&OfUser { user_type }));
        }
        for reason in Reason::ALL {
            drop(orders.failed.get_or_create(&OfReason { reason: reason.name() }));
        }
        metrics.register(|registry| {
            let help = "Orders placed, by customers without an earlier order (new) and by others (returning)";
            registry.register("orders_created", help, orders.created.clone());
            registry.register("orders_completed", "Orders completed", orders.completed.clone());
            registry.register("orders_failed", "Orders cancelled, by reason", orders.failed.clone());
            let help = "Time from placing an order to its completion or cancellation, with the wait for its payment";
            registry.register("order_processing_seconds", help, orders.processing.clone());
            registry.register("coupons_issued", "Coupons issued", orders.coupons.clone());
        });
        orders
    }

    pub(super) fn observe(&self, progress: &Progress) {
        let counted = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
        for (user_type, orders) in [("new", progress.orders_of_new), ("returning", progress.orders_of_returning)] {
            if orders > 0 {
                self.created.get_or_create(&OfUser { user_type }).inc_by(counted(orders));
            }
        }
        self.completed.inc_by(counted(progress.completed.len()));
        progress.completed.iter().for_each(|took| self.processing.observe(took.as_secs_f64()));
        for (reason, took) in &progress.failed {
            self.failed.get_or_create(&OfReason { reason: reason.name() }).inc();
            self.processing.observe(took.as_secs_f64());
        }
        if let Some((number, took)) = &progress.slowest {
            self.latency.peaks.note_order(*took, number.as_str());
        }
        self.coupons.inc_by(counted(progress.coupons_issued));
        for code in &progress.coupons_refused {
            self.refusals.count(code);
        }
        for events in progress.handled.chunk_by(|(one, _), (other, _)| one == other) {
            let histogram = self.latency.by_group.get_or_create(&OfGroup { group: events[0].0.name() });
            events.iter().for_each(|(_, took)| histogram.observe(took.as_secs_f64()));
            let longest = events.iter().map(|(_, took)| *took).max().unwrap_or_default();
            self.latency.peaks.note_event(events[0].0, longest);
        }
    }
}
