//! Whether the participants of an order can be asked: a breaker in front of stock and of coupons (R-01…R-03, S-04, T11).
//!
//! Participants run in this process, in the commit of whoever asks. One fails when an operator has taken it out, or when
//! what it does cannot be committed. Whoever is not asked, or fails, has done nothing: the order waits and asks again.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use domain::order::saga::Step;
use domain::time::Timestamp;

use crate::commands::{Command, Reaction};
use crate::resilience::breaker::{Limits, Outcome, Refused, SharedBreaker, State};

/// A participant that failed is asked again after so long, as long as its breaker lets it.
const ASK_AGAIN_AFTER: Duration = Duration::from_secs(5);

/// A participant with a breaker, under the name that source 001 gives it.
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

    pub fn from_name(name: &str) -> Option<Service> {
        Service::ALL.into_iter().find(|service| service.name() == name)
    }

    /// Points have no breaker of their own: they are the customer's row, which is either there or the whole store is not.
    pub const fn of(step: Step) -> Option<Service> {
        match step {
            Step::Stock(_) => Some(Service::Stock),
            Step::Coupon => Some(Service::Coupon),
            Step::Point => None,
        }
    }
}

/// The participants of one process. Their state is a matter of minutes and dies with it.
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
    /// Takes a participant out, or back in.
    pub fn take_out(&self, service: Service, is_out: bool) {
        self.guard(service).is_out.store(is_out, Ordering::Relaxed);
    }

    pub fn is_out(&self, service: Service) -> bool {
        self.guard(service).is_out.load(Ordering::Relaxed)
    }

    pub fn state(&self, service: Service, now: Timestamp) -> State {
        self.guard(service).breaker.state(now)
    }

    /// When a participant is asked again; `None`: at once.
    pub fn next_try(&self, service: Service, now: Timestamp) -> Option<Timestamp> {
        self.guard(service).breaker.next_try(now)
    }

    /// Asks whoever does a step. `Err`: nothing was done, and when to ask again.
    pub(crate) fn ask(&self, step: Step, now: Timestamp) -> Result<(), Timestamp> {
        let Some(service) = Service::of(step) else { return Ok(()) };
        let guard = self.guard(service);
        let outcome = if self.is_out(service) { Outcome::Failed } else { Outcome::Answered };
        guard.call(outcome, now)
    }

    /// A participant's part of a commit came to nothing, though it stood alone.
    pub(crate) fn note_failure(&self, command: &Command, now: Timestamp) {
        if let Some(service) = asked_by(command).and_then(Service::of) {
            // Whether it was let through or not, it has failed.
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
    #[expect(clippy::wildcard_enum_match_arm, reason = "no other command is a participant's")]
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

    /// of coupons, three failures are enough; R-01: of stock, five.
    #[test]
    fn a_participant_that_is_out_is_tried_until_its_breaker_opens() {
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
            assert_eq!(services.ask(step, at(2)), Err(at(open_s)), "also when it is back");
            assert_eq!(services.ask(step, at(open_s)), Ok(()));
            assert_eq!(services.state(service, at(open_s)), State::Closed);
        }
    }

    #[test]
    fn points_are_always_asked() {
        let services = Services::default();
        Service::ALL.into_iter().for_each(|service| services.take_out(service, true));
        assert_eq!(services.ask(Step::Point, at(0)), Ok(()));
    }
}
