//! The rule that moves the gradual percentage automatically when it is enabled (O-21): parallel must not be worse than
//! sequential.

use std::time::{Duration, Instant};

use app::commands::answer::Refusal;
use app::commands::{ChangeModes, Command};
use app::ports::StoreError;
use domain::order::saga::StepState;
use domain::order::{Choice, Mode, Modes, Order, Outcome, Rule};
use domain::reason::Reason;

use crate::api::Shop;
use crate::config::Canary as Settings;

/// How many of the latest orders are compared.
const ORDERS_MAX: usize = 512;
/// With fewer orders on either side nothing is concluded.
const ORDERS_MIN: usize = 30;
/// The share of orders that fail for technical reasons may be higher in parallel by less than this, in percentage
/// points.
const FAILURES_PERCENT_MORE: usize = 2;
/// Parallel may take less than this many times as long as sequential.
const SLOWER_MAX: u32 = 2;
/// A difference below this is ignored, because customers do not notice it.
const NOTICEABLE: Duration = Duration::from_millis(50);
const PERCENT_MAX: u8 = 100;

/// Compares both modes at intervals and changes the percentage accordingly.
pub struct Canary {
    settings: Settings,
    compared: Instant,
}

/// Results of the orders that were claimed in one mode.
#[derive(Clone, Debug, Default)]
struct Sample {
    orders: usize,
    /// Orders that ended for technical reasons. Refusals do not count.
    failed: usize,
    /// How long successful orders took to claim, shortest first.
    took: Vec<Duration>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Wait,
    Advance,
    RollBack,
}

impl Canary {
    pub fn new(settings: Settings) -> Canary {
        Canary { settings, compared: Instant::now() }
    }

    /// Compares the modes if the interval has passed.
    pub async fn compare_once(&mut self, shop: &Shop) {
        if !self.settings.enabled || self.compared.elapsed() < self.settings.every() {
            return;
        }
        self.compared = Instant::now();
        match self.compare(shop).await {
            Ok(Ok(())) => {}
            Ok(Err(refusal)) => tracing::warn!("The canary's change was refused: {refusal:?}"),
            Err(error) => tracing::warn!("The canary could not compare the modes: {error}"),
        }
    }

    async fn compare(&self, shop: &Shop) -> Result<Result<(), Refusal>, StoreError> {
        let newest = shop.submitter.views.mode_changes(None, 1).await?;
        let modes = newest.first().map_or(shop.modes, |change| change.modes);
        if modes.choice != Choice::Gradual {
            return Ok(Ok(()));
        }
        let orders = shop.submitter.views.orders(None, None, ORDERS_MAX).await?;
        // Orders placed before the last change say nothing about it.
        let since = newest.first().map_or_else(Default::default, |change| change.at);
        let orders: Vec<Order> = orders.into_iter().filter(|order| order.created.at >= since).collect();
        let (parallel, sequential) = (Sample::of(Mode::Parallel, &orders), Sample::of(Mode::Sequential, &orders));
        let Some(percent) = next(modes, verdict(&parallel, &sequential), self.settings.step_percent) else {
            return Ok(Ok(()));
        };
        let reason = format!("canary: {percent} %, parallel {}, sequential {}", parallel.words(), sequential.words());
        tracing::warn!(percent, "The gradual percentage changes automatically: {reason}");
        let change =
            ChangeModes { choice: Choice::Gradual, percent: Some(percent), by: None, reason: reason.as_str().into() };
        let reply = shop.submitter.submit(Command::ChangeModes(Box::new(change)), None).await;
        Ok(reply.result.map(|_| ()))
    }
}

impl Sample {
    fn of(mode: Mode, orders: &[Order]) -> Sample {
        let mut sample = Sample::default();
        let is_chosen = |order: &&Order| {
            order.created.mode == mode
                && order.created.chosen_by == Some(Rule::Gradual)
                && !matches!(order.outcome, Outcome::Pending | Outcome::Compensating)
        };
        for order in orders.iter().filter(is_chosen) {
            sample.orders += 1;
            let is_failure = order.reason == Some(Reason::StepTimedOut) || order.outcome == Outcome::CompensationStuck;
            sample.failed += usize::from(is_failure);
            let is_claimed = order.saga.steps.iter().all(|record| record.state == StepState::Completed);
            let last = order.saga.steps.iter().map(|record| record.at).max().filter(|_| is_claimed);
            sample.took.extend(last.map(|last| last - order.created.at));
        }
        sample.took.sort_unstable();
        sample
    }

    /// Returns the 90th percentile of the time to claim an order.
    fn time(&self) -> Duration {
        self.took.get(self.took.len() * 9 / 10).copied().unwrap_or_default()
    }

    const fn failed_percent(&self) -> usize {
        self.failed * 100 / if self.orders == 0 { 1 } else { self.orders }
    }

    fn words(&self) -> String {
        format!("{} of {} failed, 90 % within {} ms", self.failed, self.orders, self.time().as_millis())
    }
}

fn verdict(parallel: &Sample, sequential: &Sample) -> Verdict {
    if parallel.orders < ORDERS_MIN || sequential.orders < ORDERS_MIN {
        return Verdict::Wait;
    }
    let fails_more = parallel.failed_percent() >= sequential.failed_percent() + FAILURES_PERCENT_MORE;
    let takes_longer = parallel.time() >= (sequential.time() * SLOWER_MAX).max(NOTICEABLE);
    if fails_more || takes_longer { Verdict::RollBack } else { Verdict::Advance }
}

/// The next percentage, where it changes.
fn next(modes: Modes, verdict: Verdict, step: u8) -> Option<u8> {
    let percent = match verdict {
        Verdict::Wait => modes.percent,
        Verdict::Advance => modes.percent.saturating_add(step).min(PERCENT_MAX),
        Verdict::RollBack => 0,
    };
    (percent != modes.percent).then_some(percent)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(orders: usize, failed: usize, ms: u64) -> Sample {
        Sample { orders, failed, took: vec![Duration::from_millis(ms); orders - failed] }
    }

    #[track_caller]
    fn check(parallel: &Sample, sequential: &Sample, expected: Verdict) {
        assert_eq!(verdict(parallel, sequential), expected, "{} / {}", parallel.words(), sequential.words());
    }

    #[test]
    fn few_orders_lead_to_no_change() {
        check(&sample(29, 29, 1), &sample(400, 0, 1), Verdict::Wait);
        check(&sample(400, 0, 1), &sample(29, 0, 1), Verdict::Wait);
    }

    #[test]
    fn parallel_that_is_as_good_advances() {
        check(&sample(100, 1, 100), &sample(300, 0, 90), Verdict::Advance);
        check(&sample(100, 0, 40), &sample(300, 0, 1), Verdict::Advance);
        check(&sample(100, 5, 100), &sample(100, 5, 100), Verdict::Advance);
    }

    #[test]
    fn parallel_that_fails_more_often_or_takes_twice_as_long_is_rolled_back() {
        check(&sample(100, 2, 10), &sample(300, 0, 10), Verdict::RollBack);
        check(&sample(100, 0, 200), &sample(300, 0, 100), Verdict::RollBack);
    }

    #[test]
    fn the_percentage_goes_up_by_steps_and_back_at_once() {
        let at = |percent| Modes { choice: Choice::Gradual, percent };
        assert_eq!(next(at(10), Verdict::Advance, 10), Some(20));
        assert_eq!(next(at(95), Verdict::Advance, 10), Some(100));
        assert_eq!(next(at(100), Verdict::Advance, 10), None);
        assert_eq!(next(at(60), Verdict::RollBack, 10), Some(0));
        assert_eq!(next(at(0), Verdict::RollBack, 10), None);
        assert_eq!(next(at(10), Verdict::Wait, 10), None);
    }
}
