//! Metrics of payment calls.

use app::payments::provider::{Found, ProviderError, Verdict};
use app::payments::runner::PaymentCall;
use domain::payment::NextCall;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;

use super::Metrics;

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Call {
    /// The operation, under the label that the metric has had from the beginning.
    deed: &'static str,
    way: &'static str,
    answer: &'static str,
}

/// Counts approvals with an unexpected amount or currency, in answers and in callbacks. Every process has it, because
/// callbacks may reach any process.
#[derive(Clone)]
pub struct Mismatches(Counter);

impl Mismatches {
    pub fn register(metrics: &Metrics) -> Mismatches {
        let mismatches = Mismatches(Counter::default());
        let help = "Approvals whose amount or currency differs from the request, in answers and callbacks";
        metrics.register(|registry| registry.register("payment_mismatches", help, mismatches.0.clone()));
        mismatches
    }

    pub(crate) fn count(&self) {
        self.0.inc();
    }

    pub(crate) fn total(&self) -> u64 {
        self.0.get()
    }
}

pub struct PaymentMetrics {
    calls: Family<Call, Counter>,
    mismatches: Mismatches,
    stuck: Gauge,
}

impl PaymentMetrics {
    pub fn register(metrics: &Metrics, mismatches: Mismatches) -> PaymentMetrics {
        let payments = PaymentMetrics { calls: Family::default(), mismatches, stuck: Gauge::default() };
        metrics.register(|registry| {
            registry.register("payment_calls", "Calls to the payment provider", payments.calls.clone());
            let help = "Payments whose refund or void is stuck and waits for an operator";
            registry.register("payments_stuck", help, payments.stuck.clone());
        });
        payments
    }

    pub(crate) fn observe(&self, call: &PaymentCall) {
        let answer = match &call.answered.answer {
            Ok(Found::Verdict(Verdict::Approved { .. })) => "approved",
            Ok(Found::Verdict(Verdict::Declined { .. })) => "declined",
            Ok(Found::Verdict(Verdict::ActionRequired { .. })) => "action_required",
            Ok(Found::Pending) => "pending",
            Ok(Found::NotFound) => "never",
            Err(ProviderError::NotExecuted(_)) => "not_done",
            Err(ProviderError::Unknown(_)) => "unknown",
            Err(ProviderError::Mismatch(_)) => "mismatch",
        };
        let way = match call.way {
            NextCall::Execute => "do",
            NextCall::Query => "look_up",
        };
        self.calls.get_or_create(&Call { deed: call.ask.operation.name(), way, answer }).inc();
        if call.is_alarming() {
            self.mismatches.count();
        }
    }

    pub(crate) const fn mismatches(&self) -> &Mismatches {
        &self.mismatches
    }

    pub(crate) fn count_stuck(&self, payments: i64) {
        self.stuck.set(payments);
    }
}
