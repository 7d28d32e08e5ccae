//! When an order, a payment or a request will be settled, by what the latest ones took and by who is left alone (T15).
//!
//! Measuring reads the store once in a while, for all readers, so it holds whichever process did the work, and costs those who do
//! it nothing. Whether a participant or the provider is left alone is what this process knows of its own breakers, and what the
//! rows say: when an order asks again, when a payment is tried again.

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

use crate::system::logging;

mod measured;

use measured::{Measured, Requests};

/// What is told of an order before any was ever measured (O-05).
pub const ORDER_UNTIL_MEASURED: Duration = Duration::from_secs(10);
/// What is told of a payment before any was ever measured (O-30).
pub const PAYMENT_UNTIL_MEASURED: Duration = Duration::from_secs(60);
/// Orders, and payments, that are looked at: enough to know by, and few enough to read at once.
const LOOKED_AT: usize = 48;
/// A measurement is taken again, beside whoever asks, after so long.
const FRESH_FOR: Duration = Duration::from_secs(2);
/// Whoever asks waits for a new one after so long.
const USABLE_FOR: Duration = Duration::from_secs(30);
/// A payment that nobody asks about is asked about so soon, where the provider is not left alone.
const ASKED_WITHIN: Duration = Duration::from_secs(2);

/// What estimates are made of.
pub struct Sources {
    pub views: Arc<dyn Views>,
    pub clock: Arc<dyn Clock>,
    pub services: Arc<Services>,
    /// The payment provider's breaker, where this process asks it.
    pub provider: Option<SharedBreaker>,
    /// How long an answer of the provider is waited for.
    pub provider_timeout: Duration,
}

/// One for all readers, so that the store is asked once in a while. Cheap to clone.
#[derive(Clone)]
pub struct Estimates(Arc<Inner>);

struct Inner {
    sources: Sources,
    latest: Mutex<Option<Measured>>,
    requests: Mutex<Requests>,
    /// Held by whoever measures.
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

    /// How long it takes from now until an order is claimed or refused; `None` before any was measured.
    pub async fn of_order(&self, order: &Order) -> Option<Duration> {
        let took = self.measured().await.claiming(order.created.mode);
        let now = self.now();
        let not_before = self.own_next_try(order, now);
        later(took.map(|took| order.created.at + took), not_before).map(|at| at - now)
    }

    /// How long it takes from now until the goods of a paid order are sent: no longer than orders take to be claimed, for it is one
    /// step on the same way.
    pub async fn of_sending(&self, order: &Order) -> Option<Duration> {
        self.measured().await.claiming(order.created.mode)
    }

    /// How long it takes from now until a payment that is begun now is captured or declined; `None` before any was measured.
    pub async fn of_payment(&self) -> Option<Duration> {
        let took = self.measured().await.paying;
        let now = self.now();
        later(took.map(|took| now + took), self.provider_next_try(now)).map(|at| at - now)
    }

    /// How long it takes from now until a request for a coupon is decided; `None` before any was measured.
    pub fn of_request(&self) -> Option<Duration> {
        self.0.requests.lock().estimate()
    }

    /// Learns from a request that somebody reads.
    pub fn note_request(&self, request: &Request) {
        let now = self.now();
        self.0.requests.lock().note(request, now);
    }

    /// When what is under way of an order comes to its end, by itself. `None`: nothing is, it waits for a person, or nobody knows.
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
        let not_before = asked_again(timer, at < now).max(self.own_next_try(order, now));
        Ok(later(Some(at), not_before).map(|at| at.max(now)))
    }

    async fn paid(&self, order: &Order, payment: Option<&Payment>) -> Option<Timestamp> {
        let payment = payment.filter(|payment| payment.is_under_way());
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
        // Who asks the provider elsewhere leaves it alone, or is not there: the next try is known there alone.
        let is_left_alone = due.is_some_and(|due| due + *provider_timeout + ASKED_WITHIN < now);
        if provider.is_none() && is_left_alone {
            return None;
        }
        later(Some(begun + took), due.max(self.provider_next_try(now))).map(|at| at.max(now))
    }

    /// When this process asks the participants again that an order still needs, where it leaves one alone.
    fn own_next_try(&self, order: &Order, now: Timestamp) -> Option<Timestamp> {
        let is_open = |state| match (order.outcome, state) {
            (Outcome::Pending, StepState::Waiting | StepState::Requested) => true,
            (Outcome::Compensating, StepState::Completed | StepState::Requested) => true,
            (_, StepState::Waiting | StepState::Requested | StepState::Completed) => false,
            (_, StepState::Failed(_) | StepState::Restored) => false,
        };
        let open = order.saga.steps.iter().filter(|record| is_open(record.state));
        open.filter_map(|record| self.0.sources.services.next_try(Service::of(record.step)?, now)).max()
    }

    fn provider_next_try(&self, now: Timestamp) -> Option<Timestamp> {
        self.0.sources.provider.as_ref().and_then(|breaker| breaker.next_try(now))
    }

    fn now(&self) -> Timestamp {
        self.0.sources.clock.now()
    }

    /// The latest measurement. One that is old is taken again beside whoever asks; only one that is very old is waited for.
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
        // Somebody may have measured while this one waited for the turn.
        let is_taken = self.0.latest.lock().is_some_and(|latest| latest.is_within(USABLE_FOR, now));
        if !is_taken {
            self.measure(turn).await;
        }
        (*self.0.latest.lock()).unwrap_or_default()
    }

    /// What cannot be read leaves what was measured before, and is not read again by everybody at once.
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

/// When an order asks again for what it could not have at once. What is set in advance, in case nobody answers, says nothing until
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

/// Whole seconds after which it is worth asking again, at least one.
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
