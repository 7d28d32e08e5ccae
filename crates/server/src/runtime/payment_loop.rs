//! The payment loop, on its own thread, so that a sale delays neither payments nor callbacks. The payment runner makes
//! one call; the loop makes all due calls, up to the concurrency limit.

use std::collections::BTreeMap;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use app::commands::Command;
use app::commands::answer::Refusal;
use app::payments::provider::{Found, Provider, ProviderError, Verdict};
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

/// Interval for due payments without a notification: those of other processes, and those whose retry pause is over.
const POLL_EVERY: Duration = Duration::from_millis(200);
/// Interval for counting the payments that wait for an operator.
const COUNT_EVERY: Duration = Duration::from_secs(2);
/// Pause after an answer that the engine did not accept.
const PAUSE: Duration = Duration::from_millis(500);
/// Pause of a payment whose answer cannot be applied because a row that it needs cannot be read.
const DAMAGED_PAUSE: Duration = Duration::from_secs(60);
/// How long a stop waits for open calls. A call without an answer by then is repeated or queried later.
const STOP_PATIENCE: Duration = Duration::from_secs(5);

/// The parts that the loop works with.
pub struct Parts {
    pub submitter: Submitter,
    pub provider: Arc<dyn Provider>,
    pub metrics: PaymentMetrics,
    pub concurrency: usize,
    /// Notified when a commit made a call due.
    pub due: Arc<Notify>,
    /// Callbacks of a provider inside the binary.
    pub callbacks_in: mpsc::Receiver<QueuedCallback>,
}

/// The payment loop's thread.
pub struct PaymentThread {
    stopper: Stopper,
    ended: Receiver<()>,
}

impl PaymentThread {
    /// Starts the loop. `make` is called on the thread, because the runner cannot leave it.
    pub fn start(make: impl FnOnce() -> PaymentRunner + Send + 'static, parts: Parts) -> io::Result<PaymentThread> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (stopper, stop) = shutdown::channel();
        let (end, ended) = channel();
        let at_work = AtWork::new(&parts.submitter.health, "The payment loop's thread has panicked.");
        let run = move || {
            let _at_work = at_work;
            runtime.block_on(run(&make(), parts, stop));
            // The receiver is gone if the stop was too long for it.
            let _ = end.send(());
        };
        std::thread::Builder::new().name("payments".to_owned()).spawn(run)?;
        Ok(PaymentThread { stopper, ended })
    }

    /// Stops the loop. Must be called before the engine stops, so that the engine takes the last answers.
    pub fn stop(self) {
        self.stopper.stop();
        if self.ended.recv_timeout(STOP_PATIENCE).is_err() {
            tracing::warn!("The payment provider has not answered all calls; they are repeated after the next start.");
        }
    }
}

type Task<'a, T> = Pin<Box<dyn Future<Output = T> + 'a>>;

async fn run(runner: &PaymentRunner, parts: Parts, mut stop: Stop) {
    let Parts { submitter, provider, metrics, concurrency, due, mut callbacks_in } = parts;
    let tasks = PaymentTasks { runner, submitter: &submitter, metrics: &metrics };
    // Payments that are passed over: with an open call (`None`), or since an answer that could not be applied.
    let mut passed_over: BTreeMap<OrderId, Option<Instant>> = BTreeMap::new();
    let mut calls: FuturesUnordered<Task<'_, (OrderId, bool)>> = FuturesUnordered::new();
    let mut callbacks: FuturesUnordered<Task<'_, ()>> = FuturesUnordered::new();
    let mut state = State::Closed;
    let mut count = tokio::time::interval(COUNT_EVERY);
    while !stop.is_requested() {
        tasks.watch(&mut state);
        let free = match state {
            State::Closed => concurrency.saturating_sub(calls.len()),
            // One trial call, and no other call during it.
            State::HalfOpen => usize::from(calls.is_empty()),
            State::Open => 0,
        };
        passed_over.retain(|_, damaged| damaged.is_none_or(|since| since.elapsed() < DAMAGED_PAUSE));
        for payment in tasks.due(free, &passed_over).await {
            passed_over.insert(payment.order, None);
            calls.push(Box::pin(tasks.run(payment)));
        }
        tokio::select! {
            Some(ended) = calls.next(), if !calls.is_empty() => {
                let mut ended = Some(ended);
                // Collects the calls that ended at the same time, so that due payments are read once for all of them.
                while let Some((order, is_damaged)) = ended {
                    if is_damaged {
                        passed_over.insert(order, Some(Instant::now()));
                    } else {
                        passed_over.remove(&order);
                    }
                    ended = calls.next().now_or_never().flatten();
                }
            }
            Some(()) = callbacks.next(), if !callbacks.is_empty() => {}
            Some(queued) = callbacks_in.recv() => {
                let incoming = IncomingCallback { submitter: &submitter, provider: provider.as_ref(), mismatches: metrics.mismatches() };
                callbacks.push(Box::pin(callbacks::deliver(incoming, queued)));
            }
            () = due.notified(), if free > 0 => {}
            _ = count.tick() => tasks.count_stuck().await,
            () = tokio::time::sleep(POLL_EVERY) => {}
            () = stop.requested() => {}
        }
    }
    // A provider inside the binary must not wait for its callbacks any longer.
    drop((callbacks, callbacks_in));
    // Waits for answers to open calls; `stop` limits how long.
    while calls.next().await.is_some() {}
}

struct PaymentTasks<'a> {
    runner: &'a PaymentRunner,
    submitter: &'a Submitter,
    metrics: &'a PaymentMetrics,
}

impl PaymentTasks<'_> {
    /// Logs and counts a change of the breaker's state.
    fn watch(&self, state: &mut State) {
        let before = std::mem::replace(state, self.runner.state());
        match (before, *state) {
            (State::Closed, State::Open) => {
                tracing::error!("The payment provider keeps failing: its breaker is open and payments wait.");
            }
            (State::Open | State::HalfOpen, State::Closed) => tracing::info!("The payment provider answers again."),
            _ => {}
        }
    }

    /// Counts the stuck payments of all processes. A failed read keeps the last count.
    async fn count_stuck(&self) {
        match self.submitter.views.stuck_payments().await {
            Ok(stuck) => self.metrics.count_stuck(stuck),
            Err(error) => tracing::error!("Payments that are stuck could not be counted: {error}"),
        }
    }

    async fn due(&self, free: usize, passed_over: &BTreeMap<OrderId, Option<Instant>>) -> Vec<Payment> {
        if free == 0 {
            return vec![];
        }
        // Payments with an open call are still due, and the oldest; so are those that wait for an operator's repair.
        let limit = free + passed_over.len();
        let due = self.submitter.views.due_payments(self.submitter.clock.now(), limit).await;
        let due = due.unwrap_or_else(|error| {
            logging::error("Due payments could not be read", &error);
            vec![]
        });
        due.into_iter().filter(|payment| !passed_over.contains_key(&payment.order)).take(free).collect()
    }

    /// Makes the call of a payment. Returns true if its answer cannot be applied, because a row cannot be read.
    async fn run(&self, payment: Payment) -> (OrderId, bool) {
        let order = payment.order;
        if let Some(call) = self.runner.pay_once(&payment).await {
            self.metrics.observe(&call);
            log_mismatch(&call);
            let command = Command::PaymentAnswered(Box::new(call.answered));
            if let Err(refusal) = self.submitter.submit(command, None).await.result {
                // The payment stays due: the call is repeated with the same key, or queried, when the engine accepts
                // work again.
                logging::error("An answer of the payment provider could not be applied", &format!("{refusal:?}"));
                if refusal == Refusal::Damaged {
                    return (order, true);
                }
                tokio::time::sleep(PAUSE).await;
            }
        }
        (order, false)
    }
}

fn log_mismatch(call: &PaymentCall) {
    if call.is_alarming() {
        let expected = call.ask.amount.amount();
        tracing::error!(
            key = &*call.ask.key,
            expected,
            "PAYMENT_MISMATCH: {}; {expected} were requested. The payment is queried.",
            said(&call.answered.answer)
        );
    }
}

/// Describes a mismatch for operators.
fn said(answer: &Result<Found, ProviderError>) -> String {
    match answer {
        Ok(Found::Verdict(Verdict::Approved { reference, amount, .. })) => {
            format!("the provider approved {} (its reference: {reference})", amount.amount())
        }
        Ok(Found::Verdict(Verdict::Declined { code, .. })) => format!("the provider declined: {code}"),
        Ok(Found::Verdict(Verdict::ActionRequired { .. })) => "the provider waits for the customer".to_owned(),
        Ok(Found::Pending) => "the provider says that the operation is under way".to_owned(),
        Ok(Found::NotFound) => "the provider does not know the operation".to_owned(),
        Err(error) => error.to_string(),
    }
}
