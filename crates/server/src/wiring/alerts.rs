//! The monitor of alerts.

use std::path::Path;
use std::sync::Arc;
use std::thread::JoinHandle;

use app::resilience::breaker::SharedBreaker;

use super::OpenedForEndpoints;
use crate::config::Config;
use crate::metrics::{AuditMetrics, LogMetrics, Peaks, Published};
use crate::runtime::monitors::alerts::open::OpenAlerts;
use crate::runtime::monitors::alerts::{AlertMonitor, RedisWorks, Sources, this_host, this_machine};
use crate::runtime::shutdown::Stop;
use crate::runtime::submitter::Submitter;

/// What this process observes.
pub(super) struct Observed {
    pub(super) peaks: Arc<Peaks>,
    pub(super) payment: Option<SharedBreaker>,
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
    pub(super) opened: &'a OpenedForEndpoints,
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
    let Observed { peaks, payment, redis, published, audited, log, reporter } = observed;
    let Around { submitter, opened, open } = around;
    let sources = Sources {
        limits: config.alerts.clone(),
        metrics: Arc::clone(&opened.metrics),
        peaks,
        services: Arc::clone(&opened.services),
        payment,
        mismatches: opened.payments.mismatches.clone(),
        redis,
        published,
        audited,
        log,
        has_relay: opened.log.carrier.has_relay(),
        disable_after: config.webhooks.policy().disable_after,
        probe: this_machine(data_dir.to_owned()),
        host: this_host(),
        memory: Default::default(),
    };
    let clear_after = config.alerts.clear_after();
    let monitor = AlertMonitor { submitter: submitter.clone(), sources, open, reporter, clear_after };
    monitor.start(stop)
}
