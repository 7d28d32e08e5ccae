//! One process, one order and its payments, tick by tick.

use std::fmt::Write as _;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use app::commands::answer::{Answer, Refusal, Reply};
use app::commands::{Command, FailedDelivery, Idempotency, PaymentAnswered};
use app::engine::Job;
use app::events::event::EventKind;
use app::payments::runner::PaymentRunner;
use app::ports::Clock as _;
use app::resilience::breaker;
use app::state::rows::{AnswerKey, DeadLetterStatus, OrderRow};
use app::state::settings::Executor;
use domain::money::Money;
use domain::order::Outcome;
use domain::payment::{Payment, State as Paid};
use domain::time::Timestamp;

use super::ending::Ending;
use super::life::Goods;
use super::{Case, Failure, Life};
use crate::bus::Bus;
use crate::checker::{audit, everything_is_believed, is_at_rest};
use crate::clock::ModelClock;
use crate::customers::ADMIN;
use crate::disk::{Disk, State};
use crate::model_gate::ModelGate;
use crate::process::{CODEC, Process, Surroundings};
use crate::provider::Provider;
use crate::ready::ready;
use crate::reconciliation::{books_agree, unrecorded_callbacks};
use crate::scenario::Breakage;
use crate::verdict::{Verdict, ensure};

pub(super) const NOON: Timestamp = Timestamp::from_micros(1_795_262_400_000_000);
const TICK: Duration = Duration::from_millis(10);
/// The pause after a retryable refusal, and while due work cannot be done.
const PATIENCE: Duration = Duration::from_secs(20);
/// The duration of a lasting failure: longer than an order may take.
const FAILURE_TIME: Duration = Duration::from_secs(700);
const TICKS_MAX: u64 = 4_000;
/// The engine number of the first process; the one after a crash has the next number.
const FIRST_ENGINE: u32 = 1;

/// A request of a customer or an admin, repeated under one key until it has a response.
struct Act {
    command: Command,
    answer: Option<Result<Answer, Refusal>>,
    /// When it is sent next; `None` while it waits for a response.
    ask_at: Option<Timestamp>,
}

pub(super) struct Shop {
    pub(super) around: Surroundings,
    pub(super) process: Process,
    pub(super) provider: Arc<Provider>,
    payments: PaymentRunner,
    life: Option<Life>,
    pub(super) failure: Failure,
    acts: Vec<Act>,
    mail: Arc<Mutex<Vec<(usize, Reply)>>>,
    /// True after a provider's result could not be recorded; payments then pause.
    is_refused: Arc<Mutex<bool>>,
    payments_pause_until: Timestamp,
    tick: u64,
    /// True after the failure has ended.
    pub(super) is_over: bool,
    /// True if the failure occurred.
    pub(super) has_failed: bool,
    deaths: u64,
    /// True after a process died, perhaps with a callback: the provider repeats it.
    repeats_callbacks: bool,
    /// Number of outbox rows before the order.
    opened_with: usize,
}

impl Shop {
    /// Opens a shop on a disk with this state.
    pub(super) fn open(executor: Executor, breakage: Option<Breakage>, state: State) -> Shop {
        let disk = Disk::default();
        let opened_with = state.outbox.len();
        disk.tamper(|empty| *empty = state);
        let clock = ModelClock::at(NOON);
        let around = Surroundings {
            disk,
            clock: clock.clone(),
            bus: Bus::default(),
            gate: Arc::new(ModelGate::default()),
            executor,
            breakage,
            follows: false,
        };
        around.bus.own(0);
        let provider = Arc::new(Provider::new(0, 0));
        provider.forget_keys(breakage == Some(Breakage::KeysForgotten));
        let breaker = breaker::SharedBreaker::new(breaker::Limits::PAYMENT);
        // Each engine of a disk needs a number of its own.
        let engine = FIRST_ENGINE + u32::from(opened_with > 0);
        Shop {
            process: Process::start(&around, 0, engine),
            payments: PaymentRunner::new(Arc::clone(&provider) as _, Arc::new(clock), CODEC, breaker),
            around,
            provider,
            life: None,
            failure: Failure::None,
            acts: vec![],
            mail: Arc::default(),
            is_refused: Arc::default(),
            payments_pause_until: NOON,
            tick: 0,
            is_over: false,
            has_failed: false,
            deaths: 0,
            repeats_callbacks: false,
            opened_with,
        }
    }

    /// Plans the order, its failure and its crash.
    pub(super) fn plan(&mut self, case: Case, goods: Goods) {
        self.life = Some(case.life);
        self.failure = case.failure;
        self.want(case.life.place(goods));
        self.begin_failure(goods);
        if let Some(crash) = case.crash {
            let (commit, death) = crash.meeting();
            self.process.fate.plan_at(commit, death);
        }
    }

    /// Plays the order's life and checks its end; returns the end and the number of commits.
    pub(super) fn play(&mut self, case: Case) -> Result<(Ending, u64), String> {
        self.wait_until(self.now() + FAILURE_TIME)?;
        self.note_failure();
        self.end_failure();
        self.come_to_rest()?;
        self.check(case)?;
        Ok((self.ending()?, self.process.fate.commits()))
    }

    /// Runs a command until the shop is at rest.
    pub(super) fn run(&mut self, command: Command) -> Result<Answer, String> {
        self.want(command);
        self.come_to_rest()?;
        let act = self.acts.pop().and_then(|act| act.answer);
        act.ok_or("no response")?.map_err(|refusal| format!("{refusal:?}"))
    }

    /// Lets time pass until nothing is left to do. Operators handle what is stuck.
    pub(super) fn come_to_rest(&mut self) -> Verdict {
        for _ in 0..TICKS_MAX {
            self.wait_until(Timestamp::from_micros(i64::MAX))?;
            self.around.disk.read(everything_is_believed)?;
            let helped = self.help();
            if !helped {
                return Ok(());
            }
        }
        Err("it did not come to rest".into())
    }

    /// Runs ticks until nothing changes and nothing is due before `end`.
    fn wait_until(&mut self, end: Timestamp) -> Verdict {
        for _ in 0..TICKS_MAX {
            let moved = self.turn()?;
            if moved || !self.is_idle() {
                continue;
            }
            // Due work that cannot be done is retried after a pause, as behind a breaker.
            let next = self.next_due().map(|due| if due > self.now() { due } else { self.now() + PATIENCE });
            match next {
                Some(next) if next <= end => self.around.clock.set(next),
                Some(_) | None => return Ok(()),
            }
        }
        Err(format!("it did not end: {:?}", self.next_due()))
    }

    /// Runs one tick; returns whether anything changed.
    fn turn(&mut self) -> Result<bool, String> {
        self.tick += 1;
        self.around.clock.advance(TICK);
        self.around.disk.read(|state| self.around.bus.relay(state, self.tick));
        let before = self.process.fate.commits();
        self.add_next();
        self.ask();
        self.run_payments();
        self.watch_failure();
        self.process.gather(self.around.executor, 1).map_err(|error| error.to_string())?;
        let is_alive = self.process.work_singly().is_some();
        let moved = !is_alive || self.process.fate.commits() > before;
        if !is_alive {
            self.restart()?;
        }
        let heard = self.read_mail()?;
        Ok(moved || heard)
    }

    /// Adds the next request of the life once all earlier ones have responses.
    fn add_next(&mut self) {
        let (Some(life), true) = (self.life, self.acts.iter().all(|act| act.answer.is_some())) else { return };
        let done = self.acts.len() - 1;
        let next =
            self.around.disk.read(|state| state.orders.values().find_map(|row| life.next(done, state, &row.order)));
        next.into_iter().for_each(|command| self.want(command));
    }

    fn want(&mut self, command: Command) {
        self.acts.push(Act { command, answer: None, ask_at: Some(self.now()) });
    }

    fn ask(&mut self) {
        let now = self.now();
        for (number, act) in self.acts.iter_mut().enumerate().filter(|(_, act)| act.answer.is_none()) {
            if act.ask_at.take_if(|at| *at <= now).is_none() {
                continue;
            }
            let mail = Arc::clone(&self.mail);
            let reply = move |reply| mail.lock().unwrap_or_else(PoisonError::into_inner).push((number, reply));
            let key = [u8::try_from(number).unwrap_or(u8::MAX); 32];
            let idempotency = self.life.map(|_| Idempotency { key: AnswerKey(key), fingerprint: key });
            let job = Job::new(act.command.clone(), Box::new(reply)).idempotent(idempotency);
            assert!(self.process.submit(job).is_ok(), "one order does not fill a queue");
        }
    }

    /// Records responses; returns whether there were any.
    fn read_mail(&mut self) -> Result<bool, String> {
        let mail = std::mem::take(&mut *self.mail.lock().unwrap_or_else(PoisonError::into_inner));
        let later = self.now() + PATIENCE;
        let is_any = !mail.is_empty();
        for (number, reply) in mail {
            let act = &mut self.acts[number];
            match reply.result {
                Err(Refusal::Unavailable | Refusal::NotWritten | Refusal::Overloaded { .. }) => {
                    act.ask_at = Some(later)
                }
                result => {
                    let is_same = act.answer.as_ref().is_none_or(|answer| *answer == result);
                    ensure(is_same, || format!("{:?} was answered {:?}, then {result:?}", act.command, act.answer))?;
                    act.answer = Some(result);
                }
            }
        }
        Ok(is_any)
    }

    /// Runs due payment calls; their results are lost if the process dies.
    fn run_payments(&mut self) {
        let is_everything_answered =
            |life: Life| self.acts.len() == life.acts() && self.acts.iter().all(|act| act.answer.is_some());
        if !self.is_over && self.life.is_some_and(|life| life.is_before_payments() && !is_everything_answered(life)) {
            return;
        }
        let now = self.now();
        if std::mem::take(&mut *self.is_refused.lock().unwrap_or_else(PoisonError::into_inner)) {
            self.payments_pause_until = now + PATIENCE;
        }
        if now < self.payments_pause_until {
            return;
        }
        let due: Vec<Payment> = self.around.disk.read(|state| {
            let is_due = |payment: &&Payment| payment.next.is_some_and(|next| next.due.is_some_and(|due| due <= now));
            state.payments.values().filter(is_due).cloned().collect()
        });
        if std::mem::take(&mut self.repeats_callbacks) {
            let again = self.around.disk.read(|state| unrecorded_callbacks(state, &self.provider, now));
            again.into_iter().for_each(|answered| self.record_result(answered));
        }
        for payment in due {
            let Some(call) = ready(self.payments.pay_once(&payment)) else { continue };
            let first = self.provider.take_callbacks(true).into_iter().filter_map(|callback| callback.answered(now));
            let then = self.provider.take_callbacks(false).into_iter().filter_map(|callback| callback.answered(now));
            let answers: Vec<PaymentAnswered> = first.chain([call.answered]).chain(then).collect();
            answers.into_iter().for_each(|answered| self.record_result(answered));
        }
    }

    fn record_result(&mut self, answered: PaymentAnswered) {
        let is_refused = Arc::clone(&self.is_refused);
        let reply = move |reply: Reply| {
            *is_refused.lock().unwrap_or_else(PoisonError::into_inner) |= reply.result.is_err();
        };
        let job = Job::new(Command::PaymentAnswered(Box::new(answered)), Box::new(reply));
        assert!(self.process.submit(job).is_ok(), "one order does not fill a queue");
    }

    /// Replaces the dead process, whose jobs are lost.
    fn restart(&mut self) -> Verdict {
        self.deaths += 1;
        self.repeats_callbacks = true;
        self.audit()?;
        self.process = Process::start(&self.around, 0, FIRST_ENGINE + 2);
        self.around.gate.lose_all();
        self.resume_failure();
        let now = self.now();
        self.acts.iter_mut().filter(|act| act.answer.is_none()).for_each(|act| act.ask_at = Some(now));
        Ok(())
    }

    /// Operators resume stuck orders, retry stuck payments and resend permanent dead letters.
    fn help(&mut self) -> bool {
        let commands: Vec<Command> = self.around.disk.read(|state| {
            let is_stuck = |row: &&OrderRow| row.order.outcome == Outcome::CompensationStuck;
            let stuck =
                state.orders.values().filter(is_stuck).map(|row| Command::ResumeOrder { order: row.order.id() });
            let letters = state.letters.values().filter(|letter| letter.status == DeadLetterStatus::Permanent);
            let payments = state.payments.values().filter(|payment| payment.state == Paid::Stuck);
            let retried = payments.map(|payment| Command::RetryStuckPayment { order: payment.order, by: ADMIN });
            stuck
                .chain(retried)
                .chain(letters.map(|letter| FailedDelivery::resend(letter, "the failure has ended", &CODEC)))
                .collect()
        });
        let is_any = !commands.is_empty();
        for command in commands {
            let job = Job::new(command, Box::new(|_| ()));
            assert!(self.process.submit(job).is_ok(), "one order does not fill a queue");
        }
        is_any
    }

    fn is_idle(&self) -> bool {
        let is_log_quiet = self.around.executor == Executor::Inline
            || self.around.disk.read(|state| self.around.bus.is_at_rest(state));
        let asks = self.acts.iter().any(|act| act.answer.is_none() && act.ask_at.is_none_or(|at| at <= self.now()));
        is_log_quiet && self.process.is_idle() && !asks
    }

    fn next_due(&self) -> Option<Timestamp> {
        let asked = self.acts.iter().filter(|act| act.answer.is_none()).filter_map(|act| act.ask_at);
        self.around.disk.read(|state| {
            let timers = state.timers.values().map(|timer| timer.due);
            let parked = state.parked.values().map(|parked| parked.due);
            let letters = state.letters.values().filter_map(|letter| letter.due);
            let payments = state.payments.values().filter_map(|payment| payment.next.and_then(|next| next.due));
            timers.chain(parked).chain(letters).chain(payments).chain(asked).min()
        })
    }

    pub(super) fn now(&self) -> Timestamp {
        self.around.clock.now()
    }

    fn audit(&self) -> Verdict {
        audit(&self.around.disk, self.now(), |_| true)
    }

    /// Checks the outcome, every law, both books and the case itself.
    fn check(&self, case: Case) -> Verdict {
        self.audit()?;
        self.around.disk.read(|state| {
            is_at_rest(state)?;
            books_agree(state, &self.provider)?;
            ensure(state.orders.len() == 1, || format!("{} orders were created by one request", state.orders.len()))
        })?;
        let unanswered = self.acts.iter().find(|act| act.answer.is_none());
        ensure(unanswered.is_none(), || "a request has no response".into())?;
        ensure(self.deaths == u64::from(case.crash.is_some()), || format!("{} processes died", self.deaths))?;
        let is_whole = case.failure != Failure::None || self.acts.len() == case.life.acts();
        ensure(is_whole, || format!("only {} requests were made", self.acts.len()))?;
        ensure(self.has_failed, || "the failure did not occur".into())
    }

    fn ending(&self) -> Result<Ending, String> {
        self.around.disk.read(|state| {
            let row = state.orders.values().next().ok_or("there is no order")?;
            let held = state.payments.get(&row.order.id()).map_or(Money::ZERO, Payment::held);
            Ok(Ending::new(row.order.outcome, row.order.status, row.order.reason, held))
        })
    }

    /// Returns the committed events, for error messages.
    pub(super) fn history(&self) -> String {
        let mut text = String::new();
        self.around.disk.read(|state| {
            for row in &state.outbox[self.opened_with..] {
                let _infallible = writeln!(text, "  {} {}", row.at.micros() - NOON.micros(), row.record.kind);
            }
        });
        text
    }

    pub(super) fn has_event(&self, kind: EventKind) -> bool {
        self.around.disk.read(|state| state.outbox[self.opened_with..].iter().any(|row| row.record.kind == kind.name()))
    }
}
