//! Estimates of when an order, a payment or a request is complete (T15).
//!
//! The store is read every few seconds for the durations of the latest orders and payments. Every process therefore measures the
//! same, and the engine measures nothing. No estimate is before the next try of an open breaker, nor before the
//! moment at which the order's timer or the payment's row says that it is tried again.

use std::sync::Arc;
use std::time::Duration;

use app::ports::views::Views;
use app::ports::{Clock, StoreError};
use app::resilience::breaker::SharedBreaker;
use app::resilience::services::{Service, Services};
use app::state::rows::{Request, Timer, TimerKind};
use domain::order::saga::StepState;
use domain::order::{Order, Outcome};
use domain::payment::Payment;
use domain::time::Timestamp;
use parking_lot::Mutex;
use tokio::sync::{Mutex as Turn, OwnedMutexGuard};

use crate::metrics::PAYMENT_BREAKER;
use crate::runtime::monitors::alerts::open::OpenAlerts;
use crate::system::logging;

mod measured;

use measured::{Measured, Requests};

/// The shortest time from now that is estimated: what is due now is still to be done, so its end is never "now".
const SOONEST: Duration = Duration::from_secs(1);
/// The estimate of an order before any was measured (O-05).
pub const ORDER_UNTIL_MEASURED: Duration = Duration::from_secs(10);
/// The estimate of a payment before any was measured (O-30).
pub const PAYMENT_UNTIL_MEASURED: Duration = Duration::from_secs(60);
/// The latest orders, and payments, that are read.
const LOOKED_AT: usize = 48;
/// An older measurement is repeated in the background.
const FRESH_FOR: Duration = Duration::from_secs(2);
/// An older measurement is not used: the reader waits for a new one.
const USABLE_FOR: Duration = Duration::from_secs(30);
/// The payment loop takes up a due payment within this time, unless the breaker is open.
const ASKED_WITHIN: Duration = Duration::from_secs(2);

/// The sources of estimates.
pub struct Sources {
    pub views: Arc<dyn Views>,
    pub clock: Arc<dyn Clock>,
    pub services: Arc<Services>,
    /// The payment provider's breaker, where this process asks it.
    pub provider: Option<SharedBreaker>,
    /// The time-out of a call of the provider.
    pub provider_timeout: Duration,
    /// The open breakers of other processes are alerts.
    pub alerts: OpenAlerts,
}

/// The estimates of this process, shared by all readers. Cheap to clone.
#[derive(Clone)]
pub struct Estimates(Arc<Inner>);

struct Inner {
    sources: Sources,
    latest: Mutex<Option<Measured>>,
    requests: Mutex<Requests>,
    /// Held while a measurement is taken.
    turn: Arc<Turn<()>>,
}

impl Estimates {
    pub fn new(sources: Sources) -> Estimates {
        Estimates(Arc::new(Inner {
            sources,
            latest: Mutex::default(),
            requests: Mutex::default(),
            turn: Arc::default(),
        }))
    }

    /// Time from now until an order is claimed or refused; `None` before any was measured.
    pub async fn of_order(&self, order: &Order) -> Option<Duration> {
        let took = self.measured().await.claiming(order.created.mode);
        let now = self.now();
        let not_before = self.next_try_of(order, now);
        later(took.map(|took| order.created.at + took), not_before).map(|at| at - now)
    }

    /// Time from now until the goods of a paid order are sent. Sending is one event on the way that claiming takes, so claiming is
    /// its upper bound.
    pub async fn of_sending(&self, order: &Order) -> Option<Duration> {
        self.measured().await.claiming(order.created.mode)
    }

    /// Time from now until a payment that begins now is captured or declined; `None` before any was measured.
    pub async fn of_payment(&self) -> Option<Duration> {
        let took = self.measured().await.paying;
        let now = self.now();
        later(took.map(|took| now + took), self.provider_next_try(now)).map(|at| at - now)
    }

    /// Time from now until a request for a coupon is decided; `None` before any was measured.
    pub fn of_request(&self) -> Option<Duration> {
        self.0.requests.lock().estimate()
    }

    /// Adds a request to the measured ones, if it was decided recently.
    pub fn note_request(&self, request: &Request) {
        let now = self.now();
        self.0.requests.lock().note(request, now);
    }

    /// The moment at which the order's claiming, compensation or payment ends by itself. `None`: nothing is under way, a person is
    /// waited for, or the payment is overdue and this process has no payment loop.
    pub async fn completion(&self, order: &Order, payment: Option<&Payment>) -> Result<Option<Timestamp>, StoreError> {
        let begun = match order.outcome {
            Outcome::Pending => order.created.at,
            Outcome::Compensating => order.updated_at,
            Outcome::AwaitingPayment => return Ok(self.paid(order, payment).await),
            Outcome::Completed | Outcome::Cancelled | Outcome::CompensationStuck => return Ok(None),
        };
        let timer = self.0.sources.views.timer(order.id()).await?;
        let took = self.measured().await.claiming(order.created.mode);
        let now = self.now();
        let at = begun + took.unwrap_or(ORDER_UNTIL_MEASURED);
        let not_before = asked_again(timer, at < now).max(self.next_try_of(order, now));
        Ok(later(Some(at), not_before).map(|at| at.max(now + SOONEST)))
    }

    async fn paid(&self, order: &Order, payment: Option<&Payment>) -> Option<Timestamp> {
        let payment = payment.filter(|payment| payment.is_under_way());
        if payment.is_some_and(Payment::requires_action) {
            return None;
        }
        // Of later attempts the row does not say when they began.
        let begun = match payment {
            Some(payment) if payment.attempt == 1 => payment.created_at,
            Some(payment) => payment.updated_at,
            None if order.is_processing => order.updated_at,
            None => return None,
        };
        let due = payment.and_then(|payment| payment.next).and_then(|next| next.due);
        let took = self.measured().await.paying.unwrap_or(PAYMENT_UNTIL_MEASURED);
        let Sources { provider, provider_timeout, .. } = &self.0.sources;
        let now = self.now();
        // No payment loop runs, so the next attempt is not known.
        let is_left_alone = due.is_some_and(|due| due + *provider_timeout + ASKED_WITHIN < now);
        if provider.is_none() && is_left_alone && self.provider_next_try(now).is_none() {
            return None;
        }
        later(Some(begun + took), due.max(self.provider_next_try(now))).map(|at| at.max(now + SOONEST))
    }

    /// The latest next try of the open breakers, in any process, of participants that the order still needs.
    fn next_try_of(&self, order: &Order, now: Timestamp) -> Option<Timestamp> {
        let is_open = |state| match (order.outcome, state) {
            (Outcome::Pending, StepState::Waiting | StepState::Requested) => true,
            (Outcome::Compensating, StepState::Completed | StepState::Requested) => true,
            (_, StepState::Waiting | StepState::Requested | StepState::Completed) => false,
            (_, StepState::Failed(_) | StepState::Restored) => false,
        };
        let open = order.saga.steps.iter().filter(|record| is_open(record.state));
        let next_try = |service: Service| {
            let Sources { services, alerts, .. } = &self.0.sources;
            services.next_try(service, now).max(alerts.next_try(service.short_name(), now))
        };
        open.filter_map(|record| next_try(Service::of(record.step)?)).max()
    }

    fn provider_next_try(&self, now: Timestamp) -> Option<Timestamp> {
        let Sources { provider, alerts, .. } = &self.0.sources;
        let own = provider.as_ref().and_then(|breaker| breaker.next_try(now));
        own.max(alerts.next_try(PAYMENT_BREAKER, now))
    }

    fn now(&self) -> Timestamp {
        self.0.sources.clock.now()
    }

    /// Returns the latest measurement. An old one is repeated in the background; the reader waits only for a very old one.
    async fn measured(&self) -> Measured {
        let now = self.now();
        let known = *self.0.latest.lock();
        if let Some(known) = known.filter(|known| known.is_within(USABLE_FOR, now)) {
            if !known.is_within(FRESH_FOR, now)
                && let Ok(turn) = Arc::clone(&self.0.turn).try_lock_owned()
            {
                let this = self.clone();
                tokio::spawn(async move { this.measure(turn).await });
            }
            return known;
        }
        let turn = Arc::clone(&self.0.turn).lock_owned().await;
        // Another reader may have measured while this one waited for its turn.
        let is_taken = self.0.latest.lock().is_some_and(|latest| latest.is_within(USABLE_FOR, now));
        if !is_taken {
            self.measure(turn).await;
        }
        (*self.0.latest.lock()).unwrap_or_default()
    }

    /// Measures. After a failed read the measurement before it stays, as if it were new, so that not every reader reads again.
    async fn measure(&self, _turn: OwnedMutexGuard<()>) {
        let (views, now) = (&self.0.sources.views, self.now());
        let read = async {
            let orders = views.orders(None, None, LOOKED_AT).await?;
            Ok::<_, StoreError>((orders, views.payments(None, None, LOOKED_AT).await?))
        };
        let before = *self.0.latest.lock();
        let measured = match read.await {
            Ok((orders, payments)) => Measured::of(now, &orders, &payments, before),
            Err(error) => {
                logging::error("How long orders take could not be measured", &error);
                before.unwrap_or_default().kept(now)
            }
        };
        *self.0.latest.lock() = Some(measured);
    }
}

/// The moment at which an order asks its participants again. A deadline that was set for missing answers is no such moment, until
/// the answer is late.
fn asked_again(timer: Option<Timer>, is_late: bool) -> Option<Timestamp> {
    let Timer { due, kind } = timer?;
    match kind {
        TimerKind::Delayed => Some(due),
        TimerKind::Restorations { asked } => (is_late || asked > 1).then_some(due),
        TimerKind::Claims | TimerKind::Payment => None,
    }
}

fn later(at: Option<Timestamp>, not_before: Option<Timestamp>) -> Option<Timestamp> {
    at.max(not_before)
}

/// Whole seconds, at least one, as an ISO 8601 duration.
pub fn iso(span: Duration) -> String {
    let seconds = seconds(span);
    let parts = [(seconds / 3_600, 'H'), (seconds / 60 % 60, 'M'), (seconds % 60, 'S')];
    let parts = parts.into_iter().filter(|(count, _)| *count > 0);
    parts.fold("PT".to_owned(), |text, (count, unit)| format!("{text}{count}{unit}"))
}

/// Whole seconds, rounded up, at least one.
pub fn seconds(span: Duration) -> u64 {
    (span.as_secs() + u64::from(span.subsec_nanos() > 0)).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_told_in_whole_seconds_and_never_as_none() {
        for (ms, text) in
            [(0, "PT1S"), (3, "PT1S"), (1_000, "PT1S"), (1_001, "PT2S"), (60_000, "PT1M"), (3_725_400, "PT1H2M6S")]
        {
            assert_eq!(iso(Duration::from_millis(ms)), text);
        }
    }

    #[test]
    fn only_what_was_put_off_says_when_it_is_asked_again() {
        let due = Timestamp::from_micros(7);
        let asked = |kind| [false, true].map(|is_late| asked_again(Some(Timer { due, kind }), is_late));
        assert_eq!((asked(TimerKind::Delayed), asked_again(None, true)), ([Some(due); 2], None));
        assert_eq!(asked(TimerKind::Restorations { asked: 2 }), [Some(due); 2]);
        assert_eq!(asked(TimerKind::Restorations { asked: 1 }), [None, Some(due)]);
        for kind in [TimerKind::Claims, TimerKind::Payment] {
            assert_eq!(asked(kind), [None; 2]);
        }
    }
}
