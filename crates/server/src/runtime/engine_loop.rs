//! The engine's thread: repeats the engine's single-step verbs until it is stopped.

pub(crate) mod pace;

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use app::engine::{Engine, Job, admission_share};
use app::log::consumer::Consumer;
use app::ports::StoreError;
use app::state::rows::OffsetKey;
use domain::time::Timestamp;
use tokio::sync::{Notify, mpsc};

use crate::metrics::QueueLoad;
use crate::runtime::committer::{Committer, Listeners, Written};
use crate::runtime::engine_loop::pace::paced;
use crate::runtime::health::Health;
use crate::runtime::shutdown::Stop;
use crate::system::logging;
use crate::system::spans::batches::Batch;

/// How often due timers are read.
const TIMERS_EVERY: Duration = Duration::from_millis(200);
/// How often the mode of orders is read.
const MODES_EVERY: Duration = Duration::from_secs(1);
/// How often the stored offsets of the groups are read, because an operator or another process may have moved them.
const OFFSETS_EVERY: Duration = Duration::from_secs(1);
/// How often a store that refused writes is probed.
const PROBE_EVERY: Duration = Duration::from_secs(1);
/// Timers handled at once, and events read from one partition at once.
const TIMERS_MAX: usize = 256;
pub(crate) const EVENTS_MAX: usize = 256;

/// A batch of so many jobs is followed by the whole pause; a smaller one by its share.
const PACED_JOBS: usize = 32;

/// The parts that the loop works with.
pub struct Worker {
    pub engine: Engine,
    /// Reads the event log; present only under the log executor.
    pub consumer: Option<Consumer>,
    pub queue: mpsc::Receiver<Job>,
    /// The longest time that a command waits, and the load of the queue.
    pub command_deadline: Duration,
    pub load: Arc<QueueLoad>,
    /// Minimum time between the start of two batches after a batch of many commands, unless the second one is full.
    pub batch_every: Duration,
    pub listeners: Listeners,
    /// Notified by the event log when there may be events to read.
    pub arrived: Arc<Notify>,
    /// Notified when events were written: the relay and the trailing groups.
    pub committed: Vec<Arc<Notify>>,
    pub stop: Stop,
}

impl Worker {
    /// Runs until it is stopped or the store has failed.
    pub async fn run(self) -> io::Result<()> {
        let Worker {
            engine,
            consumer,
            queue,
            command_deadline,
            load,
            batch_every,
            listeners,
            arrived,
            committed,
            stop,
        } = self;
        let health = Arc::clone(&listeners.health);
        let committer = Committer::start(listeners)?;
        let last_jobs = 0;
        let mut round = Round {
            engine,
            consumer,
            queue,
            command_deadline,
            load,
            batch_every,
            began: None,
            last_jobs,
            arrived,
            committed,
            health,
            stop,
        };
        round.run(&committer).await;
        round.finish(&committer).await;
        committer.finish();
        Ok(())
    }
}

/// The state of the loop.
struct Round {
    engine: Engine,
    consumer: Option<Consumer>,
    queue: mpsc::Receiver<Job>,
    command_deadline: Duration,
    load: Arc<QueueLoad>,
    batch_every: Duration,
    /// When the last batch began.
    began: Option<Instant>,
    /// The number of its jobs.
    last_jobs: usize,
    arrived: Arc<Notify>,
    committed: Vec<Arc<Notify>>,
    health: Arc<Health>,
    stop: Stop,
}

impl Round {
    async fn run(&mut self, committer: &Committer) {
        let (mut timers_seen, mut offsets_seen) = (Instant::now(), Instant::now());
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
            if offsets_seen.elapsed() >= OFFSETS_EVERY && !self.engine.has_deferred() {
                offsets_seen = Instant::now();
                self.sync_offsets(&mut jobs).await;
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

    /// Decides and writes a batch, which the committer completes while the next one is decided. Returns true if more
    /// work is due at once.
    async fn write(&mut self, jobs: Vec<Job>, committer: &Committer) -> bool {
        let started = Instant::now();
        (self.began, self.last_jobs) = (Some(started), jobs.len());
        self.load.took(jobs.iter().filter(|job| job.command.is_sale()).count());
        let spans = Batch::begin(&jobs);
        let mut written = self.engine.write_once(jobs).await;
        self.health.note(written.report.commits, written.report.commit_failures);
        let lost: Vec<OffsetKey> = std::mem::take(&mut written.report.lost);
        if let Some(consumer) = &mut self.consumer {
            lost.into_iter().for_each(|key| consumer.forget_offset(key));
        }
        if written.report.events > 0 {
            self.committed.iter().for_each(|waiting| waiting.notify_one());
        }
        let is_more_due = written.report.is_more_due;
        let is_more_waiting = !self.queue.is_empty() || self.engine.has_deferred() || self.consumer.is_some();
        committer.take(Written { commit: written, started, spans }, is_more_waiting);
        is_more_due
    }

    /// Takes the queued commands; waits only when there is nothing else to do. Returns `false` when it is time to stop.
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
            let pause = paced(self.batch_every, self.last_jobs, PACED_JOBS);
            let until = self.began.map(|began| began + pause).filter(|until| *until > Instant::now());
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
        // Those that still wait are younger.
        if let Some(deadline) = jobs.last().and_then(|job| job.deadline) {
            let waited = i64::try_from(self.command_deadline.as_micros()).unwrap_or(0);
            self.load.set_oldest(Timestamp::from_micros(deadline.micros() - waited));
        }
        true
    }

    /// Probes a store that refused writes: an unready shop gets no requests, so no request would notice the recovery.
    async fn probe(&mut self) {
        match self.engine.probe().await {
            Ok(()) => self.health.recover(),
            Err(error) => logging::error("The store takes no writes", &error),
        }
    }

    async fn take_timers(&mut self, jobs: &mut Vec<Job>) {
        self.engine.admit_share(admission_share(self.queue.len(), self.queue.max_capacity()));
        match self.engine.due_timers(TIMERS_MAX).await {
            Ok(due) => jobs.extend(due),
            Err(error) => {
                // The store is probed within a second; a store with an unreadable row works.
                self.health.note(0, usize::from(matches!(error, StoreError::Failed(_))));
                logging::error("Due timers could not be read", &error);
            }
        }
    }

    /// Reads the mode of orders, which another process on the same store may have changed.
    async fn learn_modes(&mut self) {
        if let Err(error) = self.engine.learn_modes().await {
            logging::error("Which mode orders are claimed in could not be read", &error);
        }
    }

    /// Compares the groups' offsets with the store. Called only when every event that was read has been decided.
    async fn sync_offsets(&mut self, jobs: &mut Vec<Job>) {
        let Some(consumer) = &mut self.consumer else { return };
        match consumer.refresh_offsets().await {
            Ok(()) => jobs.extend(consumer.skip_unhandled()),
            Err(error) => logging::error("The groups' offsets could not be read", &error),
        }
    }

    async fn take_events(&mut self, jobs: &mut Vec<Job>) {
        let Some(consumer) = &mut self.consumer else { return };
        match consumer.consume_once(EVENTS_MAX).await {
            Ok(events) => jobs.extend(events),
            Err(error) => logging::error("The event log could not be read", &error),
        }
    }

    /// Decides what is left in the queue, so that every accepted command is answered.
    async fn finish(&mut self, committer: &Committer) {
        self.queue.close();
        let mut jobs = vec![];
        while self.queue.recv_many(&mut jobs, usize::MAX).await > 0 {}
        while !jobs.is_empty() || self.engine.has_deferred() {
            self.write(std::mem::take(&mut jobs), committer).await;
        }
    }
}
