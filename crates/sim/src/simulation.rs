//! One run from one seed: the shop opens, a day with faults passes, and at its end every check must hold.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use app::commands::Command;
use app::engine::Job;
use app::ports::Clock as _;
use app::resilience::services::Service;
use domain::ids::OrderId;
use domain::order::{Canceller, Outcome};

use crate::coverage::Coverage;
use crate::customers::ADMIN;
use crate::forgery::given_up::letter_commands;
use crate::verdict::{Verdict, ensure};
use crate::world::{World, stuck_payments};

pub use crate::plan::{EXECUTORS, Plan, executor_name};

/// The result of a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    pub plan: Plan,
    /// The first check that failed.
    pub failure: Option<String>,
    pub ticks: u64,
    pub requests: usize,
    pub events: usize,
    pub coverage: Coverage,
    /// The history of the run, one line per event.
    pub trace: String,
}

const OPENING_TICKS_MAX: u64 = 60;
const DAY_TICKS_MIN: u64 = 30;
const DAY_TICKS_MAX: u64 = 80;
const END_TICKS_MAX: u64 = 800;

/// Plays one seed to its end, or to the first failed check.
pub fn run(plan: Plan) -> Run {
    let mut world = World::new(plan);
    let played = catch_unwind(AssertUnwindSafe(|| world.play()));
    let failure = match played {
        Ok(verdict) => verdict.err(),
        Err(panic) => Some(sentence_of(panic.as_ref())),
    };
    if let Some(failure) = &failure {
        world.note(format_args!("{failure}"));
    }
    Run {
        plan,
        failure,
        ticks: world.tick,
        requests: world.customers.requests.len(),
        events: world.seen,
        coverage: world.coverage,
        trace: world.trace,
    }
}

fn sentence_of(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
    format!("a panic: {}", text.unwrap_or("without a message"))
}

impl World {
    fn play(&mut self) -> Verdict {
        self.open()?;
        for _tick in 0..self.rng.between(DAY_TICKS_MIN, DAY_TICKS_MAX) {
            self.inject_faults();
            self.add_requests();
            self.turn()?;
        }
        self.heal();
        self.come_to_rest()?;
        self.is_at_end = true;
        self.check_rest()?;
        self.repeat_everything()?;
        self.issue_what_is_left()
    }

    fn open(&mut self) -> Verdict {
        for _tick in 0..OPENING_TICKS_MAX {
            self.turn()?;
            if self.is_quiet() {
                return Ok(());
            }
        }
        Err("the shop did not open within its ticks".into())
    }

    /// One tick: time passes, customers act, every process works once, and the state is checked.
    fn turn(&mut self) -> Verdict {
        self.tick += 1;
        self.around.clock.advance(Duration::from_millis(self.rng.between(1, self.pace)));
        self.around.disk.read(|state| self.around.bus.relay(state, self.tick));
        self.send_requests()?;
        self.run_payments();
        let first = self.rng.below(self.processes.len() as u64) as usize;
        for turn in 0..self.processes.len() {
            self.work((first + turn) % self.processes.len())?;
        }
        self.read_mail()?;
        self.check()
    }

    /// Ends all faults; their effects stay.
    fn heal(&mut self) {
        self.note(format_args!("faults end"));
        self.is_healed = true;
        self.provider.heal();
        self.around.bus.heal();
        self.around.disk.tamper(|state| state.refused_claims.clear());
        for process in &mut self.processes {
            process.faults.heal();
            process.fate.plan(None);
            Service::ALL.into_iter().for_each(|service| process.services.take_out(service, false));
            process.paused_until = process.paused_until.map(|_| 0);
        }
    }

    /// Liveness: time passes until nothing is left to do.
    fn come_to_rest(&mut self) -> Verdict {
        for _tick in 0..END_TICKS_MAX {
            self.turn()?;
            if !self.is_quiet() {
                continue;
            }
            let asked = self.process_orders();
            if asked == 0 && !self.wait_for_timer() {
                return Ok(());
            }
        }
        Err(format!("the shop did not come to rest: {}", self.unrest()))
    }

    /// Operators resume stuck orders and retry stuck payments; customers cancel unpaid orders.
    fn process_orders(&mut self) -> usize {
        let commands: Vec<Command> = self.around.disk.read(|state| {
            let orders = state.orders.values().map(|row| (row.order.id(), row.order.outcome));
            let orders = orders.filter_map(|(order, outcome)| command_to_process(order, outcome));
            let by = ADMIN;
            let retries = stuck_payments(state).into_iter().map(|order| Command::RetryStuckPayment { order, by });
            orders.chain(retries).collect()
        });
        let letters = self.permanent_letters();
        let asked = commands.len() + letters.len();
        for command in letters {
            self.processes[0].held.push(command);
        }
        for command in commands {
            self.customers.want(command);
        }
        asked
    }

    /// Dead letters that are no longer retried, for an operator to resend or to drop.
    fn permanent_letters(&self) -> Vec<Job> {
        let commands = self.around.disk.read(|state| letter_commands(state, &self.around.bus));
        commands.into_iter().map(|command| Job::new(command, Box::new(|_| ()))).collect()
    }

    /// Advances the clock to the next timer.
    fn wait_for_timer(&mut self) -> bool {
        let next = self.around.disk.read(|state| {
            let timers = state.timers.values().map(|timer| timer.due);
            let parked = state.parked.values().map(|parked| parked.due);
            let letters = state.letters.values().filter_map(|letter| letter.due);
            let payments = state.payments.values().filter_map(|payment| payment.next.and_then(|next| next.due));
            timers.chain(parked).chain(letters).chain(payments).min()
        });
        let Some(due) = next else { return false };
        if self.around.clock.now() < due {
            self.around.clock.set(due);
        }
        true
    }

    fn unrest(&self) -> String {
        let unanswered: Vec<_> = self.customers.unanswered().map(|(number, _)| number).collect();
        let idle: Vec<_> = self.processes.iter().map(crate::process::Process::is_idle).collect();
        let (timers, parked) = self.around.disk.read(|state| (state.timers.clone(), state.parked.clone()));
        format!("unanswered {unanswered:?}, idle {idle:?}, timers {timers:?}, parked {parked:?}")
    }

    /// Counts all events but those of drops, which turn by the clock meanwhile.
    fn events_of_requests(&self) -> usize {
        let is_of_request = |kind: &str| !matches!(kind, "DropOpened" | "DropSoldOut" | "DropClosed");
        self.around.disk.read(|state| state.outbox.iter().filter(|row| is_of_request(row.record.kind)).count())
    }

    /// Checks that every response is replayed under its key, without any effect.
    fn repeat_everything(&mut self) -> Verdict {
        let is_kept = |number: &usize| matches!(self.customers.requests[*number].answer, Some(Ok(_)));
        let answered: Vec<usize> = (0..self.customers.requests.len()).filter(is_kept).collect();
        let before = self.events_of_requests();
        for numbers in answered.chunks(8) {
            for number in numbers {
                self.send(*number)?;
            }
            self.turn()?;
            self.turn()?;
            let silent = numbers.iter().find(|number| self.customers.requests[**number].sent.is_some());
            ensure(silent.is_none(), || format!("request {silent:?} gets no response when it is repeated"))?;
        }
        ensure(before == self.events_of_requests(), || "a repeated request published an event".into())
    }

    /// Checks that exactly the remaining coupons can be issued.
    fn issue_what_is_left(&mut self) -> Verdict {
        for campaign in self.customers.direct.clone() {
            let change = domain::coupon::Change { paused: Some(false), ..Default::default() };
            self.customers.want(Command::ChangeCampaign { campaign, change });
            self.come_to_rest()?;
            let left = self.around.disk.read(|state| state.campaigns[&campaign].remaining());
            for late in 0..=left {
                let user = domain::ids::UserId(1_000 + late);
                let number = self.customers.want(Command::IssueCoupon { campaign, user });
                self.come_to_rest()?;
                let is_issued = matches!(self.customers.requests[number].answer, Some(Ok(_)));
                let answer = &self.customers.requests[number].answer;
                ensure(is_issued == (late < left), || {
                    format!("{left} coupons are left, request {late} gets {answer:?}")
                })?;
            }
        }
        self.check_rest()
    }
}

fn command_to_process(order: OrderId, outcome: Outcome) -> Option<Command> {
    match outcome {
        Outcome::CompensationStuck => Some(Command::ResumeOrder { order }),
        Outcome::AwaitingPayment => Some(Command::CancelOrder { order, by: Canceller::Customer, note: None }),
        Outcome::Pending | Outcome::Compensating | Outcome::Completed | Outcome::Cancelled => None,
    }
}
