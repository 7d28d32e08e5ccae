//! The figures of a rehearsal.

use std::collections::BTreeMap;

use serde::Serialize;

use super::SECOND;

/// Seconds of which the busiest are reported.
const BUSY_SECONDS: i64 = 10;

/// The end of a customer's way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum End {
    /// Ordered, and paid.
    Bought,
    /// Ordered, and did not pay.
    Unpaid,
    /// Was admitted and ordered, when nothing was left.
    AdmittedInVain,
    /// Was told in the queue that everything is sold.
    ToldSoldOut,
    /// Was admitted and did not order.
    NoShow,
    /// Left the queue.
    Left,
    /// Ordered when the time of the ticket was over.
    TooLate,
    /// Was still waiting when the drop ended.
    Ended,
    /// Ordered when the drop had ended, such as after a late admission.
    AfterTheEnd,
    /// Gave up after the shop could not serve them.
    GaveUp,
    /// Ordered more than the limit allows.
    OverTheLimit,
}

/// A reason for which the shop refused a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Refused {
    Overloaded,
    LimitExceeded,
    TicketRequired,
    NotStarted,
    Ended,
    OutOfStock,
    Other,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Percentiles {
    pub count: usize,
    pub p50: f64,
    pub p90: f64,
    pub p95: f64,
    pub p99: f64,
    pub max: f64,
}

impl Percentiles {
    /// Returns the percentiles of values, divided by a unit.
    pub(super) fn of(mut values: Vec<i64>, unit: f64) -> Percentiles {
        values.sort_unstable();
        let at = |percent: usize| {
            let rank = (values.len() * percent).div_ceil(100).max(1) - 1;
            values.get(rank).map_or(0.0, |value| *value as f64 / unit)
        };
        Percentiles { count: values.len(), p50: at(50), p90: at(90), p95: at(95), p99: at(99), max: at(100) }
    }
}

/// The drop at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Point {
    /// Seconds from the start of the drop.
    pub at: f64,
    /// Customers who have come so far.
    pub arrived: u32,
    pub waiting: u32,
    pub admitted: u32,
    /// Units of paid orders.
    pub sold: i64,
    /// The longest queue of a process since the point before.
    pub queued: usize,
    /// The slowest answer since the point before, in milliseconds.
    pub answer_ms: f64,
    /// The share of the admission's rate in force.
    pub admission_percent: i64,
}

/// The result of a rehearsal. Seconds count from the start of the drop.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Outcome {
    pub customers: u32,
    pub stock: i64,
    /// Units of paid orders.
    pub sold: i64,
    /// When all units were claimed for the first time. Orders that are not paid may bring some back.
    pub first_sold_out_seconds: Option<f64>,
    /// Of the customers who were admitted until then, those in percent who found nothing left.
    pub in_vain_percent: f64,
    /// When the last unit was claimed by an order that was paid, if everything was sold.
    pub sold_out_seconds: Option<f64>,
    pub lasted_seconds: f64,
    /// How customers ended.
    pub ends: BTreeMap<End, u64>,
    /// Refused requests. A customer may have had several.
    pub refusals: BTreeMap<Refused, u64>,
    /// Seconds between joining and learning of the admission.
    pub wait_seconds: Percentiles,
    /// Seconds between joining and learning that everything is sold.
    pub told_seconds: Percentiles,
    pub join_ms: Percentiles,
    pub order_ms: Percentiles,
    /// The difference between estimate and wait, in percent of the wait; of waits from 30 s.
    pub estimate_error_percent: Percentiles,
    /// Requests to the engine.
    pub requests: u64,
    /// The busiest ten seconds of the engines and of the cores, in percent.
    pub engine_busy_percent: f64,
    pub cores_busy_percent: f64,
    pub queued_max: usize,
    /// The least share of the admission's rate that the engines could take.
    pub admission_percent_min: i64,
    /// The rules and laws that did not hold: always empty, or the shop has an error.
    pub violations: Vec<String>,
    pub points: Vec<Point>,
}

impl Outcome {
    pub fn ended(&self, end: End) -> u64 {
        self.ends.get(&end).copied().unwrap_or(0)
    }

    pub fn refused(&self, why: Refused) -> u64 {
        self.refusals.get(&why).copied().unwrap_or(0)
    }
}

/// Times that were spent, by the ten seconds in which they began.
#[derive(Debug, Default)]
pub(super) struct Spent(BTreeMap<i64, i64>);

impl Spent {
    pub(super) fn add(&mut self, at: i64, micros: i64) {
        let (mut bucket, mut left) = (at.div_euclid(BUSY_SECONDS * SECOND), micros);
        let mut room = (bucket + 1) * BUSY_SECONDS * SECOND - at;
        while left > 0 {
            *self.0.entry(bucket).or_default() += left.min(room);
            left -= left.min(room);
            (bucket, room) = (bucket + 1, BUSY_SECONDS * SECOND);
        }
    }

    /// Returns the busiest ten seconds in percent of what so many workers could do.
    pub(super) fn busiest(&self, workers: u32) -> f64 {
        let most = self.0.values().max().copied().unwrap_or(0) as f64;
        most * 100.0 / (BUSY_SECONDS * SECOND) as f64 / f64::from(workers.max(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_values_that_occurred() {
        let found = Percentiles::of((1..=100).rev().collect(), 1.0);
        assert_eq!((found.p50, found.p95, found.p99, found.max), (50.0, 95.0, 99.0, 100.0));
        assert_eq!(Percentiles::of(vec![], 1.0), Percentiles::default());
        assert_eq!(Percentiles::of(vec![7], 1.0).p50, 7.0);
    }

    #[test]
    fn time_is_spent_in_the_ten_seconds_in_which_it_passes() {
        let mut spent = Spent::default();
        spent.add(-2 * SECOND, 5 * SECOND);
        spent.add(4 * SECOND, 4 * SECOND);
        assert_eq!(spent.busiest(1), 70.0);
        assert_eq!(spent.busiest(2), 35.0);
    }
}
