//! Calls to the payment provider, its callbacks, and the comparison of its books with the shop's.

use app::commands::{Command, PaymentAnswered};
use app::engine::Job;
use app::payments::provider::{Asked, Found};
use app::ports::Clock as _;
use app::state::rows::CallbackRow;
use domain::money::Money;
use domain::order::Outcome;
use domain::payment::Payment;
use domain::time::Timestamp;

use crate::coverage::Branch;
use crate::disk::State;
use crate::process::CODEC;
use crate::provider::{ModelCallback, Provider};
use crate::ready::ready;
use crate::verdict::{Verdict, ensure};
use crate::world::World;

impl World {
    /// Runs due payment calls; each result goes to a random process, which may die with it.
    pub(crate) fn run_payments(&mut self) {
        let now = self.around.clock.now();
        let due: Vec<Payment> = self.around.disk.read(|state| {
            let is_due = |payment: &&Payment| payment.next.is_some_and(|next| next.due.is_some_and(|due| due <= now));
            state.payments.values().filter(is_due).cloned().collect()
        });
        for payment in due {
            if !self.is_healed && self.rng.happens(300) {
                continue;
            }
            if let Some(call) = ready(self.payments.pay_once(&payment)) {
                self.note(format_args!("the provider is called with {}: {:?}", call.ask.key, call.answered.answer));
                self.receive_callbacks(true);
                self.answer(call.answered);
            }
        }
        self.receive_callbacks(false);
        for branch in self.provider.take_witnessed() {
            self.coverage.reach(branch);
        }
    }

    /// Receives the provider's callbacks.
    fn receive_callbacks(&mut self, is_first: bool) {
        let now = self.around.clock.now();
        let again = if is_first {
            vec![]
        } else {
            self.around.disk.read(|state| unrecorded_callbacks(state, &self.provider, now))
        };
        let told = self.provider.take_callbacks(is_first).into_iter().filter_map(|callback| callback.answered(now));
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

    /// Checks that the provider's and the shop's books agree, and nothing is owed.
    pub(crate) fn check_books(&self) -> Verdict {
        self.around.disk.read(|state| books_agree(state, &self.provider))
    }
}

/// Callbacks that the shop has not recorded: a process may have died with one.
pub(crate) fn unrecorded_callbacks(state: &State, provider: &Provider, now: Timestamp) -> Vec<PaymentAnswered> {
    let told = provider.repeated_callbacks().into_iter().filter_map(|callback| callback.answered(now));
    let is_recorded = |callback: &CallbackRow| state.callbacks.contains_key(&callback.key);
    told.filter(|answered| !answered.callback.as_ref().is_some_and(is_recorded)).collect()
}

impl ModelCallback {
    /// Returns the callback as the shop's command.
    pub(crate) fn answered(self, now: Timestamp) -> Option<PaymentAnswered> {
        let (_, asked) = Asked::of_key(&self.ask.key)?;
        let order = CODEC.order_id(self.ask.order.as_str())?;
        let told = Some(CallbackRow::new("model", self.ask.key, now));
        let answer = Ok(Found::Verdict(self.verdict));
        Some(PaymentAnswered { order, asked, answer, called_at: None, callback: told })
    }
}

/// By both books, the captured money equals the amount due of completed orders, and is zero for cancelled ones.
pub(crate) fn books_agree(state: &State, provider: &Provider) -> Verdict {
    let held = provider.holds();
    for row in state.orders.values() {
        let order = &row.order;
        let theirs = held.get(order.created.number.as_str()).copied().unwrap_or_default();
        let payment = state.payments.get(&order.id());
        let ours = payment.map_or(Money::ZERO, Payment::held);
        // Money that an operator refunded by hand did not come from the provider.
        let resolved = payment.map_or(Money::ZERO, |payment| payment.resolved);
        ensure(theirs == ours + resolved, || {
            format!("the provider holds {theirs:?} of {order:?}, the shop says {ours:?} and {resolved:?} by hand")
        })?;
        let is_sold = order.outcome == Outcome::Completed && order.is_prepaid();
        let due = if is_sold { order.created.due - order.worth_returned().money } else { Money::ZERO };
        ensure(ours == due, || format!("{due:?} are due of {order:?}, {ours:?} are held"))?;
    }
    nothing_is_asked(state)
}

fn nothing_is_asked(state: &State) -> Verdict {
    let open = state.payments.values().find(|payment| payment.next.is_some() || payment.is_giving_back());
    ensure(open.is_none(), || format!("a payment never ended: {open:?}"))
}
