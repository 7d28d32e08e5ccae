//! A small shop with forged records on its topics, selected by bytes. It must end in the same state as without them.

mod script;

use std::fmt::Write as _;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use app::commands::answer::Reply;
use app::commands::{Command, PaymentAnswered};
use app::engine::Job;
use app::payments::runner::PaymentRunner;
use app::ports::Clock as _;
use app::resilience::breaker;
use app::resilience::services::Service;
use app::state::settings::Executor;
use domain::payment::Payment;
use domain::time::Timestamp;

use super::dice::Dice;
use super::forge;
use super::given_up::{letter_commands, only_forgeries_are_given_up, the_unreadable_is_given_up};
use crate::bus::Bus;
use crate::checker::{audit, is_at_rest};
use crate::clock::ModelClock;
use crate::disk::{Disk, State};
use crate::model_gate::ModelGate;
use crate::process::{Process, Surroundings};
use crate::provider::Provider;
use crate::ready::ready;
use crate::reconciliation::books_agree;
use crate::verdict::{Verdict, ensure};
use script::{Act, NOON, SCRIPT};

const TICK: Duration = Duration::from_millis(10);
/// Events of each partition per tick; few, so that they are batched with others.
const EVENTS_MAX: usize = 2;
/// Fewest ticks of an act, so that forged records meet waiting orders.
const TURNS_MIN: usize = 4;
const TURNS_MAX: usize = 2_000;

/// Plays the shop with the forgeries that the bytes select.
///
/// # Errors
///
/// The failed check: a law of the audit, or a final state that differs from the one without forgeries.
pub fn hold(bytes: &[u8]) -> Result<Held, String> {
    static HONEST: OnceLock<String> = OnceLock::new();
    let honest = HONEST.get_or_init(|| match Trial::play(&[]) {
        Ok((ending, _)) => ending,
        Err(complaint) => panic!("without forgeries: {complaint}"),
    });
    let (ending, held) = Trial::play(bytes)?;
    ensure(ending == *honest, || {
        format!("its end differs from the one without forgeries: {}", difference(honest, &ending))
    })?;
    Ok(held)
}

/// The counts of a trial.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Held {
    pub forged: usize,
    /// Number of their dead letters.
    pub given_up: usize,
    pub foreign: u64,
}

struct Trial<'b> {
    around: Surroundings,
    process: Process,
    provider: Arc<Provider>,
    payments: PaymentRunner,
    mail: Arc<Mutex<Vec<Reply>>>,
    dice: Dice<'b>,
    tick: u64,
    /// Descriptions of the forged records.
    forged: Vec<String>,
    broken: Vec<String>,
}

impl<'b> Trial<'b> {
    fn play(bytes: &'b [u8]) -> Result<(String, Held), String> {
        let mut trial = Trial::open(bytes);
        let played = trial.play_to_end();
        played.map_err(|complaint| format!("{complaint}\nforged: {:#?}", trial.forged))
    }

    fn open(bytes: &'b [u8]) -> Trial<'b> {
        let clock = ModelClock::at(NOON);
        let around = Surroundings {
            disk: Disk::default(),
            clock: clock.clone(),
            bus: Bus::default(),
            gate: Arc::new(ModelGate::default()),
            executor: Executor::Log,
            breakage: None,
            follows: false,
        };
        around.bus.own(0);
        let provider = Arc::new(Provider::new(0, 0));
        let breaker = breaker::SharedBreaker::new(breaker::Limits::PAYMENT);
        Trial {
            process: Process::start(&around, 0, 1),
            payments: PaymentRunner::new(Arc::clone(&provider) as _, Arc::new(clock), crate::process::CODEC, breaker),
            around,
            provider,
            mail: Arc::default(),
            dice: Dice::new(bytes),
            tick: 0,
            forged: vec![],
            broken: vec![],
        }
    }

    fn play_to_end(&mut self) -> Result<(String, Held), String> {
        for act in SCRIPT {
            match act {
                Act::Do(command) => self.ask(command())?,
                Act::Out(is_out) => self.process.services.take_out(Service::Stock, *is_out),
                Act::Pass(span) => self.around.clock.advance(*span),
            }
            self.come_to_rest()?;
            let refused =
                self.mail.lock().unwrap_or_else(PoisonError::into_inner).drain(..).find(|it| it.result.is_err());
            ensure(refused.is_none(), || format!("{refused:?}"))?;
        }
        self.handle_letters()?;
        let (disk, bus) = (&self.around.disk, &self.around.bus);
        audit(disk, self.around.clock.now(), |_| true)?;
        disk.read(|state| {
            is_at_rest(state)?;
            books_agree(state, &self.provider)?;
            only_forgeries_are_given_up(state, bus)?;
            the_unreadable_is_given_up(state, bus)
        })?;
        ensure(self.broken.is_empty(), || format!("decisions would have broken invariants: {:?}", self.broken))?;
        let given_up = disk.read(|state| state.letters.len());
        Ok((disk.read(ending), Held { forged: self.forged.len(), given_up, foreign: bus.foreign() }))
    }

    fn ask(&mut self, command: Command) -> Verdict {
        let mail = Arc::clone(&self.mail);
        let reply = move |reply| mail.lock().unwrap_or_else(PoisonError::into_inner).push(reply);
        self.process.submit(Job::new(command, Box::new(reply))).map_err(|_| "the queue is full".to_owned())
    }

    fn come_to_rest(&mut self) -> Verdict {
        for turn in 0..TURNS_MAX {
            self.turn()?;
            if turn + 1 >= TURNS_MIN && self.is_idle() {
                return Ok(());
            }
        }
        Err("it did not come to rest".into())
    }

    fn is_idle(&self) -> bool {
        let now = self.around.clock.now();
        self.process.is_idle()
            && self.around.disk.read(|state| self.around.bus.is_quiet(state) && due_payments(state, now).is_empty())
    }

    /// Runs one tick.
    fn turn(&mut self) -> Verdict {
        self.tick += 1;
        self.around.clock.advance(TICK);
        self.around.disk.read(|state| self.around.bus.relay(state, self.tick));
        while !self.dice.is_used_up() && self.dice.below(2) == 0 {
            self.forge();
        }
        self.run_payments()?;
        self.process.gather(Executor::Log, EVENTS_MAX).map_err(|error| error.to_string())?;
        let report = self.process.work().ok_or("the process died")?;
        self.broken.extend(report.broken);
        ensure(report.errors.is_empty(), || format!("the store refuses: {:?}", report.errors))
    }

    fn forge(&mut self) {
        let Some((record, how)) = self.around.disk.read(|state| forge(state, &mut self.dice)) else { return };
        self.forged.push(format!("{how}: {record}"));
        self.around.bus.forge(record);
    }

    fn run_payments(&mut self) -> Verdict {
        let now = self.around.clock.now();
        for payment in self.around.disk.read(|state| due_payments(state, now)) {
            let Some(call) = ready(self.payments.pay_once(&payment)) else { continue };
            let told = [true, false].map(|is_first| self.provider.take_callbacks(is_first));
            let told = told.into_iter().flatten().filter_map(|told| told.answered(now));
            let answers: Vec<PaymentAnswered> = [call.answered].into_iter().chain(told).collect();
            answers.into_iter().try_for_each(|answered| self.ask(Command::PaymentAnswered(Box::new(answered))))?;
        }
        Ok(())
    }

    /// Operators resend dead letters, which changes nothing, and then drop them.
    fn handle_letters(&mut self) -> Verdict {
        for _ in 0..TURNS_MAX {
            let commands = self.around.disk.read(|state| letter_commands(state, &self.around.bus));
            if commands.is_empty() {
                return Ok(());
            }
            // Bypasses the queue, whose length is bounded.
            for command in commands {
                self.process.held.push(Job::new(command, Box::new(|_| ())));
            }
            self.come_to_rest()?;
        }
        Err("letters were never finished".into())
    }
}

fn due_payments(state: &State, now: Timestamp) -> Vec<Payment> {
    let is_due = |payment: &&Payment| payment.next.is_some_and(|next| next.due.is_some_and(|due| due <= now));
    state.payments.values().filter(is_due).cloned().collect()
}

/// Returns the final state as text, without times.
fn ending(state: &State) -> String {
    let mut text = String::new();
    let mut line = |what: std::fmt::Arguments<'_>| {
        let _infallible = writeln!(text, "{what}");
    };
    for row in state.orders.values() {
        let order = &row.order;
        line(format_args!("{} {:?} {:?} {:?}", order.created.number, order.outcome, order.status, order.reason));
    }
    for product in state.products.values() {
        let [on_hand, reserved, sold] = [product.on_hand, product.reserved, product.sold];
        line(format_args!("product {}: {on_hand} {reserved} {sold}", product.id));
    }
    state.accounts.values().for_each(|account| line(format_args!("{} has {:?}", account.user, account.balance)));
    for holding in state.holdings.values() {
        let coupons: Vec<_> = holding.coupons.iter().map(|coupon| (coupon.issue_number, coupon.used_order)).collect();
        line(format_args!("{} of {}: {coupons:?}", holding.user, holding.campaign));
    }
    for payment in state.payments.values() {
        let Payment { order, attempt, method, state, captured, refunded, .. } = payment;
        line(format_args!("{order} paid {attempt} {method:?} {state:?} {captured:?} {refunded:?}"));
    }
    for request in state.requests.values() {
        let code = request.decision.as_ref().map(|decision| decision.code);
        line(format_args!("request {:?}: {:?} {code:?}", request.id, request.status));
    }
    state.shipments.iter().for_each(|(order, shipment)| line(format_args!("{order} sent {:?}", shipment.state)));
    for (key, sales) in &state.sales {
        line(format_args!("sales of {}: {sales:?}", key.product));
    }
    let mut notices: Vec<_> =
        state.notices.values().map(|notice| (notice.user, notice.kind, notice.data.as_str())).collect();
    notices.sort_unstable();
    notices.iter().for_each(|notice| line(format_args!("{notice:?}")));
    text
}

fn difference(before: &str, after: &str) -> String {
    let only = |these: &str, others: &str, sign: &str| {
        let others: Vec<&str> = others.lines().collect();
        these.lines().filter(|line| !others.contains(line)).map(|line| format!("\n{sign} {line}")).collect::<String>()
    };
    format!("{}{}", only(before, after, "-"), only(after, before, "+"))
}
