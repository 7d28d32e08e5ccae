//! Where the shop and its payment provider meet, and what is owed between them in the evening.

use app::commands::{Command, PaymentAnswered};
use app::engine::Job;
use app::payments::provider::{Asked, Found};
use app::ports::Clock as _;
use app::state::rows::CallbackRow;
use domain::money::Money;
use domain::order::Outcome;
use domain::payment::Payment;
use domain::time::Timestamp;

use crate::checker::ensure;
use crate::coverage::Branch;
use crate::disk::State;
use crate::process::CODEC;
use crate::provider::{Provider, Told};
use crate::ready::ready;
use crate::world::{Verdict, World};

impl World {
    /// Cashiers come by; each answer goes to some process, which may die with it.
    pub(crate) fn visit_cashier(&mut self) {
        let now = self.around.clock.now();
        let due: Vec<Payment> = self.around.disk.read(|state| {
            let is_due = |payment: &&Payment| payment.next.is_some_and(|next| next.due.is_some_and(|due| due <= now));
            state.payments.values().filter(is_due).cloned().collect()
        });
        for payment in due {
            if !self.is_healed && self.rng.happens(300) {
                continue;
            }
            if let Some(call) = ready(self.cashier.pay_once(&payment)) {
                self.note(format_args!("the provider is asked {}: {:?}", call.ask.key, call.answered.answer));
                self.hear_provider(true);
                self.answer(call.answered);
            }
        }
        self.hear_provider(false);
        for branch in self.provider.take_witnessed() {
            self.coverage.reach(branch);
        }
    }

    /// Takes in what the provider tells by itself.
    fn hear_provider(&mut self, is_first: bool) {
        let now = self.around.clock.now();
        let again = if is_first { vec![] } else { self.around.disk.read(|state| untaken(state, &self.provider, now)) };
        let told = self.provider.take_tellings(is_first).into_iter().filter_map(|told| told.answered(now));
        let answers: Vec<PaymentAnswered> = told.chain(again).collect();
        answers.into_iter().for_each(|answered| self.answer(answered));
    }

    fn answer(&mut self, answered: PaymentAnswered) {
        let place = self.rng.below(self.processes.len() as u64) as usize;
        let job = Job::new(Command::PaymentAnswered(Box::new(answered)), Box::new(|_| ()));
        if self.processes[place].submit(job).is_err() {
            self.coverage.reach(Branch::QueueFull);
        }
    }

    /// The two books say the same of every order, and nobody owes anybody.
    pub(crate) fn money_is_where_it_belongs(&self) -> Verdict {
        self.around.disk.read(|state| books_agree(state, &self.provider))
    }
}

/// Callbacks that the shop has not taken in: a process may have died with one.
pub(crate) fn untaken(state: &State, provider: &Provider, now: Timestamp) -> Vec<PaymentAnswered> {
    let told = provider.told_until_taken().into_iter().filter_map(|told| told.answered(now));
    let is_taken = |telling: &CallbackRow| state.tellings.contains_key(&telling.key);
    told.filter(|answered| !answered.told.as_ref().is_some_and(is_taken)).collect()
}

impl Told {
    /// What it means to the shop.
    pub(crate) fn answered(self, now: Timestamp) -> Option<PaymentAnswered> {
        let (_, asked) = Asked::of_key(&self.ask.key)?;
        let order = CODEC.order_id(self.ask.order.as_str())?;
        let told = Some(CallbackRow::new("model", self.ask.key, now));
        Some(PaymentAnswered { order, asked, answer: Ok(Found::Verdict(self.verdict)), told })
    }
}

/// What was captured is what is due of settled orders, and nothing of cancelled ones, by either book.
pub(crate) fn books_agree(state: &State, provider: &Provider) -> Verdict {
    let held = provider.holds();
    for row in state.orders.values() {
        let order = &row.order;
        let theirs = held.get(order.created.number.as_str()).copied().unwrap_or_default();
        let payment = state.payments.get(&order.id());
        let ours = payment.map_or(Money::ZERO, Payment::held);
        // What an operator gave back did not come from the provider.
        let resolved = payment.map_or(Money::ZERO, |payment| payment.resolved);
        ensure(theirs == ours + resolved, || {
            format!("the provider holds {theirs:?} of {order:?}, the shop says {ours:?} and {resolved:?} by hand")
        })?;
        let is_sold = order.outcome == Outcome::Completed && order.is_prepaid();
        let due = if is_sold { order.created.due - order.worth_returned().money } else { Money::ZERO };
        ensure(ours == due, || format!("{due:?} are due of {order:?}, {ours:?} were taken"))?;
    }
    nothing_is_asked(state)
}

fn nothing_is_asked(state: &State) -> Verdict {
    let open = state.payments.values().find(|payment| payment.next.is_some() || payment.is_giving_back());
    ensure(open.is_none(), || format!("a payment never ended: {open:?}"))
}
