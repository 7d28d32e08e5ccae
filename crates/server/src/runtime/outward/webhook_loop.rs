//! The webhook loop, on its own thread: takes due deliveries of every endpoint, sends them, and submits the results.
//!
//! A delivery is taken in a commit before it is sent, so that two processes never send it at once; one whose process
//! dies is due again when its lease ends.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use app::commands::answer::Answer;
use app::commands::{Command, DeliveryAnswered, WebhookCommand};
use app::events::trace::TraceParent;
use app::events::trace::span::Kind;
use app::ports::StoreError;
use app::resilience::breaker::Outcome;
use app::webhooks::catalogue::EventType;
use app::webhooks::message;
use app::webhooks::runner::{Outgoing, Sent, WebhookRunner};
use domain::ids::WebhookId;
use domain::time::Timestamp;
use domain::webhook::{Attempt, Delivery, DeliveryKey, Endpoint, Next, Taken};
use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt as _, StreamExt as _};
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::config::WEBHOOK_KEYS_VARIABLE;
use crate::metrics::WebhookMetrics;
use crate::runtime::health::AtWork;
use crate::runtime::outward::deference::Deference;
use crate::runtime::shutdown::{self, Stop, Stopper};
use crate::runtime::submitter::Submitter;
use crate::system::{logging, spans};

mod queues;
mod renewal;

use queues::{Ended, Queues};

/// Interval for deliveries that became due by the time, or by other processes.
const POLL_EVERY: Duration = Duration::from_millis(100);
/// Minimum time between two rounds, so that many deliveries are taken together.
const ROUND_EVERY: Duration = Duration::from_millis(10);
/// The most deliveries that one commit takes.
const TAKEN_MAX: usize = 256;
/// Added to the time-out of an attempt; then the attempt counts as lost.
const LEASE_GRACE: Duration = Duration::from_secs(15);
/// Pause after a failure of the store.
const PAUSE: Duration = Duration::from_millis(500);
/// How long a stop waits for open calls. A delivery whose result is not recorded is sent again.
const STOP_PATIENCE: Duration = Duration::from_secs(5);
/// An endpoint that will be disabled within this time is reported.
const WARN_BEFORE: Duration = Duration::from_secs(24 * 3_600);

/// The parts that the loop works with.
pub struct Parts {
    pub submitter: Submitter,
    pub metrics: WebhookMetrics,
    /// Calls in progress at once, in total and per endpoint.
    pub concurrency: usize,
    pub endpoint_concurrency: usize,
    /// Pauses deliveries in a rush.
    pub deference: Deference,
    /// Time-out of an attempt.
    pub timeout: Duration,
    /// Notified when a commit made a delivery due.
    pub due: Arc<Notify>,
}

/// The webhook loop's thread.
pub struct WebhookThread {
    stopper: Stopper,
    ended: Receiver<()>,
}

impl WebhookThread {
    /// Starts the loop. `make` is called on the thread, because the runner cannot leave it.
    pub fn start(make: impl FnOnce() -> WebhookRunner + Send + 'static, parts: Parts) -> io::Result<WebhookThread> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (stopper, stop) = shutdown::channel();
        let (end, ended) = channel();
        let at_work = AtWork::new(&parts.submitter.health, "The webhook loop's thread has panicked.");
        let work = move || {
            let _at_work = at_work;
            runtime.block_on(run(&make(), parts, stop));
            // The receiver is gone if the stop was too long for it.
            let _ = end.send(());
        };
        std::thread::Builder::new().name("webhooks".to_owned()).spawn(work)?;
        Ok(WebhookThread { stopper, ended })
    }

    /// Stops the loop. Must be called before the engine stops, so that the engine takes the last results.
    pub fn stop(self) {
        self.stopper.stop();
        if self.ended.recv_timeout(STOP_PATIENCE).is_err() {
            tracing::warn!("Receivers of webhooks have not answered; what they were sent is sent again.");
        }
    }
}

type Call<'a> = Pin<Box<dyn Future<Output = (WebhookId, Ended)> + 'a>>;

/// A delivery that was taken for an attempt.
struct Attempted {
    endpoint: Arc<Endpoint>,
    delivery: Delivery,
    taken: Taken,
}

async fn run(runner: &WebhookRunner, parts: Parts, mut stop: Stop) {
    let tasks = Tasks { runner, parts: &parts };
    let mut queues = Queues::new(parts.endpoint_concurrency);
    let mut calls: FuturesUnordered<Call<'_>> = FuturesUnordered::new();
    tokio::select! {
        () = renewal::renew_all(&*runner.keys, &parts.submitter) => {}
        () = stop.requested() => {}
    }
    let mut rests_until = Instant::now();
    while !stop.is_requested() {
        let is_resting = rests_until > Instant::now();
        let free = if is_resting { 0 } else { parts.concurrency.saturating_sub(calls.len()) };
        let taken = if is_resting { vec![] } else { tasks.take_due(free, &mut queues).await };
        rests_until = rests_until.max(Instant::now() + tasks.rest_after(&taken));
        for attempted in taken {
            let now = parts.submitter.clock.now();
            // The breaker has opened since the room was counted: the delivery is due again when its lease ends.
            let Some(permit) = queues.begin(&attempted.endpoint, now) else { continue };
            calls.push(Box::pin(async move {
                let id = attempted.endpoint.id;
                let (outcome, hold) = tasks.run(attempted).await;
                (id, Ended { permit, outcome, hold })
            }));
        }
        tokio::select! {
            Some((id, ended)) = calls.next(), if !calls.is_empty() => {
                queues.end(id, ended, parts.submitter.clock.now());
                // Collects the calls that ended at the same time, so that due deliveries are read once for all of them.
                tokio::time::sleep(ROUND_EVERY).await;
                while let Some(Some((id, ended))) = calls.next().now_or_never() {
                    queues.end(id, ended, parts.submitter.clock.now());
                }
            }
            () = parts.due.notified(), if free > 0 => tokio::time::sleep(ROUND_EVERY).await,
            () = tokio::time::sleep(POLL_EVERY) => {}
            () = stop.requested() => {}
        }
    }
    // Waits for open calls; `stop` limits how long.
    while calls.next().await.is_some() {}
}

#[derive(Clone, Copy)]
struct Tasks<'a> {
    runner: &'a WebhookRunner,
    parts: &'a Parts,
}

impl Tasks<'_> {
    /// Returns how long the loop leaves the processors to customers' commands after it has taken deliveries.
    fn rest_after(&self, taken: &[Attempted]) -> Duration {
        let oldest = taken.iter().filter_map(|attempted| attempted.delivery.due).min();
        let Parts { deference, submitter, .. } = self.parts;
        oldest.map_or(Duration::ZERO, |due| deference.after_calls(taken.len(), due, submitter))
    }

    /// Takes due deliveries, of every endpoint as many as it has room for.
    async fn take_due(&self, free: usize, queues: &mut Queues) -> Vec<Attempted> {
        match self.find_due(free.min(TAKEN_MAX), queues).await {
            Ok(found) if found.is_empty() => vec![],
            Ok(found) => self.take(found).await,
            Err(error) => {
                logging::error("Due webhooks could not be read", &error);
                tokio::time::sleep(PAUSE).await;
                vec![]
            }
        }
    }

    async fn find_due(&self, free: usize, queues: &mut Queues) -> Result<Vec<(Arc<Endpoint>, Delivery)>, StoreError> {
        let (views, now) = (&self.parts.submitter.views, self.parts.submitter.clock.now());
        let waiting = views.webhook_queues().await?;
        let oldest = waiting.iter().map(|(_, due)| *due).min().unwrap_or(now);
        self.parts.metrics.set_oldest_due(now - oldest);
        queues.keep_only(&waiting);
        let mut found = vec![];
        for (endpoint, due) in waiting {
            self.warn(&endpoint, queues, now);
            let room = if due <= now { queues.room(&endpoint, now).min(free - found.len()) } else { 0 };
            if room == 0 || !self.can_sign(&endpoint, queues, now) {
                continue;
            }
            let due = views.due_deliveries(endpoint.id, now, room).await?;
            let endpoint = Arc::new(endpoint);
            found.extend(due.into_iter().map(|delivery| (Arc::clone(&endpoint), delivery)));
        }
        self.parts.metrics.set_open_breakers(queues.open_breakers(now));
        Ok(found)
    }

    /// Tells operators of an endpoint that will be disabled soon.
    fn warn(&self, endpoint: &Endpoint, queues: &mut Queues, now: Timestamp) {
        let after = self.runner.policy.disable_after;
        let failing = endpoint.failing_since.map_or(Duration::ZERO, |since| now - since);
        let is_close = endpoint.failing_since.is_some() && failing >= after.saturating_sub(WARN_BEFORE);
        if queues.is_news(endpoint.id, is_close) {
            let (webhook, hours) = (endpoint.id.0, failing.as_secs() / 3_600);
            tracing::error!(
                webhook,
                "WEBHOOK_FAILING: webhook {webhook} has failed for {hours} hours, and will be disabled after {} hours.",
                after.as_secs() / 3_600
            );
        }
    }

    /// Returns false if the endpoint's secret cannot be read. Its deliveries wait, and operators are told once.
    fn can_sign(&self, endpoint: &Endpoint, queues: &mut Queues, now: Timestamp) -> bool {
        let unreadable = self.runner.secrets(endpoint, now).err();
        if queues.is_new_lock(endpoint.id, unreadable.is_some())
            && let Some(unreadable) = &unreadable
        {
            let webhook = endpoint.id.0;
            tracing::error!(
                webhook,
                "WEBHOOK_KEY_UNKNOWN: the deliveries to webhook {webhook} wait: {unreadable}. The keys are in \
                 {WEBHOOK_KEYS_VARIABLE}; without the key, rotate the secret."
            );
        }
        unreadable.is_none()
    }

    async fn take(&self, found: Vec<(Arc<Endpoint>, Delivery)>) -> Vec<Attempted> {
        let deliveries: Vec<DeliveryKey> = found.iter().map(|(_, delivery)| delivery.key).collect();
        let until = self.parts.submitter.clock.now() + self.parts.timeout + LEASE_GRACE;
        let command = Command::Webhook(WebhookCommand::Take { deliveries, until });
        let taken = match self.parts.submitter.submit(command, None).await.result {
            Ok(Answer::WebhooksTaken { taken }) => taken,
            Ok(_) => vec![],
            Err(refusal) => {
                logging::error("Due webhooks could not be taken", &format!("{refusal:?}"));
                tokio::time::sleep(PAUSE).await;
                vec![]
            }
        };
        let is_taken = |delivery: &Delivery| {
            let key = delivery.key;
            taken.iter().find(|taken| taken.webhook == key.webhook && taken.number == key.number).copied()
        };
        let attempted = found.into_iter().filter_map(|(endpoint, delivery)| {
            let taken = is_taken(&delivery)?;
            Some(Attempted { endpoint, delivery, taken })
        });
        attempted.collect()
    }

    /// Sends a delivery and has its result recorded.
    async fn run(&self, attempted: Attempted) -> (Outcome, Option<Timestamp>) {
        let Attempted { endpoint, delivery, taken } = attempted;
        let sent = match read_message(&self.parts.submitter, &delivery).await {
            Ok(Some(Message { body, trace })) => {
                let (endpoint, delivery, body) = (&*endpoint, &delivery, &body);
                let span = trace.and_then(spans::caused_by);
                let trace = span.map_or(trace, |span| Some(span.as_parent()));
                let outgoing = Outgoing { endpoint, delivery, taken, body, trace, dice: dice() };
                let sent = self.runner.send_once(outgoing).await;
                span.into_iter().for_each(|span| end_span(span, delivery, &sent));
                sent
            }
            Ok(None) => self.lost(&delivery, taken),
            Err(error) => {
                // The delivery is due again when its lease ends.
                logging::error("The event of a webhook could not be read", &error);
                return (Outcome::Answered, None);
            }
        };
        self.parts.metrics.observe(&sent);
        // Without its event nothing was sent, so the receiver has not failed.
        let has_failed = sent.answered.next != Next::Done && !sent.answered.attempt.is_without_event();
        let command = Command::Webhook(WebhookCommand::Answered(Box::new(sent.answered)));
        if let Err(refusal) = self.parts.submitter.submit(command, None).await.result {
            // The delivery is sent again when its lease ends; the receiver knows its id.
            logging::error("The result of a webhook could not be recorded", &format!("{refusal:?}"));
            tokio::time::sleep(PAUSE).await;
        }
        (if has_failed { Outcome::Failed } else { Outcome::Answered }, sent.hold)
    }

    fn lost(&self, delivery: &Delivery, taken: Taken) -> Sent {
        let attempt = Attempt::without_event(self.parts.submitter.clock.now());
        let disable_after = Duration::MAX;
        let answered =
            DeliveryAnswered { key: delivery.key, number: taken.attempt, attempt, next: Next::Dead, disable_after };
        Sent { answered, hold: None }
    }
}

/// The body of a delivery, and the trace of its event.
struct Message {
    body: Arc<str>,
    trace: Option<TraceParent>,
}

/// Returns the body of a delivery; `None` if its event is gone.
pub(crate) async fn read_body(submitter: &Submitter, delivery: &Delivery) -> Result<Option<Arc<str>>, StoreError> {
    Ok(read_message(submitter, delivery).await?.map(|message| message.body))
}

async fn read_message(submitter: &Submitter, delivery: &Delivery) -> Result<Option<Message>, StoreError> {
    if let Some(payload) = &delivery.payload {
        return Ok(Some(Message { body: Arc::clone(payload), trace: None }));
    }
    let (Some(slot), Some(event_type)) = (delivery.slot, EventType::from_name(&delivery.event_type)) else {
        return Ok(None);
    };
    let found = submitter.views.event_at(slot).await?.filter(|past| past.id.0 == delivery.event);
    Ok(found.map(|past| {
        let body = message::of_event(event_type, &past.event, past.at).into();
        Message { body, trace: past.trace }
    }))
}

fn end_span(span: spans::Context, delivery: &Delivery, sent: &Sent) {
    let Sent { answered, .. } = sent;
    let mut span = span.end(format!("deliver {}", delivery.event_type), Kind::Client);
    span.has_failed = answered.next != Next::Done;
    if let Some(status) = answered.attempt.response_status {
        span = span.with("http.response.status_code", status);
    }
    spans::finish(span.with("http.request.method", "POST").with("doorbuster.webhook", delivery.key.webhook.0));
}

/// Returns a random number for the jitter of a pause.
fn dice() -> u64 {
    // Without randomness there is no jitter, which is no failure.
    getrandom::u64().unwrap_or(0)
}
