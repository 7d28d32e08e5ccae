//! Counts spans by what became of them.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;

use crate::metrics::Metrics;

/// Spans by what became of them.
#[derive(Clone, Debug, Default)]
pub struct Counts {
    /// Taken by the collector.
    pub sent: Counter,
    /// Not taken by the collector.
    pub failed: Counter,
    /// Dropped, because too many were waiting for the collector.
    pub dropped: Counter,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfResult {
    result: &'static str,
}

impl Counts {
    pub fn register(metrics: &Metrics) -> Counts {
        let family: Family<OfResult, Counter> = Family::default();
        let of = |result| family.get_or_create(&OfResult { result }).clone();
        let counts = Counts { sent: of("sent"), failed: of("failed"), dropped: of("dropped") };
        let help = "Spans that the trace collector took, that it did not take, and that were dropped before";
        metrics.register(|registry| registry.register("spans", help, family));
        counts
    }
}
