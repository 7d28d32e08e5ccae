//! The simulated shop and its environment, tick by tick on one thread.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};
use std::sync::Arc;
use std::time::Duration;

use app::commands::Command;
use app::commands::answer::{Refusal, Reply};
use app::engine::{Job, Report};
use app::payments::runner::PaymentRunner;
use app::ports::Clock as _;
use app::resilience::breaker;
use app::resilience::services::Service;
use app::state::rows::{InboxKey, OffsetKey};
use domain::ids::OrderId;
use domain::order::{Order, Outcome};
use domain::payment;
use domain::time::Timestamp;

use crate::bus::Bus;
use crate::clock::ModelClock;
use crate::coverage::{Branch, Coverage};
use crate::customers::{ADMIN, Customers};
use crate::disk::{Disk, State};
use crate::model_gate::{ModelGate, gate_is_right};
use crate::past::Past;
use crate::plan::Plan;
use crate::planned_fault::CONSTRAINT;
use crate::process::{CODEC, Process, Surroundings};
use crate::provider::Provider;
use crate::rng::Rng;
use crate::scenario::{Breakage, Scenario};
use crate::verdict::Verdict;

const MIDNIGHT: Timestamp = Timestamp::from_micros(1_795_219_200_000_000);
/// Ticks after which a customer repeats a request.
const PATIENCE: u64 = 8;

pub(crate) struct World {
    pub(crate) plan: Plan,
    pub(crate) rng: Rng,
    /// Random numbers for forged records, apart from the day's own.
    pub(crate) forger: Rng,
    pub(crate) tick: u64,
    pub(crate) around: Surroundings,
    pub(crate) processes: Vec<Process>,
    engines: u32,
    pub(crate) customers: Customers,
    pub(crate) coverage: Coverage,
    pub(crate) trace: String,
    /// True after faults have ended and the shop came to rest once.
    pub(crate) is_at_end: bool,
    /// Number of outbox rows that were checked.
    pub(crate) seen: usize,
    /// Number of outbox rows at the last audit.
    pub(crate) audited: usize,
    /// Longest duration of a tick in milliseconds.
    pub(crate) pace: u64,
    /// Invariants that decisions would have broken.
    pub(crate) broken: Vec<String>,
    /// The shop as its events tell it.
    pub(crate) past: Past,
    /// Each group's last known offset.
    pub(crate) last_offsets: BTreeMap<OffsetKey, i64>,
    pub(crate) provider: Arc<Provider>,
    pub(crate) payments: PaymentRunner,
    pub(crate) is_healed: bool,
}

impl World {
    pub(crate) fn new(plan: Plan) -> World {
        let is_miscounting = plan.breakage == Some(Breakage::AdmissionsCounted);
        let gate = if is_miscounting { ModelGate::that_counts_admissions() } else { ModelGate::default() };
        let around = Surroundings {
            disk: Disk::default(),
            clock: ModelClock::at(MIDNIGHT),
            bus: Bus::default(),
            gate: Arc::new(gate),
            executor: plan.executor,
            breakage: plan.breakage,
            follows: true,
        };
        let provider = Arc::new(Provider::new(plan.seed, plan.scenario.odds().whim));
        provider.forget_keys(plan.breakage == Some(Breakage::KeysForgotten));
        let clock = Arc::new(around.clock.clone());
        let breaker = breaker::SharedBreaker::new(breaker::Limits::PAYMENT);
        let mut world = World {
            payments: PaymentRunner::new(Arc::clone(&provider) as _, clock, CODEC, breaker),
            provider,
            is_healed: false,
            plan,
            rng: Rng::new(plan.seed),
            forger: Rng::new(!plan.seed),
            tick: 0,
            around,
            processes: vec![],
            engines: 0,
            customers: Customers::default(),
            coverage: Coverage::default(),
            trace: String::new(),
            is_at_end: false,
            seen: 0,
            audited: 0,
            pace: 3_000,
            broken: vec![],
            past: Past::default(),
            last_offsets: BTreeMap::new(),
        };
        for place in 0..plan.scenario.processes() {
            let process = world.start_process(place);
            world.processes.push(process);
        }
        // With long ticks, deadlines pass.
        world.pace = world.rng.pick(&[500, 3_000, 20_000]).unwrap_or(world.pace);
        if plan.scenario == Scenario::Failures {
            // Long enough for every retry of a dead letter.
            world.pace = 120_000;
        }
        world.around.bus.own(0);
        world.customers.prepare(&mut world.rng, MIDNIGHT, plan.scenario.processes() == 1);
        world
    }

    /// Adds a line to the trace.
    pub(crate) fn note(&mut self, line: fmt::Arguments<'_>) {
        let _infallible = writeln!(self.trace, "{:>4} {line}", self.tick);
    }

    fn start_process(&mut self, place: usize) -> Process {
        self.engines += 1;
        Process::start(&self.around, place, self.engines)
    }

    /// Adds new requests of customers and operators.
    pub(crate) fn add_requests(&mut self) {
        let is_rush = self.rng.happens(self.plan.scenario.odds().rush);
        let count = if is_rush { self.rng.between(8, 24) } else { self.rng.below(4) };
        if self.rng.happens(200) {
            self.resume_stuck();
            self.handle_stuck_payments();
        }
        for _customer in 0..count {
            let command = self.around.disk.read(|state| self.customers.think(&mut self.rng, state));
            self.customers.want(command);
        }
    }

    /// An operator resumes or resolves a stuck order.
    fn resume_stuck(&mut self) {
        let stuck: Vec<OrderId> = self.around.disk.read(|state| {
            let orders = state.orders.values().map(|row| &row.order);
            orders.filter(|order| order.outcome == Outcome::CompensationStuck).map(Order::id).collect()
        });
        if let Some(order) = self.rng.pick(&stuck) {
            let is_resolved = self.rng.happens(300);
            let (by, reason) = (ADMIN, "counted by hand".into());
            let resolve = Command::ResolveOrder { order, by, reason };
            self.customers.want(if is_resolved { resolve } else { Command::ResumeOrder { order } });
        }
    }

    /// An operator retries or resolves a stuck payment.
    fn handle_stuck_payments(&mut self) {
        let stuck = self.around.disk.read(stuck_payments);
        if let Some(order) = self.rng.pick(&stuck) {
            let is_resolved = self.rng.happens(500);
            let (by, reason, reference) = (ADMIN, "paid by transfer".into(), "TR-1".into());
            let resolve = Command::ResolveStuckPayment { order, by, reason, reference };
            self.customers.want(if is_resolved { resolve } else { Command::RetryStuckPayment { order, by } });
        }
    }

    /// Sends new requests and those without a response in time; sometimes also one that is under way.
    pub(crate) fn send_requests(&mut self) -> Verdict {
        let mut due = vec![];
        for (number, request) in self.customers.unanswered() {
            match request.sent {
                None => due.push(number),
                Some(sent) if sent + PATIENCE <= self.tick => due.push(number),
                Some(_) if self.rng.happens(20) => {
                    self.coverage.reach(Branch::RepeatedToOther);
                    due.push(number);
                }
                Some(_) => {}
            }
        }
        due.into_iter().try_for_each(|number| self.send(number))
    }

    /// Sends a request through the gate to a random process.
    pub(crate) fn send(&mut self, number: usize) -> Verdict {
        if self.is_refused_by_gate(number)? {
            return Ok(());
        }
        self.customers.requests[number].sent = Some(self.tick);
        let place = self.rng.below(self.processes.len() as u64) as usize;
        let mut job = self.customers.job(number);
        if self.rng.happens(100) {
            job = job.before(self.around.clock.now() + Duration::from_millis(self.rng.between(0, 2_000)));
        }
        let what = format!("{:?}", self.customers.requests[number].command);
        self.note(format_args!("request {number} to {place}: {what}"));
        if self.processes[place].submit(job).is_err() {
            self.coverage.reach(Branch::QueueFull);
            self.customers.requests[number].sent = None;
        }
        Ok(())
    }

    /// Returns whether the gate refuses a request, and checks that the refusal is right.
    fn is_refused_by_gate(&mut self, number: usize) -> Result<bool, String> {
        let Command::IssueCoupon { campaign, user } = self.customers.requests[number].command else {
            return Ok(false);
        };
        // A stored response takes precedence over the gate.
        let has_answer = self
            .customers
            .job(number)
            .idempotency
            .is_some_and(|idempotency| self.around.disk.read(|state| state.answers.contains_key(&idempotency.key)));
        let refusal = self.around.gate.refusal(campaign, user, self.around.clock.now()).filter(|_| !has_answer);
        let Some(refusal) = refusal else {
            self.around.gate.admit(campaign);
            return Ok(false);
        };
        self.coverage.reach(Branch::GateRefused);
        self.note(format_args!("the gate refuses request {number}: {refusal:?}"));
        self.around.disk.read(|state| gate_is_right(state, campaign, user, refusal))?;
        self.customers.take_answer(number, &Err(Refusal::from(refusal)))?;
        Ok(true)
    }

    pub(crate) fn work(&mut self, place: usize) -> Verdict {
        let (tick, executor) = (self.tick, self.plan.executor);
        let events_max = self.rng.between(1, 4) as usize;
        let process = &mut self.processes[place];
        match process.paused_until {
            Some(until) if tick < until => {
                if process.held.is_empty() {
                    process.gather(executor, events_max).map_err(|error| error.to_string())?;
                }
                return Ok(());
            }
            Some(_) => {
                process.paused_until = None;
                self.note_zombie(place);
            }
            None => process.gather(executor, events_max).map_err(|error| error.to_string())?,
        }
        self.note_repeats(place);
        let report = self.processes[place].work();
        for branch in self.processes[place].fate.take_witnessed() {
            self.coverage.reach(branch);
        }
        match report {
            Some(report) => self.take_report(place, &report),
            None => self.restart(place),
        }
        Ok(())
    }

    fn take_report(&mut self, place: usize, report: &Report) {
        let (services, now) = (&self.processes[place].services, self.around.clock.now());
        if Service::ALL.into_iter().any(|service| services.state(service, now) == breaker::State::Open) {
            self.coverage.reach(Branch::BreakerOpened);
        }
        if report.commits + report.answered + report.lost.len() + report.errors.len() > 0 {
            let Report { commits, answered, deferred, events, lost, errors, .. } = report;
            self.note(format_args!(
                "process {place}: commits {commits}, replies {answered}, deferred {deferred}, events {events}, lost \
                 {lost:?}, errors {errors:?}"
            ));
        }
        self.broken.extend(report.broken.iter().cloned());
        if report.errors.iter().any(|error| error == CONSTRAINT) {
            self.coverage.reach(Branch::CulpritAlone);
        }
        let has_heir = (0..self.processes.len()).any(|other| {
            other != place && self.around.bus.is_owner(other) && self.processes[other].paused_until.is_none()
        });
        if has_heir && self.around.bus.is_owner(place) && self.rng.happens(500) {
            self.note(format_args!("process {place} learns that it lost its partitions"));
            self.around.bus.disown(place);
        }
    }

    /// Replaces a dead process; the gate loses its state.
    fn restart(&mut self, place: usize) {
        self.note(format_args!("process {place} dies and is restarted"));
        self.processes[place] = self.start_process(place);
        self.around.gate.lose_all();
    }

    fn note_zombie(&mut self, place: usize) {
        let held = self.processes[place].held.len();
        self.note(format_args!("process {place} continues with {held} jobs"));
        if self.processes[place].held.is_empty() {
            return;
        }
        self.coverage.reach(Branch::Zombie);
        let is_stale = |job: &Job| {
            let Command::FireTimer { order, due } = job.command else { return false };
            self.around.disk.read(|state| state.timers.get(&order).is_none_or(|timer| timer.due != due))
        };
        if self.processes[place].held.iter().any(is_stale) {
            self.coverage.reach(Branch::StaleTimer);
        }
    }

    fn note_repeats(&mut self, place: usize) {
        let is_known = |job: &Job| {
            job.source.is_some_and(|source| {
                let key = InboxKey { group: source.offset.group, event: source.event };
                self.around.disk.read(|state| state.inbox.contains(&key))
            })
        };
        if self.processes[place].held.iter().any(is_known) {
            self.coverage.reach(Branch::InboxMet);
        }
    }

    pub(crate) fn read_mail(&mut self) -> Verdict {
        for (number, Reply { result, replayed, .. }) in self.customers.take_mail() {
            self.note(format_args!("response to request {number}, replayed {replayed}: {result:?}"));
            if replayed {
                self.coverage.reach(Branch::Replayed);
            }
            match &result {
                Err(Refusal::Overloaded { .. }) => self.ask_again(number, Branch::DeadlinePassed),
                Err(Refusal::Unavailable | Refusal::NotWritten) => self.ask_again(number, Branch::Unavailable),
                Err(Refusal::IdempotencyInProgress) => {}
                Err(Refusal::CouponSoldOut) => {
                    self.coverage.reach(Branch::SoldOut);
                    self.customers.take_answer(number, &result)?;
                }
                Err(Refusal::LimitExceeded { .. }) => {
                    self.coverage.reach(Branch::LimitExceeded);
                    self.customers.take_answer(number, &result)?;
                }
                _ => self.customers.take_answer(number, &result)?,
            }
        }
        Ok(())
    }

    fn ask_again(&mut self, number: usize, branch: Branch) {
        self.coverage.reach(branch);
        self.customers.requests[number].sent = None;
    }
}

/// Returns the orders whose payments are stuck.
pub(crate) fn stuck_payments(state: &State) -> Vec<OrderId> {
    let stuck = state.payments.values().filter(|payment| payment.state == payment::State::Stuck);
    stuck.map(|payment| payment.order).collect()
}
