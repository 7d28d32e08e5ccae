//! What this process knows of each endpoint's queue: calls in progress, the breaker, the rate and the pause that the
//! receiver asked for. All of it may be lost; the deliveries are rows.

use std::collections::BTreeMap;

use app::resilience::breaker::{Breaker, Limits, Outcome, Permit, State};
use domain::ids::WebhookId;
use domain::time::Timestamp;
use domain::webhook::Endpoint;

const MICROS_PER_SECOND: i64 = 1_000_000;

pub(super) struct Queues {
    concurrency: usize,
    by_endpoint: BTreeMap<WebhookId, Queue>,
}

struct Queue {
    in_progress: usize,
    breaker: Breaker,
    held_until: Option<Timestamp>,
    rate: Rate,
    /// The operators were warned that the endpoint will be disabled.
    is_warned: bool,
    /// The log already says that the endpoint's secret cannot be read.
    is_locked: bool,
}

/// Requests that may be sent at once, in millionths; they grow with the time.
#[derive(Clone, Copy, Default)]
struct Rate {
    at_hand: i64,
    since: Timestamp,
}

impl Queues {
    pub(super) const fn new(concurrency: usize) -> Queues {
        Queues { concurrency, by_endpoint: BTreeMap::new() }
    }

    /// Forgets endpoints that have nothing to send any more.
    pub(super) fn keep_only(&mut self, waiting: &[(Endpoint, Timestamp)]) {
        let is_waiting = |id: &WebhookId| waiting.binary_search_by_key(id, |(endpoint, _)| endpoint.id).is_ok();
        // A breaker that is not closed remembers a failure that still counts.
        self.by_endpoint.retain(|id, queue| {
            queue.in_progress > 0
                || queue.held_until.is_some()
                || queue.breaker.next_try(queue.rate.since).is_some()
                || is_waiting(id)
        });
    }

    /// Returns the number of calls that may be started now.
    pub(super) fn room(&mut self, endpoint: &Endpoint, now: Timestamp) -> usize {
        let concurrency = self.concurrency;
        let queue = self.queue(endpoint.id);
        if queue.held_until.is_some_and(|until| now < until) {
            return 0;
        }
        queue.held_until = None;
        let free = match queue.breaker.state(now) {
            State::Closed => concurrency.saturating_sub(queue.in_progress),
            // One trial call, and no other call during it.
            State::HalfOpen => usize::from(queue.in_progress == 0),
            State::Open => 0,
        };
        free.min(queue.rate.room(endpoint.rate_per_second, now))
    }

    /// Counts a call that begins. `None` while the breaker is open.
    pub(super) fn begin(&mut self, endpoint: &Endpoint, now: Timestamp) -> Option<Permit> {
        let queue = self.queue(endpoint.id);
        let permit = queue.breaker.permit(now).ok()?;
        queue.in_progress += 1;
        queue.rate.at_hand -= MICROS_PER_SECOND;
        Some(permit)
    }

    pub(super) fn end(&mut self, id: WebhookId, ended: Ended, now: Timestamp) {
        let queue = self.queue(id);
        queue.in_progress = queue.in_progress.saturating_sub(1);
        queue.breaker.report(ended.permit, ended.outcome, now);
        queue.held_until = queue.held_until.max(ended.hold);
    }

    pub(super) fn open_breakers(&self, now: Timestamp) -> usize {
        self.by_endpoint.values().filter(|queue| queue.breaker.state(now) != State::Closed).count()
    }

    /// Returns true once for each time that an endpoint has failed for this long.
    pub(super) fn is_news(&mut self, id: WebhookId, is_failing: bool) -> bool {
        let queue = self.queue(id);
        is_failing && !std::mem::replace(&mut queue.is_warned, is_failing)
    }

    /// Returns true once for each time that the endpoint's secret cannot be read.
    pub(super) fn is_new_lock(&mut self, id: WebhookId, is_locked: bool) -> bool {
        let was_locked = std::mem::replace(&mut self.queue(id).is_locked, is_locked);
        is_locked && !was_locked
    }

    fn queue(&mut self, id: WebhookId) -> &mut Queue {
        self.by_endpoint.entry(id).or_insert_with(|| Queue {
            in_progress: 0,
            breaker: Breaker::new(Limits::OUTWARD),
            held_until: None,
            rate: Rate::default(),
            is_warned: false,
            is_locked: false,
        })
    }
}

/// The end of a call.
pub(super) struct Ended {
    pub(super) permit: Permit,
    pub(super) outcome: Outcome,
    /// The receiver asks for a pause until then.
    pub(super) hold: Option<Timestamp>,
}

impl Rate {
    fn room(&mut self, per_second: Option<i64>, now: Timestamp) -> usize {
        let Some(per_second) = per_second.filter(|rate| *rate > 0) else {
            *self = Rate { at_hand: 0, since: now };
            return usize::MAX;
        };
        let grown = i64::try_from((now - self.since).as_micros()).unwrap_or(i64::MAX).saturating_mul(per_second);
        let most = per_second.saturating_mul(MICROS_PER_SECOND);
        *self = Rate { at_hand: self.at_hand.saturating_add(grown).min(most), since: now };
        usize::try_from(self.at_hand / MICROS_PER_SECOND).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {

    use super::*;

    const T: fn(i64) -> Timestamp = |millis| Timestamp::from_micros(1_000_000_000_000 + millis * 1_000);

    fn endpoint(rate_per_second: Option<i64>) -> Endpoint {
        let new = Endpoint::new(WebhookId(1), "https://example.com/hook".into(), "whsec_a".into(), T(0));
        Endpoint { rate_per_second, ..new }
    }

    fn call(queues: &mut Queues, endpoint: &Endpoint, outcome: Outcome, at: Timestamp) {
        let permit = queues.begin(endpoint, at).unwrap();
        queues.end(endpoint.id, Ended { permit, outcome, hold: None }, at);
    }

    #[test]
    fn calls_in_progress_take_room() {
        let (mut queues, endpoint) = (Queues::new(2), endpoint(None));
        let permits: Vec<_> = (0..2).map(|_| queues.begin(&endpoint, T(0)).unwrap()).collect();
        assert_eq!(queues.room(&endpoint, T(0)), 0);
        for permit in permits {
            queues.end(endpoint.id, Ended { permit, outcome: Outcome::Answered, hold: None }, T(1));
        }
        assert_eq!(queues.room(&endpoint, T(1)), 2);
    }

    #[test]
    fn a_rate_is_kept_on_average() {
        let (mut queues, endpoint) = (Queues::new(100), endpoint(Some(10)));
        let mut sent = 0;
        for millis in 0..10_000 {
            for _ in 0..queues.room(&endpoint, T(millis)) {
                call(&mut queues, &endpoint, Outcome::Answered, T(millis));
                sent += 1;
            }
        }
        assert!((100..=110).contains(&sent), "{sent}");
    }

    #[test]
    fn an_endpoint_that_always_fails_is_tried_one_call_at_a_time() {
        let (mut queues, endpoint) = (Queues::new(4), endpoint(None));
        (0..20).for_each(|_| call(&mut queues, &endpoint, Outcome::Failed, T(0)));
        assert_eq!((queues.room(&endpoint, T(1)), queues.open_breakers(T(1))), (0, 1));
        assert_eq!(queues.room(&endpoint, T(10_001)), 1);
        call(&mut queues, &endpoint, Outcome::Answered, T(10_001));
        assert_eq!(queues.room(&endpoint, T(10_002)), 4);
    }

    #[test]
    fn a_receiver_gets_the_pause_that_it_asks_for() {
        let (mut queues, endpoint) = (Queues::new(4), endpoint(None));
        let permit = queues.begin(&endpoint, T(0)).unwrap();
        queues.end(endpoint.id, Ended { permit, outcome: Outcome::Failed, hold: Some(T(500)) }, T(0));
        assert_eq!(queues.room(&endpoint, T(499)), 0);
        assert_eq!(queues.room(&endpoint, T(500)), 4);
    }
}
