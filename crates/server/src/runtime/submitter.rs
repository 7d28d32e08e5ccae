//! The door between HTTP and the engine: a bounded queue in front, an answer for each command behind.

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
use crate::runtime::health::Health;

mod reply_batches;

tokio::task_local! {
    static TRACE: TraceParent;
}

/// Does something in the course of a request that belongs to a trace: what is submitted meanwhile belongs to it as well.
pub fn traced<T>(trace: Option<TraceParent>, act: impl FnOnce() -> T) -> T {
    match trace {
        Some(trace) => TRACE.sync_scope(trace, act),
        None => act(),
    }
}

/// What the endpoints need of the shop. Cheap to clone.
#[derive(Clone)]
pub struct Submitter {
    queue: mpsc::Sender<Job>,
    command_deadline: Duration,
    /// What decisions, deadlines and timers go by.
    pub clock: Arc<dyn Clock>,
    /// What others go by, who sign what they tell with the time: the machine's own clock.
    pub wall: Arc<dyn Clock>,
    pub views: Arc<dyn Views>,
    pub gate: Arc<dyn Gate>,
    /// What sells best, where it is kept beside the store.
    pub ranking: Option<Arc<dyn Ranking>>,
    pub codec: Codec,
    pub waiting: Arc<Waiting>,
    pub subscriptions: Arc<Subscriptions>,
    pub health: Arc<Health>,
}

/// What a [`Submitter`] is built from.
pub struct Parts {
    pub queue: mpsc::Sender<Job>,
    pub command_deadline: Duration,
    /// What decisions, deadlines and timers go by.
    pub clock: Arc<dyn Clock>,
    /// What others go by, who sign what they tell with the time: the machine's own clock.
    pub wall: Arc<dyn Clock>,
    pub views: Arc<dyn Views>,
    pub gate: Arc<dyn Gate>,
    /// What sells best, where it is kept beside the store.
    pub ranking: Option<Arc<dyn Ranking>>,
    pub codec: Codec,
    pub waiting: Arc<Waiting>,
    pub subscriptions: Arc<Subscriptions>,
    pub health: Arc<Health>,
}

impl Submitter {
    pub fn new(parts: Parts) -> Submitter {
        let Parts { queue, command_deadline, clock, wall, views, gate, ranking, codec, waiting, subscriptions, health } =
            parts;
        Submitter { queue, command_deadline, clock, wall, views, gate, ranking, codec, waiting, subscriptions, health }
    }

    /// Has a command decided. Whoever stops waiting cancels nothing: the engine owns the job from here on.
    pub async fn submit(&self, command: Command, idempotency: Option<Idempotency>) -> Reply {
        let (responder, answer) = oneshot::channel();
        let deadline = self.clock.now() + self.command_deadline;
        let returns = ReplyBatches::of_this_thread();
        let responder = Box::new(move |reply| returns.put(responder, reply));
        let job = Job::new(command, responder).idempotent(idempotency).before(deadline);
        let job = job.traced(TRACE.try_get().ok());
        match self.queue.try_send(job) {
            Ok(()) => answer.await.unwrap_or_else(|_| Reply::refused(Refusal::Unavailable)),
            Err(mpsc::error::TrySendError::Full(_)) => {
                Reply::refused(Refusal::Overloaded { retry_after: Duration::from_secs(1) })
            }
            Err(mpsc::error::TrySendError::Closed(_)) => Reply::refused(Refusal::NotWritten),
        }
    }

    /// Whether the engine still takes work.
    pub fn is_open(&self) -> bool {
        !self.queue.is_closed()
    }

    /// How many commands wait.
    pub fn queued(&self) -> usize {
        self.queue.max_capacity() - self.queue.capacity()
    }
}
