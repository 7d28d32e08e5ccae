//! How long orders take until they are claimed, measured on the latest ones, whichever process claimed them (T15).

use std::sync::Arc;
use std::time::Duration;

use app::ports::views::Views;
use app::ports::{Clock, StoreError};
use domain::order::saga::StepState;
use domain::order::{Mode, Order};
use domain::time::Timestamp;
use parking_lot::Mutex;

/// Orders that are looked at: enough to know by, and few enough to read at once.
const ORDERS_MAX: usize = 48;
/// Nobody waits for a newer measurement than this.
const FRESH_FOR: Duration = Duration::from_secs(2);
/// Of a hundred orders, so many were as fast as the estimate, or faster.
const PERCENTILE: usize = 90;

/// What the latest orders took. One for all readers, so that the store is asked once in a while.
pub struct Estimates {
    views: Arc<dyn Views>,
    clock: Arc<dyn Clock>,
    latest: Mutex<Option<Measured>>,
}

#[derive(Clone, Debug, Default)]
struct Measured {
    at: Timestamp,
    /// Shortest first.
    took: Vec<(Mode, Duration)>,
}

impl Estimates {
    pub fn new(views: Arc<dyn Views>, clock: Arc<dyn Clock>) -> Estimates {
        Estimates { views, clock, latest: Mutex::new(None) }
    }

    /// How long an order in this mode takes until it is claimed. `None` where no order was ever seen to be.
    pub async fn claiming(&self, mode: Mode) -> Result<Option<Duration>, StoreError> {
        let now = self.clock.now();
        let known = self.latest.lock().clone().filter(|known| now < known.at + FRESH_FOR && known.at <= now);
        let measured = match known {
            Some(known) => known,
            None => self.measure(now).await?,
        };
        Ok(measured.estimate(mode))
    }

    async fn measure(&self, now: Timestamp) -> Result<Measured, StoreError> {
        let orders = self.views.orders(None, None, ORDERS_MAX).await?;
        let measured = Measured::of(now, &orders);
        *self.latest.lock() = Some(measured.clone());
        Ok(measured)
    }
}

impl Measured {
    fn of(at: Timestamp, orders: &[Order]) -> Measured {
        let mut took: Vec<(Mode, Duration)> = orders.iter().filter_map(time_of).collect();
        took.sort_unstable_by_key(|(_, took)| *took);
        Measured { at, took }
    }

    /// By orders of the same mode, or by all where there was none.
    fn estimate(&self, mode: Mode) -> Option<Duration> {
        let same: Vec<Duration> = self.took.iter().filter(|(of, _)| *of == mode).map(|(_, took)| *took).collect();
        let all = || self.took.iter().map(|(_, took)| *took).collect();
        let took: Vec<Duration> = if same.is_empty() { all() } else { same };
        let place = (took.len() * PERCENTILE / 100).min(took.len().saturating_sub(1));
        took.get(place).copied()
    }
}

/// From the placing of an order to the last answer, where all were good.
fn time_of(order: &Order) -> Option<(Mode, Duration)> {
    let is_claimed = order.saga.steps.iter().all(|record| record.state == StepState::Completed);
    let last = order.saga.steps.iter().map(|record| record.at).max().filter(|_| is_claimed)?;
    let micros = last.micros().saturating_sub(order.created.at.micros()).max(0).unsigned_abs();
    Some((order.created.mode, Duration::from_micros(micros)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measured(took: &[(Mode, u64)]) -> Measured {
        let mut took: Vec<_> = took.iter().map(|(mode, ms)| (*mode, Duration::from_millis(*ms))).collect();
        took.sort_unstable_by_key(|(_, took)| *took);
        Measured { at: Timestamp::default(), took }
    }

    #[test]
    fn nine_in_ten_orders_of_the_mode_are_as_fast_as_the_estimate() {
        let orders: Vec<_> = (1..=10).map(|ms| (Mode::Parallel, ms)).chain([(Mode::Sequential, 500)]).collect();
        let measured = measured(&orders);
        assert_eq!(measured.estimate(Mode::Parallel), Some(Duration::from_millis(10)));
        assert_eq!(measured.estimate(Mode::Sequential), Some(Duration::from_millis(500)));
        assert_eq!(measured.estimate(Mode::Atomic), Some(Duration::from_millis(10)), "by all orders, having none");
    }

    #[test]
    fn without_any_order_nothing_is_estimated() {
        assert_eq!(measured(&[]).estimate(Mode::Parallel), None);
    }
}
