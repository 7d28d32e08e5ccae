//! The customers' ways so far, and what is measured of them.

use std::collections::BTreeMap;

use super::SECOND;
use super::figures::{End, Point, Refused, Spent};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum State {
    #[default]
    Away,
    Joining,
    Waiting,
    Thinking,
    Ordering,
    Done,
}

/// A customer's way so far.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Person {
    pub(super) state: State,
    pub(super) ticket: Option<i64>,
    pub(super) joined_at: i64,
    pub(super) learned_at: i64,
    /// The wait that was estimated for the ticket, in microseconds.
    pub(super) estimate: Option<i64>,
    pub(super) repeats: u64,
}

#[derive(Debug, Default)]
pub(super) struct Measures {
    pub(super) requests: u64,
    pub(super) admitted: u32,
    /// When all units were claimed for the first time.
    pub(super) first_sold_out_at: Option<i64>,
    /// When they were claimed by orders that were all paid.
    pub(super) sold_out_at: Option<i64>,
    /// When customers learned of their admission; those who then found nothing left.
    pub(super) learned: Vec<i64>,
    pub(super) in_vain: Vec<i64>,
    pub(super) engine: Spent,
    pub(super) cores: Spent,
    pub(super) ends: BTreeMap<End, u64>,
    pub(super) refusals: BTreeMap<Refused, u64>,
    pub(super) waits: Vec<i64>,
    pub(super) told: Vec<i64>,
    pub(super) joins: Vec<i64>,
    pub(super) orders: Vec<i64>,
    pub(super) errors: Vec<i64>,
    pub(super) share: Option<i64>,
    pub(super) share_min: Option<i64>,
    /// Since the last point.
    pub(super) queued: usize,
    pub(super) slowest: i64,
    pub(super) points: Vec<Point>,
}

impl Measures {
    pub(super) fn note_queue(&mut self, queued: usize) {
        self.queued = self.queued.max(queued);
    }

    pub(super) fn note_share(&mut self, share: i64) {
        self.share = Some(share);
        self.share_min = Some(self.share_min.map_or(share, |least| least.min(share)));
    }

    pub(super) fn note_claimed(&mut self, at: Option<i64>) {
        self.first_sold_out_at = self.first_sold_out_at.or(at);
    }

    pub(super) fn in_vain_percent(&self) -> f64 {
        let before = |moments: &[i64]| moments.iter().filter(|at| Some(**at) <= self.first_sold_out_at).count() as f64;
        before(&self.in_vain) * 100.0 / before(&self.learned).max(1.0)
    }

    pub(super) fn sample(&mut self, at: i64, arrived: u32, waiting: u32, sold: i64) {
        self.points.push(Point {
            at: at as f64 / SECOND as f64,
            arrived,
            waiting,
            admitted: self.admitted,
            sold,
            queued: std::mem::take(&mut self.queued),
            answer_ms: std::mem::take(&mut self.slowest) as f64 / 1_000.0,
            admission_percent: self.share.unwrap_or(100),
        });
    }
}
