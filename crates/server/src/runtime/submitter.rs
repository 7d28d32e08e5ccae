//! The queue between HTTP and the engine: bounded, with one answer per command.

use std::sync::Arc;
use std::time::Duration;

use app::commands::answer::{Refusal, Reply};
use app::commands::{Command, Idempotency};
use app::engine::Job;
use app::events::trace::TraceParent;
use app::ports::views::Views;
use app::ports::{Clock, Gate, Ranking};
use domain::ids::Codec;
use tokio::sync::{mpsc, oneshot};

use self::reply_batches::ReplyBatches;
use crate::live::subscriptions::Subscriptions;
use crate::live::waiting::Waiting;
use crate::metrics::{QueueLoad, Refusals};
use crate::runtime::health::Health;

pub mod deeds;
mod reply_batches;

tokio::task_local! {
    static TRACE: TraceParent;
}

/// Runs `act` as part of a request's trace: commands submitted in it carry the trace.
pub fn traced<T>(trace: Option<TraceParent>, act: impl FnOnce() -> T) -> T {
    match trace {
        Some(trace) => TRACE.sync_scope(trace, act),
        None => act(),
    }
}

/// The endpoints' access to the shop: command queue, views and clocks. Cheap to clone.
#[derive(Clone)]
pub struct Submitter {
    pub(crate) queue: mpsc::Sender<Job>,
    pub(crate) command_deadline: Duration,
    /// The clock of decisions, deadlines and timers.
    pub clock: Arc<dyn Clock>,
    /// The machine's own clock, to check times that others have signed.
    pub wall: Arc<dyn Clock>,
    pub views: Arc<dyn Views>,
    pub gate: Arc<dyn Gate>,
    /// Best-selling products, if they are kept outside the store.
    pub ranking: Option<Arc<dyn Ranking>>,
    pub codec: Codec,
    pub waiting: Arc<Waiting>,
    pub subscriptions: Arc<Subscriptions>,
    pub health: Arc<Health>,
    /// Refused coupons on their way to the statistics.
    pub refusals: Arc<Refusals>,
    pub load: Arc<QueueLoad>,
}

impl Submitter {
    /// Has a command decided. Dropping the future cancels nothing: the engine owns the command from here on.
    pub async fn submit(&self, command: Command, idempotency: Option<Idempotency>) -> Reply {
        let (responder, answer) = oneshot::channel();
        let now = self.clock.now();
        if self.queued() == 0 {
            self.load.set_oldest(now);
        }
        let deadline = now + self.command_deadline;
        let returns = ReplyBatches::of_this_thread();
        let responder = Box::new(move |reply| returns.put(responder, reply));
        let job = Job::new(command, responder).idempotent(idempotency).before(deadline);
        let job = job.traced(TRACE.try_get().ok()).recorded(deeds::current());
        match self.queue.try_send(job) {
            Ok(()) => {
                let reply = answer.await.unwrap_or_else(|_| Reply::refused(Refusal::Unavailable));
                if reply.result.is_ok() {
                    deeds::drop_it();
                }
                reply
            }
            Err(mpsc::error::TrySendError::Full(_)) => {
                Reply::refused(Refusal::Overloaded { retry_after: Duration::from_secs(1) })
            }
            Err(mpsc::error::TrySendError::Closed(_)) => Reply::refused(Refusal::NotWritten),
        }
    }

    /// True while the engine accepts work.
    pub fn is_open(&self) -> bool {
        !self.queue.is_closed()
    }

    /// Returns the number of queued commands.
    pub fn queued(&self) -> usize {
        self.queue.max_capacity() - self.queue.capacity()
    }
}
