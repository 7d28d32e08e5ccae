//! Metrics of the engine: decisions, commits and their duration.

use std::sync::Arc;
use std::time::Duration;

use app::engine::Report;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::histogram::Histogram;

use super::Metrics;
use super::orders::{EventLatency, OrderMetrics};
use super::refusals::Refusals;

/// From a commit without a sync to a commit on a busy disk.
const SECONDS_BUCKETS: [f64; 12] =
    [0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 2.0];
/// Fine enough to show the longest sync of a single run.
const SYNC_BUCKETS: [f64; 20] = [
    0.000_1, 0.000_25, 0.000_5, 0.001, 0.002, 0.003, 0.004, 0.005, 0.007, 0.01, 0.015, 0.02, 0.03, 0.05, 0.075, 0.1,
    0.2, 0.5, 1.0, 5.0,
];
/// From a single command to a full batch.
const SIZE_BUCKETS: [f64; 10] = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0];

pub struct EngineMetrics {
    commits: Counter,
    commit_failures: Counter,
    commands: Counter,
    events: Counter,
    rows: Counter,
    statements: Counter,
    dead_letters: Counter,
    permanent: Counter,
    stuck: Counter,
    healed: Counter,
    skipped: Counter,
    broken: Counter,
    batch_seconds: Histogram,
    batch_commands: Histogram,
    sync_seconds: Histogram,
    orders: OrderMetrics,
}

impl EngineMetrics {
    /// Adds the engine's metrics to the process's.
    pub fn register(metrics: &Metrics, latency: EventLatency, refusals: Arc<Refusals>) -> EngineMetrics {
        let engine = EngineMetrics {
            commits: Counter::default(),
            commit_failures: Counter::default(),
            commands: Counter::default(),
            events: Counter::default(),
            rows: Counter::default(),
            statements: Counter::default(),
            dead_letters: Counter::default(),
            permanent: Counter::default(),
            stuck: Counter::default(),
            healed: Counter::default(),
            skipped: Counter::default(),
            broken: Counter::default(),
            batch_seconds: Histogram::new(SECONDS_BUCKETS),
            batch_commands: Histogram::new(SIZE_BUCKETS),
            sync_seconds: Histogram::new(SYNC_BUCKETS),
            orders: OrderMetrics::register(metrics, latency, refusals),
        };
        metrics.register(|registry| {
            registry.register("commits", "Commits of the engine", engine.commits.clone());
            let failures = "Commit attempts that failed because of the store";
            registry.register("commit_failures", failures, engine.commit_failures.clone());
            registry.register("commands", "Commands decided", engine.commands.clone());
            registry.register("events", "Events written", engine.events.clone());
            registry.register("rows_written", "Rows written", engine.rows.clone());
            registry.register("statements", "SQL statements run by the engine's store", engine.statements.clone());
            registry.register(
                "dead_letters",
                "Events that a consumer group dead-lettered",
                engine.dead_letters.clone(),
            );
            let permanent = "Dead letters that only an operator can resolve";
            registry.register("dead_letters_permanent", permanent, engine.permanent.clone());
            let stuck = "Compensations that became stuck and wait for an operator";
            registry.register("compensations_stuck", stuck, engine.stuck.clone());
            let healed = "Order events lost by the broker and handled from the store";
            registry.register("order_gaps_healed", healed, engine.healed.clone());
            let skipped = "Events skipped because they were delivered again or too late";
            registry.register("events_skipped", skipped, engine.skipped.clone());
            let broken = "Commands and events refused because they would have broken an invariant";
            registry.register("invariants_broken", broken, engine.broken.clone());
            let seconds = "Time from taking a batch to its commit";
            registry.register("batch_duration_seconds", seconds, engine.batch_seconds.clone());
            let syncs = "Time to sync a commit to the disk";
            registry.register("sync_duration_seconds", syncs, engine.sync_seconds.clone());
            registry.register("batch_commands", "Commands per batch", engine.batch_commands.clone());
        });
        engine
    }

    pub(crate) fn observe_batch(&self, report: &Report, took: Duration) {
        let counted = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
        self.commits.inc_by(counted(report.commits));
        self.commit_failures.inc_by(counted(report.commit_failures));
        self.commands.inc_by(counted(report.answered));
        self.events.inc_by(counted(report.events));
        self.rows.inc_by(counted(report.rows));
        self.statements.inc_by(report.statements);
        report.syncs.iter().for_each(|took| self.sync_seconds.observe(took.as_secs_f64()));
        self.dead_letters.inc_by(counted(report.dead_lettered.len()));
        self.permanent.inc_by(counted(report.permanent.len()));
        self.stuck.inc_by(counted(report.stuck.len()));
        self.healed.inc_by(counted(report.healed.len()));
        self.skipped.inc_by(counted(report.skipped.iter().map(|(_, events)| events).sum()));
        self.broken.inc_by(counted(report.broken.len() + report.unreadable.len() + report.undecidable));
        self.orders.observe(&report.progress);
        self.batch_seconds.observe(took.as_secs_f64());
        self.batch_commands.observe(f64::from(u32::try_from(report.answered).unwrap_or(u32::MAX)));
    }
}
