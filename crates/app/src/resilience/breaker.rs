//! A circuit breaker: calls that keep failing are refused for a while, then tried one at a time.
//!
//! A pure state machine whose time is a parameter, so that the simulator can run it. It only refuses calls: refused
//! work stays pending.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use domain::time::Timestamp;

/// When a breaker opens, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// It opens when this percentage of calls failed, or more.
    pub failures_percent: usize,
    /// The number of latest calls that are counted.
    pub window: usize,
    /// The minimum of calls; fewer than this never open it.
    pub calls_min: usize,
    pub open_for: Duration,
}

impl Limits {
    pub const STOCK: Limits =
        Limits { failures_percent: 50, window: 10, calls_min: 5, open_for: Duration::from_secs(30) };
    pub const COUPON: Limits =
        Limits { failures_percent: 60, window: 8, calls_min: 3, open_for: Duration::from_secs(20) };
    pub const PAYMENT: Limits =
        Limits { failures_percent: 50, window: 10, calls_min: 5, open_for: Duration::from_secs(30) };
    /// Of a webhook endpoint, and of a channel to users: all of the latest calls have failed. It stays open for a short
    /// time, because a schedule already spreads the attempts.
    pub const OUTWARD: Limits =
        Limits { failures_percent: 100, window: 20, calls_min: 20, open_for: Duration::from_secs(10) };
}

/// The state of a breaker; the numbers are those of its metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    Closed,
    HalfOpen,
    Open,
}

impl State {
    pub const fn name(self) -> &'static str {
        match self {
            State::Closed => "closed",
            State::HalfOpen => "half_open",
            State::Open => "open",
        }
    }

    pub const fn number(self) -> i64 {
        match self {
            State::Closed => 0,
            State::HalfOpen => 1,
            State::Open => 2,
        }
    }
}

/// The outcome of a permitted call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// An answer, good or bad: a refusal is an answer too.
    Answered,
    Failed,
}

/// The right to make one call. It is returned with the call's outcome.
#[derive(Debug, PartialEq, Eq)]
#[must_use = "a call that is never reported leaves a half-open breaker waiting"]
pub struct Permit {
    /// The turn in which it was given; outcomes of earlier turns are ignored.
    turn: u64,
}

/// No call may be made before this moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refused {
    pub until: Timestamp,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Situation {
    /// The latest outcomes, oldest first.
    Closed(VecDeque<Outcome>),
    Open {
        until: Timestamp,
    },
    /// One call is under way; no other is permitted until it ends, or takes longer than the breaker would be open.
    Trying {
        until: Timestamp,
    },
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Breaker {
    limits: Limits,
    situation: Situation,
    /// Counts the changes of situation.
    turn: u64,
}

impl Breaker {
    pub fn new(limits: Limits) -> Breaker {
        Breaker { limits, situation: Situation::Closed(VecDeque::new()), turn: 0 }
    }

    pub fn state(&self, now: Timestamp) -> State {
        match self.situation {
            Situation::Closed(_) => State::Closed,
            Situation::Open { until } if now < until => State::Open,
            Situation::Open { .. } | Situation::Trying { .. } => State::HalfOpen,
        }
    }

    /// Returns when a call may be made again; `None`: at once.
    pub fn next_try(&self, now: Timestamp) -> Option<Timestamp> {
        match self.situation {
            Situation::Closed(_) => None,
            Situation::Open { until } | Situation::Trying { until } => {
                Some(until.min(now + self.limits.open_for)).filter(|until| now < *until)
            }
        }
    }

    /// Requests a permit for a call.
    pub fn permit(&mut self, now: Timestamp) -> Result<Permit, Refused> {
        let latest = now + self.limits.open_for;
        self.open_no_longer_than(latest);
        match self.situation {
            Situation::Closed(_) => {}
            Situation::Open { until } | Situation::Trying { until } if now < until => return Err(Refused { until }),
            Situation::Open { .. } | Situation::Trying { .. } => self.turn_to(Situation::Trying { until: latest }),
        }
        Ok(Permit { turn: self.turn })
    }

    /// Records the outcome of a call. A permit of an earlier turn changes nothing.
    pub fn report(&mut self, permit: Permit, outcome: Outcome, now: Timestamp) {
        if permit.turn != self.turn {
            return;
        }
        let next = match (&mut self.situation, outcome) {
            (Situation::Closed(latest), _) => {
                latest.push_back(outcome);
                while latest.len() > self.limits.window {
                    latest.pop_front();
                }
                is_too_bad(latest, self.limits).then(|| self.open(now))
            }
            (Situation::Trying { .. }, Outcome::Answered) => Some(Situation::Closed(VecDeque::new())),
            (Situation::Trying { .. }, Outcome::Failed) => Some(self.open(now)),
            (Situation::Open { .. }, _) => unreachable!("an open breaker gives no permits in its turn"),
        };
        if let Some(next) = next {
            self.turn_to(next);
        }
    }

    fn open(&self, now: Timestamp) -> Situation {
        Situation::Open { until: now + self.limits.open_for }
    }

    /// Prevents that a clock that was set back keeps it open for longer.
    fn open_no_longer_than(&mut self, latest: Timestamp) {
        if let Situation::Open { until } | Situation::Trying { until } = &mut self.situation {
            *until = latest.min(*until);
        }
    }

    fn turn_to(&mut self, situation: Situation) {
        self.situation = situation;
        self.turn += 1;
    }
}

/// A breaker that one thread uses and others observe.
#[derive(Clone, Debug)]
pub struct SharedBreaker(Arc<Mutex<Breaker>>);

impl SharedBreaker {
    pub fn new(limits: Limits) -> SharedBreaker {
        SharedBreaker(Arc::new(Mutex::new(Breaker::new(limits))))
    }

    pub fn state(&self, now: Timestamp) -> State {
        self.lock().state(now)
    }

    pub fn next_try(&self, now: Timestamp) -> Option<Timestamp> {
        self.lock().next_try(now)
    }

    pub fn permit(&self, now: Timestamp) -> Result<Permit, Refused> {
        self.lock().permit(now)
    }

    pub fn report(&self, permit: Permit, outcome: Outcome, now: Timestamp) {
        self.lock().report(permit, outcome, now);
    }

    fn lock(&self) -> MutexGuard<'_, Breaker> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn is_too_bad(latest: &VecDeque<Outcome>, limits: Limits) -> bool {
    let failed = latest.iter().filter(|outcome| **outcome == Outcome::Failed).count();
    latest.len() >= limits.calls_min && failed * 100 >= latest.len() * limits.failures_percent
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_micros(seconds * 1_000_000)
    }

    fn call(breaker: &mut Breaker, outcome: Outcome, now: Timestamp) {
        let permit = breaker.permit(now).expect("the breaker lets calls through");
        breaker.report(permit, outcome, now);
    }

    fn opened(limits: Limits, now: Timestamp) -> Breaker {
        let mut breaker = Breaker::new(limits);
        while breaker.state(now) == State::Closed {
            call(&mut breaker, Outcome::Failed, now);
        }
        breaker
    }

    #[test]
    fn few_calls_never_open_the_breaker() {
        let mut breaker = Breaker::new(Limits::STOCK);
        (0..4).for_each(|_| call(&mut breaker, Outcome::Failed, at(0)));
        assert_eq!(breaker.state(at(0)), State::Closed);
        call(&mut breaker, Outcome::Failed, at(0));
        assert_eq!(breaker.state(at(0)), State::Open);
    }

    #[test]
    fn half_of_ten_failures_open_it_and_fewer_do_not() {
        let mut breaker = Breaker::new(Limits::STOCK);
        (0..6).for_each(|_| call(&mut breaker, Outcome::Answered, at(0)));
        (0..4).for_each(|_| call(&mut breaker, Outcome::Failed, at(0)));
        assert_eq!(breaker.state(at(0)), State::Closed, "four of ten");
        // The oldest outcome leaves the window.
        call(&mut breaker, Outcome::Failed, at(0));
        assert_eq!(breaker.state(at(0)), State::Open, "five of ten");
    }

    #[test]
    fn an_open_breaker_refuses_until_its_time_and_then_tries_one_call() {
        let mut breaker = opened(Limits::COUPON, at(0));
        assert_eq!((breaker.next_try(at(19)), breaker.next_try(at(20))), (Some(at(20)), None));
        assert_eq!(breaker.permit(at(19)), Err(Refused { until: at(20) }));
        assert_eq!(breaker.state(at(20)), State::HalfOpen);
        let permit = breaker.permit(at(20)).unwrap();
        assert_eq!(breaker.permit(at(21)), Err(Refused { until: at(40) }), "one call at a time");
        breaker.report(permit, Outcome::Failed, at(22));
        assert_eq!(breaker.permit(at(41)), Err(Refused { until: at(42) }));
        call(&mut breaker, Outcome::Answered, at(42));
        assert_eq!(breaker.state(at(42)), State::Closed);
    }

    #[test]
    fn a_trial_that_never_reports_does_not_keep_it_half_open() {
        let mut breaker = opened(Limits::COUPON, at(0));
        let _lost = breaker.permit(at(20)).unwrap();
        assert!(breaker.permit(at(39)).is_err());
        call(&mut breaker, Outcome::Answered, at(40));
        assert_eq!(breaker.state(at(40)), State::Closed);
    }

    #[test]
    fn calls_of_an_earlier_time_change_nothing() {
        let mut breaker = Breaker::new(Limits::COUPON);
        let late = breaker.permit(at(0)).unwrap();
        (0..3).for_each(|_| call(&mut breaker, Outcome::Failed, at(0)));
        let trial = breaker.permit(at(20)).unwrap();
        breaker.report(late, Outcome::Answered, at(21));
        assert_eq!(breaker.state(at(21)), State::HalfOpen);
        breaker.report(trial, Outcome::Failed, at(22));
        assert_eq!(breaker.state(at(22)), State::Open);
    }

    #[test]
    fn a_clock_that_is_set_back_does_not_keep_it_open() {
        let mut breaker = opened(Limits::COUPON, at(10_000));
        assert_eq!(breaker.permit(at(100)), Err(Refused { until: at(120) }));
        assert_eq!(breaker.permit(at(119)), Err(Refused { until: at(120) }));
        let _lost = breaker.permit(at(120)).unwrap();
        assert_eq!(breaker.permit(at(50)), Err(Refused { until: at(70) }));
    }

    proptest! {
        #[test]
        fn it_never_refuses_for_longer_than_it_is_open(calls in prop::collection::vec((-40_i64..40, any::<bool>()), 1..200)) {
            let mut breaker = Breaker::new(Limits::STOCK);
            let mut now = 0;
            for (pause, is_good) in calls {
                now += pause;
                match breaker.permit(at(now)) {
                    Ok(permit) => {
                        let outcome = if is_good { Outcome::Answered } else { Outcome::Failed };
                        breaker.report(permit, outcome, at(now));
                    }
                    Err(Refused { until }) => prop_assert!(until <= at(now) + Limits::STOCK.open_for && until > at(now)),
                }
            }
        }
    }
}
