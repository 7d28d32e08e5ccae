//! The notification loop, on its own thread: takes due notifications of every channel, sends them, and submits the
//! results.
//!
//! A notification is taken in a commit before it is sent, so that two processes never send it at once; one whose
//! process dies is due again when its lease ends.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use app::commands::answer::Answer;
use app::commands::{Command, NotificationCommand};
use app::notifications::runner::{AttemptResult, NotificationRunner};
use app::resilience::breaker::{Outcome, SharedBreaker, State};
use domain::notification::{Channel, Notification, NotificationKey, Taken};
use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt as _, StreamExt as _};
use tokio::sync::Notify;

use crate::metrics::NotificationMetrics;
use crate::runtime::health::AtWork;
use crate::runtime::shutdown::{self, Stop, Stopper};
use crate::runtime::submitter::Submitter;
use crate::system::logging;

/// Interval for notifications that became due by the time, or by other processes.
const POLL_EVERY: Duration = Duration::from_millis(250);
/// Minimum time between two rounds, so that many notifications are taken together.
const ROUND_EVERY: Duration = Duration::from_millis(10);
/// Added to the time-out of an attempt; then the attempt counts as lost.
const LEASE_GRACE: Duration = Duration::from_secs(15);
/// Pause after a failure of the store.
const PAUSE: Duration = Duration::from_millis(500);
/// How long a stop waits for open calls. A notification whose result is not recorded is sent again.
const STOP_PATIENCE: Duration = Duration::from_secs(5);

/// The parts that the loop works with.
pub struct Parts {
    pub submitter: Submitter,
    pub metrics: NotificationMetrics,
    /// Calls in progress at once, of each channel: a channel that does not answer delays no other.
    pub concurrency: usize,
    /// In the order of [`Channel::ALL`]. While one is open, what is due on its channel waits, and uses up no attempt.
    pub breakers: [SharedBreaker; Channel::ALL.len()],
    /// Time-out of an attempt.
    pub timeout: Duration,
    /// Notified when a commit made a notification due.
    pub due: Arc<Notify>,
}

/// The notification loop's thread.
pub struct NotificationThread {
    stopper: Stopper,
    ended: Receiver<()>,
}

impl NotificationThread {
    /// Starts the loop.
    pub fn start(runner: NotificationRunner, parts: Parts) -> io::Result<NotificationThread> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (stopper, stop) = shutdown::channel();
        let (end, ended) = channel();
        let at_work = AtWork::new(&parts.submitter.health, "The notification loop's thread has panicked.");
        let work = move || {
            let _at_work = at_work;
            runtime.block_on(run(&runner, parts, stop));
            // The receiver is gone if the stop was too long for it.
            let _ = end.send(());
        };
        std::thread::Builder::new().name("notifications".to_owned()).spawn(work)?;
        Ok(NotificationThread { stopper, ended })
    }

    /// Stops the loop. Must be called before the engine stops, so that the engine takes the last results.
    pub fn stop(self) {
        self.stopper.stop();
        if self.ended.recv_timeout(STOP_PATIENCE).is_err() {
            tracing::warn!("Gateways of notifications have not answered; what they were sent is sent again.");
        }
    }
}

type Call<'a> = Pin<Box<dyn Future<Output = Channel> + 'a>>;

async fn run(runner: &NotificationRunner, parts: Parts, mut stop: Stop) {
    let tasks = Tasks { runner, parts: &parts };
    let mut calls: FuturesUnordered<Call<'_>> = FuturesUnordered::new();
    let mut open = Open::default();
    while !stop.is_requested() {
        let taken = tasks.take_due(&open).await;
        for (notification, taken) in taken {
            let channel = notification.key.channel;
            open.count(channel, 1);
            calls.push(Box::pin(tasks.run(notification, taken).map(move |()| channel)));
        }
        tokio::select! {
            Some(channel) = calls.next(), if !calls.is_empty() => {
                open.count(channel, -1);
                // Collects the calls that ended at the same time, so that due rows are read once for all of them.
                tokio::time::sleep(ROUND_EVERY).await;
                while let Some(Some(channel)) = calls.next().now_or_never() {
                    open.count(channel, -1);
                }
            }
            () = parts.due.notified() => tokio::time::sleep(ROUND_EVERY).await,
            () = tokio::time::sleep(POLL_EVERY) => {}
            () = stop.requested() => {}
        }
    }
    // Waits for open calls; `stop` limits how long.
    while calls.next().await.is_some() {}
}

/// Calls in progress, by channel.
#[derive(Default)]
struct Open([i64; Channel::ALL.len()]);

impl Open {
    const fn count(&mut self, channel: Channel, change: i64) {
        self.0[channel as usize] += change;
    }

    fn room(&self, channel: Channel, most: usize) -> usize {
        most.saturating_sub(usize::try_from(self.0[channel as usize]).unwrap_or_default())
    }
}

#[derive(Clone, Copy)]
struct Tasks<'a> {
    runner: &'a NotificationRunner,
    parts: &'a Parts,
}

impl Tasks<'_> {
    /// Takes due notifications, of every channel as many as it has room for.
    async fn take_due(self, open: &Open) -> Vec<(Notification, Taken)> {
        let submitter = &self.parts.submitter;
        let now = submitter.clock.now();
        let mut due: Vec<Notification> = vec![];
        for channel in Channel::ALL {
            let room = match self.breaker(channel).state(now) {
                State::Closed => open.room(channel, self.parts.concurrency),
                // One trial call, and no other call during it.
                State::HalfOpen => open.room(channel, 1),
                State::Open => 0,
            };
            if room == 0 {
                continue;
            }
            match submitter.views.due_notifications(channel, now, room).await {
                Ok(found) => due.extend(found),
                Err(error) => {
                    logging::error("Due notifications could not be read", &error);
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
        if due.is_empty() { vec![] } else { self.take(due).await }
    }

    fn breaker(&self, channel: Channel) -> &SharedBreaker {
        &self.parts.breakers[channel as usize]
    }

    async fn take(self, due: Vec<Notification>) -> Vec<(Notification, Taken)> {
        let keys: Vec<NotificationKey> = due.iter().map(|notification| notification.key).collect();
        let until = self.parts.submitter.clock.now() + self.parts.timeout + LEASE_GRACE;
        let command = Command::Notification(NotificationCommand::Take { keys, until });
        let taken = match self.parts.submitter.submit(command, None).await.result {
            Ok(Answer::NotificationsTaken { taken }) => taken,
            Ok(_) => vec![],
            Err(refusal) => {
                logging::error("Due notifications could not be taken", &format!("{refusal:?}"));
                tokio::time::sleep(PAUSE).await;
                vec![]
            }
        };
        let of = |notification: &Notification| taken.iter().find(|taken| taken.key == notification.key).copied();
        due.into_iter().filter_map(|notification| of(&notification).map(|taken| (notification, taken))).collect()
    }

    /// Sends a notification and has its result recorded.
    async fn run(self, notification: Notification, taken: Taken) {
        let (channel, clock) = (notification.key.channel, &self.parts.submitter.clock);
        // If it has opened since the room was counted, the notification is due again when its lease ends.
        let Ok(permit) = self.breaker(channel).permit(clock.now()) else { return };
        let attempted = match self.runner.send_once(&notification, taken).await {
            Ok(attempted) => attempted,
            Err(error) => {
                // It is due again when its lease ends.
                logging::error("The event of a notification could not be read", &error);
                return;
            }
        };
        let outcome = match attempted.result {
            AttemptResult::Sent => Some(Outcome::Answered),
            AttemptResult::Failed | AttemptResult::Dead => Some(Outcome::Failed),
            // Nothing was sent; a trial that is not reported is repeated soon.
            AttemptResult::Unwanted => None,
        };
        if let Some(outcome) = outcome {
            self.breaker(channel).report(permit, outcome, clock.now());
        }
        self.parts.metrics.observe(channel, attempted.result);
        if let (AttemptResult::Failed, NotificationCommand::NotSent(failed)) = (attempted.result, &attempted.command) {
            let (channel, error) = (notification.key.channel.name(), &failed.error);
            tracing::warn!(channel, "A notification was not sent, and is tried again: {error}");
        }
        let command = Command::Notification(attempted.command);
        if let Err(refusal) = self.parts.submitter.submit(command, None).await.result {
            // It is sent again when its lease ends; the gateway knows its key.
            logging::error("The result of a notification could not be recorded", &format!("{refusal:?}"));
            tokio::time::sleep(PAUSE).await;
        }
    }
}
