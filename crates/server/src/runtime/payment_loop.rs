//! The cashier's thread: a lane of its own, so that a sale keeps neither payments nor callbacks waiting. Inside, an errand is
//! run once; here all that are due are, so many at a time.

use std::collections::BTreeSet;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use app::commands::Command;
use app::payments::provider::Provider;
use app::payments::runner::{PaymentCall, PaymentRunner};
use app::resilience::breaker::State;
use domain::ids::OrderId;
use domain::payment::Payment;
use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt as _, StreamExt as _};
use tokio::sync::{Notify, mpsc};

use crate::metrics::PaymentMetrics;
use crate::runtime::callbacks::{self, IncomingCallback, QueuedCallback};
use crate::runtime::health::AtWork;
use crate::runtime::shutdown::{self, Stop, Stopper};
use crate::runtime::submitter::Submitter;
use crate::system::logging;

mod patient;

pub use patient::Patient;

/// How often payments are looked for that nobody told of: those of other processes, and those whose pause is over.
const LOOK_EVERY: Duration = Duration::from_millis(200);
/// How often payments are counted that wait for an operator.
const COUNT_EVERY: Duration = Duration::from_secs(2);
/// After an answer that the engine did not take.
const PAUSE: Duration = Duration::from_millis(500);
/// A stop waits so long for what is under way; what is not answered by then is asked or looked up again.
const STOP_PATIENCE: Duration = Duration::from_secs(5);

/// What the loop works with.
pub struct Parts {
    pub submitter: Submitter,
    pub provider: Arc<dyn Provider>,
    pub metrics: PaymentMetrics,
    pub concurrency: usize,
    /// Told when a commit made something due.
    pub due: Arc<Notify>,
    /// Callbacks of a provider inside the binary.
    pub callbacks_in: mpsc::Receiver<QueuedCallback>,
}

/// A cashier at work.
pub struct CashierThread {
    stopper: Stopper,
    ended: Receiver<()>,
}

impl CashierThread {
    /// `make` is called on the thread, where the cashier stays.
    pub fn start(make: impl FnOnce() -> PaymentRunner + Send + 'static, parts: Parts) -> io::Result<CashierThread> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (stopper, stop) = shutdown::channel();
        let (end, ended) = channel();
        let at_work = AtWork::new(&parts.submitter.health, "The cashier's thread has panicked.");
        let run = move || {
            let _at_work = at_work;
            runtime.block_on(run(&make(), parts, stop));
            // Nobody listens any more when the stop was too long for him.
            let _ = end.send(());
        };
        std::thread::Builder::new().name("cashier".to_owned()).spawn(run)?;
        Ok(CashierThread { stopper, ended })
    }

    /// Ends before the engine does, which takes in the last answers.
    pub fn stop(self) {
        self.stopper.stop();
        if self.ended.recv_timeout(STOP_PATIENCE).is_err() {
            tracing::warn!("The payment provider has not answered everything; it is asked again at the next start.");
        }
    }
}

type Task<'a, T> = Pin<Box<dyn Future<Output = T> + 'a>>;

async fn run(cashier: &PaymentRunner, parts: Parts, mut stop: Stop) {
    let Parts { submitter, provider, metrics, concurrency, due, mut callbacks_in } = parts;
    let desk = PaymentTasks { cashier, submitter: &submitter, metrics: &metrics };
    let mut under_way = BTreeSet::new();
    let mut calls: FuturesUnordered<Task<'_, OrderId>> = FuturesUnordered::new();
    let mut callbacks: FuturesUnordered<Task<'_, ()>> = FuturesUnordered::new();
    let mut state = State::Closed;
    let mut count = tokio::time::interval(COUNT_EVERY);
    while !stop.is_requested() {
        desk.watch(&mut state);
        let free = match state {
            State::Closed => concurrency.saturating_sub(calls.len()),
            // One trial, and nothing beside it.
            State::HalfOpen => usize::from(calls.is_empty()),
            State::Open => 0,
        };
        for payment in desk.due(free, &under_way).await {
            under_way.insert(payment.order);
            calls.push(Box::pin(desk.run(payment)));
        }
        tokio::select! {
            Some(order) = calls.next(), if !calls.is_empty() => {
                under_way.remove(&order);
                // Those that ended at the same time, so that what is due is read once for all of them.
                while let Some(Some(order)) = calls.next().now_or_never() {
                    under_way.remove(&order);
                }
            }
            Some(()) = callbacks.next(), if !callbacks.is_empty() => {}
            Some(letter) = callbacks_in.recv() => {
                let telling = IncomingCallback { submitter: &submitter, provider: provider.as_ref(), mismatches: metrics.mismatches() };
                callbacks.push(Box::pin(callbacks::deliver(telling, letter)));
            }
            () = due.notified(), if free > 0 => {}
            _ = count.tick() => desk.count_stuck().await,
            () = tokio::time::sleep(LOOK_EVERY) => {}
            () = stop.requested() => {}
        }
    }
    // A provider inside the binary must not wait for its callbacks any more.
    drop((callbacks, callbacks_in));
    // What was asked is heard, if it is answered soon; `stop` does not wait longer than its patience.
    while calls.next().await.is_some() {}
}

struct PaymentTasks<'a> {
    cashier: &'a PaymentRunner,
    submitter: &'a Submitter,
    metrics: &'a PaymentMetrics,
}

impl PaymentTasks<'_> {
    /// Tells of the breaker what has changed.
    fn watch(&self, state: &mut State) {
        let before = std::mem::replace(state, self.cashier.state());
        self.metrics.stand(*state);
        match (before, *state) {
            (State::Closed, State::Open) => {
                tracing::error!("The payment provider keeps failing and is left alone for a while; payments wait.");
            }
            (State::Open | State::HalfOpen, State::Closed) => tracing::info!("The payment provider answers again."),
            _ => {}
        }
    }

    /// Of all processes; what was counted before stands while it cannot be read.
    async fn count_stuck(&self) {
        match self.submitter.views.stuck_payments().await {
            Ok(stuck) => self.metrics.count_stuck(stuck),
            Err(error) => tracing::error!("Payments that are stuck could not be counted: {error}"),
        }
    }

    async fn due(&self, free: usize, under_way: &BTreeSet<OrderId>) -> Vec<Payment> {
        if free == 0 {
            return vec![];
        }
        // Those under way are still due, and the longest.
        let limit = free + under_way.len();
        let due = self.submitter.views.due_payments(self.submitter.clock.now(), limit).await;
        let due = due.unwrap_or_else(|error| {
            logging::error("Due payments could not be read", &error);
            vec![]
        });
        due.into_iter().filter(|payment| !under_way.contains(&payment.order)).take(free).collect()
    }

    async fn run(&self, payment: Payment) -> OrderId {
        let order = payment.order;
        if let Some(call) = self.cashier.pay_once(&payment).await {
            self.metrics.observe(&call);
            tell_if_alarming(&call);
            let command = Command::PaymentAnswered(Box::new(call.answered));
            if let Err(refusal) = self.submitter.submit(command, None).await.result {
                // It stays due: it is asked under the same key, or looked up, when the engine takes work again.
                logging::error("What the payment provider answered could not be taken in", &format!("{refusal:?}"));
                tokio::time::sleep(PAUSE).await;
            }
        }
        order
    }
}

fn tell_if_alarming(call: &PaymentCall) {
    if call.is_alarming() {
        tracing::error!(
            key = &*call.ask.key,
            expected = call.ask.amount.amount(),
            "PAYMENT_MISMATCH: the provider approved something else than it was asked for: {:?}",
            call.answered.answer
        );
    }
}
