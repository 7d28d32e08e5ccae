//! Availability of the participants of an order: a breaker in front of stock and of coupons (R-01…R-03, S-04, T11).
//!
//! Participants run in this process, in the caller's commit. One is unavailable when an operator has disabled it, or
//! when its changes cannot be committed. An unavailable participant has done nothing: the order waits and requests
//! again.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use domain::order::saga::Step;
use domain::time::Timestamp;

use crate::commands::{Command, Reaction};
use crate::resilience::breaker::{Limits, Outcome, Refused, SharedBreaker, State};

/// The delay after which a failed participant is called again, if its breaker permits.
const ASK_AGAIN_AFTER: Duration = Duration::from_secs(5);

/// A participant with a breaker, under its name in source 001.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Service {
    Stock,
    Coupon,
}

impl Service {
    pub const ALL: [Service; 2] = [Service::Stock, Service::Coupon];

    pub const fn name(self) -> &'static str {
        match self {
            Service::Stock => "stockService",
            Service::Coupon => "couponService",
        }
    }

    /// Its name in metrics and alerts.
    pub const fn short_name(self) -> &'static str {
        match self {
            Service::Stock => "stock",
            Service::Coupon => "coupon",
        }
    }

    pub fn from_name(name: &str) -> Option<Service> {
        Service::ALL.into_iter().find(|service| service.name() == name)
    }

    /// Points have no breaker of their own: they are in the customer's row, which is available whenever the store is.
    pub const fn of(step: Step) -> Option<Service> {
        match step {
            Step::Stock(_) => Some(Service::Stock),
            Step::Coupon => Some(Service::Coupon),
            Step::Point => None,
        }
    }
}

/// The participants of one process. Their state lasts minutes and is lost with the process.
#[derive(Debug)]
pub struct Services {
    stock: Guard,
    coupon: Guard,
}

#[derive(Debug)]
struct Guard {
    is_out: AtomicBool,
    breaker: SharedBreaker,
}

impl Default for Services {
    fn default() -> Services {
        Services { stock: Guard::new(Limits::STOCK), coupon: Guard::new(Limits::COUPON) }
    }
}

impl Services {
    /// Disables a participant, or enables it again.
    pub fn take_out(&self, service: Service, is_out: bool) {
        self.guard(service).is_out.store(is_out, Ordering::Relaxed);
    }

    pub fn is_out(&self, service: Service) -> bool {
        self.guard(service).is_out.load(Ordering::Relaxed)
    }

    pub fn state(&self, service: Service, now: Timestamp) -> State {
        self.guard(service).breaker.state(now)
    }

    /// Returns when a participant is called again; `None`: at once.
    pub fn next_try(&self, service: Service, now: Timestamp) -> Option<Timestamp> {
        self.guard(service).breaker.next_try(now)
    }

    /// Checks that a step's participant may be called. `Err`: nothing was done, and when to try again.
    pub(crate) fn ask(&self, step: Step, now: Timestamp) -> Result<(), Timestamp> {
        let Some(service) = Service::of(step) else { return Ok(()) };
        let guard = self.guard(service);
        let outcome = if self.is_out(service) { Outcome::Failed } else { Outcome::Answered };
        guard.call(outcome, now)
    }

    /// Records that a participant's changes could not be committed, though its command was alone.
    pub(crate) fn note_failure(&self, command: &Command, now: Timestamp) {
        if let Some(service) = asked_by(command).and_then(Service::of) {
            // It has failed whether it was permitted or not.
            let _refused = self.guard(service).call(Outcome::Failed, now);
        }
    }

    const fn guard(&self, service: Service) -> &Guard {
        match service {
            Service::Stock => &self.stock,
            Service::Coupon => &self.coupon,
        }
    }
}

impl Guard {
    fn new(limits: Limits) -> Guard {
        Guard { is_out: AtomicBool::new(false), breaker: SharedBreaker::new(limits) }
    }

    fn call(&self, outcome: Outcome, now: Timestamp) -> Result<(), Timestamp> {
        let permit = self.breaker.permit(now).map_err(|Refused { until }| until)?;
        self.breaker.report(permit, outcome, now);
        match outcome {
            Outcome::Answered => Ok(()),
            Outcome::Failed => Err(now + ASK_AGAIN_AFTER),
        }
    }
}

fn asked_by(command: &Command) -> Option<Step> {
    #[expect(clippy::wildcard_enum_match_arm, reason = "no other command calls a participant")]
    match command {
        Command::React(Reaction::ClaimStock { product, .. } | Reaction::ReleaseStock { product, .. }) => {
            Some(Step::Stock(*product))
        }
        Command::React(Reaction::ClaimCoupon { .. } | Reaction::ReleaseCoupon { .. }) => Some(Step::Coupon),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_micros(seconds * 1_000_000)
    }

    /// for coupons three failures are enough; R-01: for stock five.
    #[test]
    fn a_disabled_participant_is_called_until_its_breaker_opens() {
        let services = Services::default();
        for (service, step, calls, open_s) in
            [(Service::Coupon, Step::Coupon, 3, 20), (Service::Stock, Step::Stock(domain::ids::ProductId(1)), 5, 30)]
        {
            services.take_out(service, true);
            for _ in 0..calls {
                assert_eq!(services.state(service, at(0)), State::Closed);
                assert_eq!(services.ask(step, at(0)), Err(at(5)));
            }
            assert_eq!(services.state(service, at(0)), State::Open);
            assert_eq!(services.ask(step, at(1)), Err(at(open_s)), "it is not even tried");
            services.take_out(service, false);
            assert_eq!(services.ask(step, at(2)), Err(at(open_s)), "also after it is enabled again");
            assert_eq!(services.ask(step, at(open_s)), Ok(()));
            assert_eq!(services.state(service, at(open_s)), State::Closed);
        }
    }

    #[test]
    fn points_are_always_available() {
        let services = Services::default();
        Service::ALL.into_iter().for_each(|service| services.take_out(service, true));
        assert_eq!(services.ask(Step::Point, at(0)), Ok(()));
    }
}
