//! The engine's thread: inside, things are done once; here they are repeated.

use std::sync::Arc;
use std::time::{Duration, Instant};

use app::consume::Consumer;
use app::engine::{Engine, Job, Report};
use tokio::sync::mpsc;

use crate::audience::Audience;
use crate::metrics::EngineMetrics;
use crate::shutdown::Stop;
use crate::waiting::Waiting;

/// How often due timers are looked for.
const TIMERS_EVERY: Duration = Duration::from_millis(200);
/// Timers handled at once, and events read of one partition at once.
const TIMERS_MAX: usize = 256;
const EVENTS_MAX: usize = 256;

/// Everything the loop works with.
pub struct Worker {
    pub engine: Engine,
    /// Reads the event log; only under the log executor.
    pub consumer: Option<Consumer>,
    pub queue: mpsc::Receiver<Job>,
    pub linger: Duration,
    pub waiting: Arc<Waiting>,
    pub audience: Arc<Audience>,
    pub metrics: Arc<EngineMetrics>,
    pub stop: Stop,
}

impl Worker {
    /// Runs until it is told to stop, or the store is broken.
    pub async fn run(mut self) {
        let mut timers_seen = Instant::now();
        let mut is_quiet = false;
        loop {
            let mut jobs = vec![];
            if !self.receive(&mut jobs, is_quiet).await {
                break;
            }
            if timers_seen.elapsed() >= TIMERS_EVERY {
                timers_seen = Instant::now();
                self.take_timers(&mut jobs).await;
            }
            self.take_events(&mut jobs).await;
            is_quiet = jobs.is_empty() && !self.engine.has_deferred();
            if is_quiet {
                continue;
            }
            let started = Instant::now();
            let report = self.engine.batch_once(jobs).await;
            self.tell(&report, started.elapsed());
            if self.engine.is_broken() {
                tracing::error!("The store failed and cannot be trusted any more; no further work is taken.");
                break;
            }
        }
        self.finish().await;
    }

    /// Takes what waits in the queue; waits itself only when there is nothing else to do. `false` when it is time to stop.
    async fn receive(&mut self, jobs: &mut Vec<Job>, is_quiet: bool) -> bool {
        let batch_max = self.engine.settings().batch_max;
        if is_quiet {
            tokio::select! {
                biased;
                received = self.queue.recv_many(jobs, batch_max) => if received == 0 { return false },
                () = self.stop.requested() => return false,
                () = tokio::time::sleep(TIMERS_EVERY) => {}
            }
            if !self.linger.is_zero() && (1..batch_max).contains(&jobs.len()) {
                tokio::time::sleep(self.linger).await;
            }
        }
        while jobs.len() < batch_max {
            match self.queue.try_recv() {
                Ok(job) => jobs.push(job),
                Err(_) => break,
            }
        }
        true
    }

    async fn take_timers(&mut self, jobs: &mut Vec<Job>) {
        match self.engine.due_timers(TIMERS_MAX).await {
            Ok(due) => jobs.extend(due),
            Err(error) => tracing::error!("Due timers could not be read: {error}"),
        }
    }

    async fn take_events(&mut self, jobs: &mut Vec<Job>) {
        let Some(consumer) = &mut self.consumer else { return };
        match consumer.consume_once(EVENTS_MAX).await {
            Ok(events) => jobs.extend(events),
            Err(error) => tracing::error!("The event log could not be read: {error}"),
        }
    }

    fn tell(&mut self, report: &Report, took: Duration) {
        for error in &report.errors {
            tracing::error!("The engine met an error: {error}");
        }
        for key in &report.lost {
            if let Some(consumer) = &mut self.consumer {
                consumer.lose(*key);
            }
        }
        self.metrics.observe_batch(report, took);
        self.waiting.wake(report);
        self.audience.wake(&report.noticed);
    }

    /// Settles what is still inside: nothing that was taken is left without an answer.
    async fn finish(mut self) {
        self.queue.close();
        let mut jobs = vec![];
        while self.queue.recv_many(&mut jobs, usize::MAX).await > 0 {}
        while !jobs.is_empty() || self.engine.has_deferred() {
            let report = self.engine.batch_once(std::mem::take(&mut jobs)).await;
            self.tell(&report, Duration::ZERO);
        }
    }
}
