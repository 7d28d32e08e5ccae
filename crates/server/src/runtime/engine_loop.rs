//! The engine's thread: inside, things are done once; here they are repeated.

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use app::engine::{Engine, Job};
use app::log::consumer::Consumer;
use app::state::rows::OffsetKey;
use tokio::sync::{Notify, mpsc};

use crate::runtime::committer::{Committer, Listeners};
use crate::runtime::health::Health;
use crate::runtime::shutdown::Stop;
use crate::system::logging;

/// How often due timers are looked for.
const TIMERS_EVERY: Duration = Duration::from_millis(200);
/// How often the mode of orders is looked at.
const MODES_EVERY: Duration = Duration::from_secs(1);
/// How often groups are asked after that somebody else may have moved.
const PLACES_EVERY: Duration = Duration::from_secs(1);
/// How often a store that took no writes is asked whether it does again.
const PROBE_EVERY: Duration = Duration::from_secs(1);
/// Timers handled at once, and events read of one partition at once.
const TIMERS_MAX: usize = 256;
pub(crate) const EVENTS_MAX: usize = 256;

/// Everything the loop works with.
pub struct Worker {
    pub engine: Engine,
    /// Reads the event log; only under the log executor.
    pub consumer: Option<Consumer>,
    pub queue: mpsc::Receiver<Job>,
    /// How long after the one before a batch begins at the earliest, unless it is full.
    pub batch_every: Duration,
    pub listeners: Listeners,
    /// Told by the event log when there may be something to read.
    pub arrived: Arc<Notify>,
    /// Told when events were written, for whoever brings them elsewhere.
    pub committed: Arc<Notify>,
    pub stop: Stop,
}

impl Worker {
    /// Runs until it is told to stop, or the store is broken.
    pub async fn run(self) -> io::Result<()> {
        let Worker { engine, consumer, queue, batch_every, listeners, arrived, committed, stop } = self;
        let health = Arc::clone(&listeners.health);
        let committer = Committer::start(listeners)?;
        let mut round = Round { engine, consumer, queue, batch_every, began: None, arrived, committed, health, stop };
        round.run(&committer).await;
        round.finish(&committer).await;
        committer.finish();
        Ok(())
    }
}

/// The loop's own part of the worker.
struct Round {
    engine: Engine,
    consumer: Option<Consumer>,
    queue: mpsc::Receiver<Job>,
    batch_every: Duration,
    /// When the last batch began.
    began: Option<Instant>,
    arrived: Arc<Notify>,
    committed: Arc<Notify>,
    health: Arc<Health>,
    stop: Stop,
}

impl Round {
    async fn run(&mut self, committer: &Committer) {
        let (mut timers_seen, mut places_seen) = (Instant::now(), Instant::now());
        let mut modes_seen: Option<Instant> = None;
        let mut probed = Instant::now();
        let (mut is_quiet, mut is_more_due) = (false, false);
        loop {
            let mut jobs = vec![];
            if !self.receive(&mut jobs, is_quiet).await {
                break;
            }
            if std::mem::take(&mut is_more_due) || timers_seen.elapsed() >= TIMERS_EVERY {
                timers_seen = Instant::now();
                self.take_timers(&mut jobs).await;
            }
            if modes_seen.is_none_or(|seen| seen.elapsed() >= MODES_EVERY) {
                modes_seen = Some(Instant::now());
                self.learn_modes().await;
            }
            if places_seen.elapsed() >= PLACES_EVERY && !self.engine.has_deferred() {
                places_seen = Instant::now();
                self.look_after_places(&mut jobs).await;
            }
            if !self.health.takes_writes() && probed.elapsed() >= PROBE_EVERY {
                probed = Instant::now();
                self.probe().await;
            }
            self.take_events(&mut jobs).await;
            is_quiet = jobs.is_empty() && !self.engine.has_deferred();
            if !is_quiet {
                is_more_due = self.write(jobs, committer).await;
            }
            if self.engine.is_broken() || committer.is_broken() {
                self.health.fail("The store failed and cannot be trusted any more; no further work is taken.");
                break;
            }
        }
    }

    /// Has jobs decided and written; they are settled beside the next ones. Says whether more is due at once.
    async fn write(&mut self, jobs: Vec<Job>, committer: &Committer) -> bool {
        let started = Instant::now();
        self.began = Some(started);
        let mut written = self.engine.write_once(jobs).await;
        self.health.note(written.report.commits, written.report.commit_failures);
        let lost: Vec<OffsetKey> = std::mem::take(&mut written.report.lost);
        if let Some(consumer) = &mut self.consumer {
            lost.into_iter().for_each(|key| consumer.lose(key));
        }
        if written.report.events > 0 {
            self.committed.notify_one();
        }
        let is_more_due = written.report.is_more_due;
        let is_more_waiting = !self.queue.is_empty() || self.engine.has_deferred() || self.consumer.is_some();
        committer.take(written, started, is_more_waiting);
        is_more_due
    }

    /// Takes what waits in the queue; waits itself only when there is nothing else to do. `false` when it is time to stop.
    async fn receive(&mut self, jobs: &mut Vec<Job>, is_quiet: bool) -> bool {
        let batch_max = self.engine.settings().batch_max;
        if is_quiet {
            tokio::select! {
                biased;
                received = self.queue.recv_many(jobs, batch_max) => if received == 0 { return false },
                () = self.stop.requested() => return false,
                () = self.arrived.notified() => {}
                () = tokio::time::sleep(TIMERS_EVERY) => {}
            }
        }
        if jobs.len() + self.queue.len() < batch_max {
            let until = self.began.map(|began| began + self.batch_every).filter(|until| *until > Instant::now());
            if let Some(until) = until {
                tokio::time::sleep_until(until.into()).await;
            }
        }
        jobs.reserve(self.queue.len().min(batch_max));
        while jobs.len() < batch_max {
            match self.queue.try_recv() {
                Ok(job) => jobs.push(job),
                Err(_) => break,
            }
        }
        true
    }

    /// Readiness keeps requests away from a store that took no writes, so none of them finds out that it does again.
    async fn probe(&mut self) {
        match self.engine.probe().await {
            Ok(()) => self.health.recover(),
            Err(error) => logging::error("The store takes no writes", &error),
        }
    }

    async fn take_timers(&mut self, jobs: &mut Vec<Job>) {
        match self.engine.due_timers(TIMERS_MAX).await {
            Ok(due) => jobs.extend(due),
            Err(error) => {
                // Whether it can be written to is asked within a second.
                self.health.note(0, 1);
                logging::error("Due timers could not be read", &error);
            }
        }
    }

    /// Another process on the same store may have changed the mode of orders.
    async fn learn_modes(&mut self) {
        if let Err(error) = self.engine.learn_modes().await {
            logging::error("Which mode orders are claimed in could not be read", &error);
        }
    }

    /// Everything that was handed out is decided: the groups are where the store says, or have been moved.
    async fn look_after_places(&mut self, jobs: &mut Vec<Job>) {
        let Some(consumer) = &mut self.consumer else { return };
        match consumer.look_again().await {
            Ok(()) => jobs.extend(consumer.pass_over()),
            Err(error) => logging::error("Where the groups stand could not be read", &error),
        }
    }

    async fn take_events(&mut self, jobs: &mut Vec<Job>) {
        let Some(consumer) = &mut self.consumer else { return };
        match consumer.consume_once(EVENTS_MAX).await {
            Ok(events) => jobs.extend(events),
            Err(error) => logging::error("The event log could not be read", &error),
        }
    }

    /// Settles what is still inside: nothing that was taken is left without an answer.
    async fn finish(&mut self, committer: &Committer) {
        self.queue.close();
        let mut jobs = vec![];
        while self.queue.recv_many(&mut jobs, usize::MAX).await > 0 {}
        while !jobs.is_empty() || self.engine.has_deferred() {
            self.write(std::mem::take(&mut jobs), committer).await;
        }
    }
}
