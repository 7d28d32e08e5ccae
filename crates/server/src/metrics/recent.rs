//! The last hour of this process, second by second, so that a dashboard shows a course as soon as it is opened.

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use domain::time::Timestamp;
use parking_lot::Mutex;

use super::requests::{Requests, SECONDS_BUCKETS};
use crate::runtime::shutdown::Stop;

const EVERY: Duration = Duration::from_secs(1);
/// One hour.
pub(crate) const SECONDS_KEPT: usize = 3_600;

const ORDERS: &str = "/api/orders";
const COUPONS: [&str; 4] =
    ["/api/coupons/{id}/issue", "/api/coupons/issue", "/coupons/issue", "/api/coupon/{id}/issue-redis"];

/// What happened in one second.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sample {
    pub at: Timestamp,
    /// Orders accepted.
    pub orders: u64,
    /// Coupons issued or requested.
    pub coupons: u64,
    /// Orders and coupons refused.
    pub refused: u64,
    /// Half of the answers about orders and coupons took at most this long; zero without answers.
    pub half: Duration,
    /// 99 of 100 of them took at most this long.
    pub most: Duration,
    /// Commands that wait for the engine.
    pub queue: usize,
    /// All answers of this second, to whichever route.
    pub answers: u64,
    /// Those of them that are failures of the shop: a 5xx.
    pub failures: u64,
}

/// The samples of the last hour, oldest first.
pub struct Recent {
    requests: Arc<Requests>,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    samples: VecDeque<Sample>,
    before: Tally,
}

/// Counts since the start of the process.
#[derive(Clone, Copy, Default)]
struct Tally {
    orders: u64,
    coupons: u64,
    refused: u64,
    answers: u64,
    failures: u64,
    buckets: [u64; SECONDS_BUCKETS.len() + 1],
}

impl std::fmt::Debug for Recent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Recent").finish_non_exhaustive()
    }
}

impl Recent {
    pub(super) fn new(requests: Arc<Requests>) -> Recent {
        Recent { requests, kept: Mutex::default() }
    }

    /// Returns the latest samples, oldest first, at most `seconds`.
    pub fn latest(&self, seconds: usize) -> Vec<Sample> {
        let kept = self.kept.lock();
        kept.samples.iter().skip(kept.samples.len().saturating_sub(seconds)).copied().collect()
    }

    /// Returns the share of failures among the answers of the latest seconds, at most `seconds`; `None` with fewer answers
    /// than `answers_min`.
    pub fn failed_share(&self, seconds: usize, answers_min: u64) -> Option<f64> {
        let kept = self.kept.lock();
        let latest = kept.samples.iter().skip(kept.samples.len().saturating_sub(seconds));
        let (answers, failures) =
            latest.fold((0, 0), |(answers, failures), of| (answers + of.answers, failures + of.failures));
        #[expect(clippy::cast_precision_loss, reason = "a share needs no more digits")]
        (answers >= answers_min).then(|| failures as f64 / answers as f64)
    }

    /// Adds the sample of the second that ends now.
    pub(crate) fn take(&self, at: Timestamp, queue: usize) {
        let now = self.tally();
        let mut kept = self.kept.lock();
        let before = std::mem::replace(&mut kept.before, now);
        let buckets: Vec<u64> = now.buckets.iter().zip(before.buckets).map(|(now, before)| now - before).collect();
        if kept.samples.len() == SECONDS_KEPT {
            kept.samples.pop_front();
        }
        kept.samples.push_back(Sample {
            at,
            orders: now.orders - before.orders,
            coupons: now.coupons - before.coupons,
            refused: now.refused - before.refused,
            half: quantile(&buckets, 50),
            most: quantile(&buckets, 99),
            queue,
            answers: now.answers - before.answers,
            failures: now.failures - before.failures,
        });
    }

    fn tally(&self) -> Tally {
        let mut tally = Tally::default();
        for (name, route) in self.requests.by_route.read().iter() {
            let is_order = **name == *ORDERS;
            let route = route.lock();
            for ((_, status), count) in &route.answers {
                tally.answers += count;
                tally.failures += if status.is_server_error() { *count } else { 0 };
            }
            if !is_order && !COUPONS.contains(&&**name) {
                continue;
            }
            for ((_, status), count) in route.answers.iter().filter(|((method, _), _)| *method != "GET") {
                match status.as_u16() {
                    200..300 if is_order => tally.orders += count,
                    200..300 => tally.coupons += count,
                    _ => tally.refused += count,
                }
            }
            tally.buckets.iter_mut().zip(route.buckets).for_each(|(sum, count)| *sum += count);
        }
        tally
    }

    /// Takes a sample each second, on a thread of its own, until it is stopped.
    pub(crate) fn start(
        self: Arc<Recent>,
        now: impl Fn() -> Timestamp + Send + 'static,
        queue: impl Fn() -> usize + Send + 'static,
        mut stop: Stop,
    ) -> io::Result<JoinHandle<()>> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
        let work = async move {
            let mut due = Instant::now() + EVERY;
            while !stop.is_requested() {
                tokio::select! {
                    () = tokio::time::sleep_until(due.into()) => self.take(now(), queue()),
                    () = stop.requested() => break,
                }
                // After a pause of the whole process there is one sample, not one for each second of it.
                due = (due + EVERY).max(Instant::now());
            }
        };
        std::thread::Builder::new().name("recent".to_owned()).spawn(move || runtime.block_on(work))
    }
}

/// Returns the upper bound of the bucket that holds the quantile.
fn quantile(buckets: &[u64], percent: u64) -> Duration {
    let all: u64 = buckets.iter().sum();
    if all == 0 {
        return Duration::ZERO;
    }
    let wanted = (all * percent).div_ceil(100);
    let mut seen = 0;
    let bucket = buckets.iter().position(|count| {
        seen += count;
        seen >= wanted
    });
    let last = SECONDS_BUCKETS.len() - 1;
    Duration::from_secs_f64(SECONDS_BUCKETS[bucket.unwrap_or(last).min(last)])
}

#[cfg(test)]
mod tests {
    use axum::http::{Method, StatusCode};

    use super::*;
    use crate::metrics::Metrics;

    #[test]
    fn each_second_shows_what_was_answered_in_it() {
        let metrics = Metrics::new();
        let answer = |route: &str, method: Method, status: StatusCode, ms: u64| {
            metrics.observe_request(Some(route), &method, status, Duration::from_millis(ms));
        };
        let at = Timestamp::from_micros;
        answer(ORDERS, Method::POST, StatusCode::ACCEPTED, 2);
        answer(ORDERS, Method::POST, StatusCode::CONFLICT, 2);
        answer(COUPONS[0], Method::POST, StatusCode::CREATED, 40);
        answer("/api/products", Method::GET, StatusCode::OK, 900);
        metrics.recent().take(at(1), 7);
        metrics.recent().take(at(2), 0);
        let [first, second] = metrics.recent().latest(60)[..] else { panic!("two samples") };
        assert_eq!((first.at, first.orders, first.coupons, first.refused, first.queue), (at(1), 1, 1, 1, 7));
        assert_eq!((first.answers, first.failures), (4, 0));
        assert_eq!((first.half, first.most), (Duration::from_micros(2_500), Duration::from_millis(50)));
        assert_eq!(second, Sample { at: at(2), ..Sample::default() });
    }

    #[test]
    fn failures_are_a_share_of_the_latest_answers() {
        let metrics = Metrics::new();
        let answer = |status| metrics.observe_request(Some("/"), &Method::GET, status, Duration::ZERO);
        assert_eq!(metrics.recent().failed_share(60, 1), None);
        answer(StatusCode::SERVICE_UNAVAILABLE);
        metrics.recent().take(Timestamp::from_micros(1), 0);
        [StatusCode::OK, StatusCode::NOT_FOUND, StatusCode::OK, StatusCode::BAD_GATEWAY].into_iter().for_each(answer);
        metrics.recent().take(Timestamp::from_micros(2), 0);
        assert_eq!(metrics.recent().failed_share(1, 4), Some(0.25));
        assert_eq!(metrics.recent().failed_share(60, 1), Some(0.4));
        assert_eq!(metrics.recent().failed_share(60, 6), None);
    }

    #[test]
    fn the_oldest_second_makes_room() {
        let metrics = Metrics::new();
        (0..i64::try_from(SECONDS_KEPT).unwrap() + 5)
            .for_each(|at| metrics.recent().take(Timestamp::from_micros(at), 0));
        let kept = metrics.recent().latest(usize::MAX);
        assert_eq!((kept.len(), kept[0].at), (SECONDS_KEPT, Timestamp::from_micros(5)));
        assert_eq!(metrics.recent().latest(2).len(), 2);
    }
}
