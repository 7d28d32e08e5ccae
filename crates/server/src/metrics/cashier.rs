//! How the payment provider does.

use app::breaker::State;
use app::cashier::Errand;
use app::payment::{Found, ProviderError, Verdict};
use domain::payment::Way;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;

use super::Metrics;

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Call {
    deed: &'static str,
    way: &'static str,
    answer: &'static str,
}

pub struct CashierMetrics {
    calls: Family<Call, Counter>,
    mismatches: Counter,
    breaker: Gauge,
}

impl CashierMetrics {
    pub fn register(metrics: &Metrics) -> CashierMetrics {
        let cashier =
            CashierMetrics { calls: Family::default(), mismatches: Counter::default(), breaker: Gauge::default() };
        metrics.register(|registry| {
            registry.register("payment_calls", "Calls of the payment provider", cashier.calls.clone());
            let help = "Approvals of another amount than was asked for";
            registry.register("payment_mismatches", help, cashier.mismatches.clone());
            let help = "The payment provider's breaker: 0 closed, 1 half-open, 2 open";
            registry.register("payment_breaker_state", help, cashier.breaker.clone());
        });
        cashier
    }

    pub(crate) fn observe(&self, errand: &Errand) {
        let answer = match &errand.answered.answer {
            Ok(Found::Verdict(Verdict::Approved { .. })) => "approved",
            Ok(Found::Verdict(Verdict::Declined { .. })) => "declined",
            Ok(Found::Pending) => "pending",
            Ok(Found::Never) => "never",
            Err(ProviderError::NotDone(_)) => "not_done",
            Err(ProviderError::Unknown(_)) => "unknown",
        };
        let way = match errand.way {
            Way::Do => "do",
            Way::LookUp => "look_up",
        };
        self.calls.get_or_create(&Call { deed: errand.ask.deed.name(), way, answer }).inc();
        self.mismatches.inc_by(u64::from(errand.is_alarming()));
    }

    pub(crate) fn stand(&self, state: State) {
        self.breaker.set(state.number());
    }
}
