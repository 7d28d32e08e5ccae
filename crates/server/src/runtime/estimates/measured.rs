//! The durations of the latest orders and payments.

use std::collections::VecDeque;
use std::time::Duration;

use app::state::rows::Request;
use domain::order::saga::StepState;
use domain::order::{Mode, Order, Outcome};
use domain::payment::{Payment, State};
use domain::time::Timestamp;

/// The percentile of the durations that is the estimate.
const PERCENTILE: usize = 90;
/// Requests that are remembered.
const REQUESTS_MAX: usize = 32;
/// Requests that were decided longer ago are not counted.
const REQUEST_IS_RECENT: Duration = Duration::from_secs(60);

/// The duration of each kind of work; `None` where none has ended yet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Measured {
    pub(super) at: Timestamp,
    /// Until an order of each mode is claimed or refused, in the order of [`Mode::ALL`].
    claiming: [Option<Duration>; Mode::ALL.len()],
    /// Until an order of any mode is claimed or refused.
    of_any_mode: Option<Duration>,
    /// Until a payment is captured or declined.
    pub(super) paying: Option<Duration>,
}

/// One order or payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sample {
    Took(Duration),
    /// It has not ended yet; the time so far.
    Waits(Duration),
}

impl Measured {
    /// Measures the latest orders and payments. A kind of which none has ended keeps the duration from before.
    pub(super) fn of(at: Timestamp, orders: &[Order], payments: &[Payment], before: Option<Measured>) -> Measured {
        let claims: Vec<(Mode, Sample)> =
            orders.iter().filter_map(|order| Some((order.created.mode, claim(order, at)?))).collect();
        let before = before.unwrap_or_default();
        let of_mode = |(place, mode): (usize, Mode)| {
            let of_it = claims.iter().filter(|(of, _)| *of == mode).map(|(_, sample)| *sample);
            estimate(of_it, before.claiming[place])
        };
        let mut modes = Mode::ALL.into_iter().enumerate().map(of_mode);
        Measured {
            at,
            claiming: std::array::from_fn(|_| modes.next().flatten()),
            of_any_mode: estimate(claims.iter().map(|(_, sample)| *sample), before.of_any_mode),
            paying: estimate(payments.iter().filter_map(|payment| fulfilment(payment, at)), before.paying),
        }
    }

    /// The same figures with a new date.
    pub(super) const fn kept(self, at: Timestamp) -> Measured {
        Measured { at, ..self }
    }

    /// The estimate by orders of the same mode, or by all orders where there was none.
    pub(super) fn claiming(&self, mode: Mode) -> Option<Duration> {
        let place = Mode::ALL.iter().position(|of| *of == mode)?;
        self.claiming[place].or(self.of_any_mode)
    }

    /// Returns whether the measurement is younger than `span`.
    pub(super) fn is_within(&self, span: Duration, now: Timestamp) -> bool {
        self.at <= now && now < self.at + span
    }
}

/// The time from an order's placing to the last completion of its steps, or to a refusal.
fn claim(order: &Order, now: Timestamp) -> Option<Sample> {
    if order.outcome == Outcome::Pending {
        return Some(Sample::Waits(now - order.created.at));
    }
    let steps = &order.saga.steps;
    let last = |is_meant: &dyn Fn(StepState) -> bool| {
        steps.iter().filter(|record| is_meant(record.state)).map(|record| record.at).max()
    };
    let is_claimed = steps.iter().all(|record| record.state == StepState::Completed);
    let reply = if is_claimed { last(&|_| true) } else { last(&|state| matches!(state, StepState::Failed(_))) };
    reply.map(|reply| Sample::Took(reply - order.created.at))
}

/// The time from the start of a first attempt to its capture or decline. The row does not have the start of later attempts.
fn fulfilment(payment: &Payment, now: Timestamp) -> Option<Sample> {
    let is_final = match payment.state {
        State::Captured => payment.refunds == 0,
        State::Declined => true,
        State::Authorizing | State::Capturing => false,
        // The customer takes as long as they like.
        State::RequiresAction => return None,
        State::Voiding | State::Voided | State::Refunding | State::Refunded | State::Stuck => return None,
    };
    match (payment.attempt, is_final) {
        (1, true) => Some(Sample::Took(payment.updated_at - payment.created_at)),
        (1, false) if payment.is_under_way() => Some(Sample::Waits(now - payment.created_at)),
        _ => None,
    }
}

/// The percentile of what has ended, or the estimate from before; more, where unfinished work has waited for longer already.
fn estimate(samples: impl Iterator<Item = Sample>, before: Option<Duration>) -> Option<Duration> {
    let (mut took, mut waits) = (vec![], vec![]);
    for sample in samples {
        match sample {
            Sample::Took(span) => took.push(span),
            Sample::Waits(span) => waits.push(span),
        }
    }
    let ended = percentile(&mut took).or(before)?;
    took.extend(waits.into_iter().filter(|span| *span > ended));
    Some(percentile(&mut took).map_or(ended, |all| all.max(ended)))
}

fn percentile(spans: &mut [Duration]) -> Option<Duration> {
    spans.sort_unstable();
    let place = (spans.len() * PERCENTILE / 100).min(spans.len().saturating_sub(1));
    spans.get(place).copied()
}

/// Durations of requests for coupons, from those whose results were read at this process.
#[derive(Debug, Default)]
pub(super) struct Requests(VecDeque<Duration>);

impl Requests {
    pub(super) fn note(&mut self, request: &Request, now: Timestamp) {
        let decided = request.decision.as_ref().map(|decision| decision.at);
        let Some(decided) = decided.filter(|at| now - *at < REQUEST_IS_RECENT) else { return };
        self.0.push_back(decided - request.created_at);
        if self.0.len() > REQUESTS_MAX {
            self.0.pop_front();
        }
    }

    pub(super) fn estimate(&self) -> Option<Duration> {
        percentile(&mut self.0.iter().copied().collect::<Vec<_>>())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    fn took(spans: impl IntoIterator<Item = u64>) -> Vec<Sample> {
        spans.into_iter().map(|span| Sample::Took(ms(span))).collect()
    }

    fn waits(spans: impl IntoIterator<Item = u64>) -> Vec<Sample> {
        spans.into_iter().map(|span| Sample::Waits(ms(span))).collect()
    }

    #[test]
    fn nine_in_ten_are_as_fast_as_the_estimate() {
        assert_eq!(estimate(took(1..=10).into_iter(), None), Some(ms(10)));
        assert_eq!(estimate(took(1..=100).into_iter(), Some(ms(5_000))), Some(ms(91)), "what was before is over");
    }

    #[test]
    fn without_any_that_ended_nothing_is_estimated_but_what_was_before() {
        assert_eq!(estimate(std::iter::empty(), None), None);
        assert_eq!(estimate(waits([30_000]).into_iter(), None), None);
        assert_eq!(estimate(waits([3]).into_iter(), Some(ms(7))), Some(ms(7)));
    }

    /// Work that piles up raises the estimate before it ends.
    #[test]
    fn those_that_wait_for_longer_count() {
        let piled_up = [took([10; 20]), waits((0..20).map(|second| second * 1_000))].concat();
        assert_eq!(estimate(piled_up.into_iter(), None), Some(ms(16_000)));
        let one_is_late = [took([10; 20]), waits([60_000])].concat();
        assert_eq!(estimate(one_is_late.into_iter(), None), Some(ms(10)));
        assert_eq!(estimate(waits([9_000; 5]).into_iter(), Some(ms(7))), Some(ms(9_000)));
    }

    #[test]
    fn a_mode_without_orders_is_estimated_by_all() {
        let measured = Measured {
            claiming: [Some(ms(1)), None, Some(ms(3)), None],
            of_any_mode: Some(ms(9)),
            ..Measured::default()
        };
        assert_eq!(Mode::ALL.map(|mode| measured.claiming(mode)), [Some(ms(1)), Some(ms(9)), Some(ms(3)), Some(ms(9))]);
    }
}
