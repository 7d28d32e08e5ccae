//! Random faults of a tick.

use std::time::Duration;

use app::log::reactions::Group;
use app::ports::{Clock as _, CommitError};
use app::resilience::services::Service;
use app::state::rows::ClaimKey;
use app::state::settings::Executor;
use domain::payment::Operation;
use domain::time::Timestamp;

use crate::coverage::Branch;
use crate::crashing_store::Death;
use crate::forgery;
use crate::forgery::dice::Dice;
use crate::planned_fault::{CONSTRAINT, CommitFault};
use crate::provider::{Planned, Whim};
use crate::world::World;

/// About the bytes that one forgery uses.
const FORGERY_BYTES: usize = 48;

impl World {
    /// Plans this tick's faults, each with its own probability.
    pub(crate) fn inject_faults(&mut self) {
        let odds = self.plan.scenario.odds();
        let place = self.rng.below(self.processes.len() as u64) as usize;
        if self.rng.happens(odds.crash) {
            self.plan_crash(place);
        }
        if self.rng.happens(odds.unknown) {
            self.plan_unknown(place);
        }
        if self.rng.happens(odds.constraint) {
            let times = self.rng.between(1, 4);
            self.note(format_args!("process {place}: the next {times} commits violate a constraint"));
            let refused = || CommitFault::Refused(CommitError::Constraint(CONSTRAINT.into()));
            (0..times).for_each(|_| self.processes[place].faults.plan_commit(refused()));
        }
        if self.rng.happens(odds.failure) {
            self.note(format_args!("process {place}: the store does not respond"));
            self.processes[place].faults.fail_loads(1);
        }
        if self.rng.happens(odds.repeat) {
            self.repeat_events();
        }
        if self.rng.happens(odds.delay) {
            self.delay_partition();
        }
        if self.rng.happens(odds.silence) {
            self.silence_group();
        }
        if self.rng.happens(odds.pause) {
            self.pause(place);
        }
        if self.rng.happens(odds.inability) {
            self.refuse_claim();
        }
        if self.rng.happens(odds.outage) {
            self.take_out(place);
        }
        if self.rng.happens(odds.whim / 4) {
            self.decline_returns();
        }
        if self.rng.happens(odds.jump) {
            self.jump();
        }
        // With its own random numbers, so that the rest of the day stays the same.
        if self.plan.executor == Executor::Log && self.forger.happens(odds.forgery) {
            self.forge();
        }
    }

    fn forge(&mut self) {
        let bytes: Vec<u8> = (0..FORGERY_BYTES).map(|_| self.forger.below(256) as u8).collect();
        let forged = self.around.disk.read(|state| forgery::forge(state, &mut Dice::new(&bytes)));
        let Some((record, how)) = forged else { return };
        self.note(format_args!("a record is forged: {how}, on {}", record.topic.name()));
        self.coverage.reach(Branch::Forged);
        self.around.bus.forge(record);
    }

    fn plan_crash(&mut self, place: usize) {
        let death = self.rng.pick(&[Death::AtLoad, Death::BeforeCommit, Death::AfterCommit]);
        self.note(format_args!("process {place} will die: {death:?}"));
        self.processes[place].fate.plan(death);
    }

    fn plan_unknown(&mut self, place: usize) {
        let (happened, is_lost) = (self.rng.happens(500), self.rng.happens(200));
        self.note(format_args!(
            "process {place}: a commit with unknown outcome, written {happened}, lookup fails {is_lost}"
        ));
        let faults = &self.processes[place].faults;
        faults.plan_commit(if happened { CommitFault::LostAfter } else { CommitFault::LostBefore });
        faults.fail_lookups(usize::from(is_lost));
    }

    /// The provider declines refunds, or voids, a number of times.
    fn decline_returns(&mut self) {
        let Some(operation) = self.rng.pick(&[Operation::Refund, Operation::Void]) else { return };
        let times = self.rng.pick(&[2, 8, u64::MAX]).unwrap_or(1);
        self.note(format_args!("the provider declines {} {times} times", operation.name()));
        self.provider.plan(Planned { operation, whim: Whim::Decline, times });
    }

    /// Makes a participant fail at an order's step, under the log executor. Inline, the failure would be the customer's response.
    fn refuse_claim(&mut self) {
        if self.plan.executor == Executor::Inline {
            return;
        }
        let steps: Vec<ClaimKey> = self.around.disk.read(|state| {
            let live = state.orders.values().map(|row| &row.order).filter(|order| !order.outcome.is_final());
            live.flat_map(|order| {
                order.saga.steps.iter().map(|record| ClaimKey { order: order.id(), step: record.step })
            })
            .collect()
        });
        let Some(claim) = self.rng.pick(&steps) else { return };
        let times = if self.rng.happens(600) { u64::MAX } else { self.rng.between(1, 12) };
        self.note(format_args!("{claim:?} is refused {times} times"));
        self.around.disk.tamper(|state| state.refused_claims.insert(claim, times));
    }

    /// Delivers the relay's last events again, in order, or one event as a resent dead letter.
    fn repeat_events(&mut self) {
        let total = self.around.bus.relayed();
        if total == 0 {
            return;
        }
        let places = if self.rng.happens(500) {
            let one = self.rng.below(total as u64) as usize;
            one..one + 1
        } else {
            total - self.rng.between(1, total.min(12) as u64) as usize..total
        };
        self.note(format_args!("events {places:?} are delivered again"));
        self.coverage.reach(Branch::Repeated);
        let bus = self.around.bus.clone();
        self.around.disk.read(|state| bus.repeat(state, places));
    }

    fn delay_partition(&mut self) {
        let Some(partition) = self.rng.pick(&self.around.bus.partitions()) else { return };
        let until = self.tick + self.rng.between(2, 30);
        self.note(format_args!("{partition:?} is delayed until {until}"));
        self.coverage.reach(Branch::PartitionDelayed);
        self.around.bus.delay(partition, until);
    }

    fn silence_group(&mut self) {
        let Some(group) = self.rng.pick(Group::CARRIED) else { return };
        let until = self.tick + self.rng.between(5, 90);
        self.note(format_args!("{} is silent until {until}", group.name()));
        self.coverage.reach(Branch::GroupSilent);
        self.around.bus.silence(group, until);
    }

    /// Pauses a process with undecided jobs; another one takes over its partitions.
    fn pause(&mut self, place: usize) {
        let is_working = |place: &usize| self.processes[*place].paused_until.is_none();
        let others: Vec<usize> = (0..self.processes.len()).filter(|other| *other != place).filter(is_working).collect();
        let Some(heir) = self.rng.pick(&others).filter(|_| is_working(&place)) else { return };
        let until = self.tick + self.rng.between(1, 25);
        self.note(format_args!("process {place} is paused until {until}, {heir} takes over"));
        self.processes[place].paused_until = Some(until);
        self.around.bus.own(heir);
    }

    /// An operator disables a participant of one process, and enables it the next time.
    fn take_out(&mut self, place: usize) {
        let Some(service) = self.rng.pick(&Service::ALL) else { return };
        let services = &self.processes[place].services;
        let is_out = !services.is_out(service);
        services.take_out(service, is_out);
        self.note(format_args!("process {place}: {} is out {is_out}", service.name()));
        self.coverage.reach(Branch::ParticipantOut);
    }

    fn jump(&mut self) {
        let micros = self.rng.amount(1_000_000, 3_600_000_000);
        let is_forward = self.rng.happens(500);
        let now = self.around.clock.now();
        self.coverage.reach(if is_forward { Branch::ClockForward } else { Branch::ClockBack });
        let to = if is_forward {
            now + Duration::from_micros(micros.cast_unsigned())
        } else {
            Timestamp::from_micros(now.micros() - micros)
        };
        self.note(format_args!("the clock jumps to {}", to.micros()));
        self.around.clock.set(to);
    }
}
