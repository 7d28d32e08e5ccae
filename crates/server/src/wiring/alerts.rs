//! The monitor of alerts, and the audit in the background.

use std::path::Path;
use std::sync::Arc;
use std::thread::JoinHandle;

use adapters::mysql::Turn;
use app::resilience::services::Services;

use super::error::Error;
use crate::api::Snapshots;
use crate::config::{Config, Executor};
use crate::metrics::{AuditMetrics, LogMetrics, Metrics, Mismatches, OutwardBreakers, Peaks, Published};
use crate::runtime::monitors::alerts::open::OpenAlerts;
use crate::runtime::monitors::alerts::{AlertMonitor, RedisWorks, Sources, this_host, this_machine};
use crate::runtime::monitors::audit::AuditMonitor;
use crate::runtime::shutdown::Stop;
use crate::runtime::submitter::Submitter;

pub(super) mod components;
mod watching;

pub(super) use watching::{watch_course, watch_log};

/// The parts of this process that the alert monitor observes.
pub(super) struct Observed {
    pub(super) peaks: Arc<Peaks>,
    pub(super) outward: OutwardBreakers,
    pub(super) redis: Option<RedisWorks>,
    pub(super) published: Published,
    pub(super) audited: AuditMetrics,
    /// Present in workers, which measure the store for all processes.
    pub(super) log: Option<LogMetrics>,
    pub(super) reporter: i64,
}

/// The parts around the monitor.
pub(super) struct Around<'a> {
    pub(super) submitter: &'a Submitter,
    pub(super) metrics: Arc<Metrics>,
    pub(super) services: Arc<Services>,
    pub(super) mismatches: Mismatches,
    pub(super) has_relay: bool,
    pub(super) open: OpenAlerts,
}

/// Starts the monitor, in every process: each has breakers, requests and a machine of its own.
pub(super) fn watch(
    config: &Config,
    data_dir: &Path,
    observed: Observed,
    around: Around<'_>,
    stop: Stop,
) -> std::io::Result<JoinHandle<()>> {
    let Observed { peaks, outward, redis, published, audited, log, reporter } = observed;
    let Around { submitter, metrics, services, mismatches, has_relay, open } = around;
    let sources = Sources {
        limits: config.alerts.clone(),
        metrics,
        peaks,
        services,
        outward,
        mismatches,
        redis,
        published,
        audited,
        log,
        has_relay,
        disable_after: config.webhooks.policy().disable_after,
        probe: this_machine(data_dir.to_owned()),
        host: this_host(),
        memory: Default::default(),
    };
    let clear_after = config.alerts.clear_after();
    let monitor = AlertMonitor { submitter: submitter.clone(), sources, open, reporter, clear_after };
    monitor.start(stop)
}

/// Returns true if the members of consumer groups are to be counted. Only the log executor joins groups on the brokers.
pub(super) fn counts_members(config: &Config) -> bool {
    let is_over_brokers = config.kafka.brokers().is_some() && config.engine.executor == Executor::Log;
    is_over_brokers && config.alerts.group_members > 0
}

/// Starts the background audit, in workers only.
pub(super) fn audit(
    config: &Config,
    submitter: &Submitter,
    audited: AuditMetrics,
    snapshots: Snapshots,
    stop: Stop,
) -> Result<Option<JoinHandle<()>>, Error> {
    let Some(every) = config.audit.every().filter(|_| config.server.roles.worker) else { return Ok(None) };
    let mut turn = match config.store.database() {
        Some(database) => Some(Turn::new(database.address(), "audit")?),
        // An embedded store has one process.
        None => None,
    };
    let take = move || {
        let is_ours = match &mut turn {
            Some(turn) => turn.take()?,
            None => true,
        };
        is_ours.then(|| snapshots()).transpose()
    };
    let monitor = AuditMonitor {
        submitter: submitter.clone(),
        turn: Box::new(take),
        audited,
        every,
        cpu_percent: config.audit.cpu_percent,
        repairs: config.audit.repair,
    };
    Ok(Some(monitor.start(stop)?))
}
