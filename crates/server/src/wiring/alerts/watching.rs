//! The monitors of the log and of the last hour.

use std::sync::Arc;
use std::thread::JoinHandle;

use crate::api::Log;
use crate::metrics::{LogMetrics, Metrics, QueueMetrics};
use crate::runtime::monitors::lag::LagMonitor;
use crate::runtime::shutdown::Stop;
use crate::runtime::submitter::Submitter;
use crate::wiring::error::Error;

/// Keeps the course of the last hour.
pub(in crate::wiring) fn watch_course(
    submitter: &Submitter,
    metrics: &Metrics,
    stop: Stop,
) -> std::io::Result<JoinHandle<()>> {
    let (clock, queue) = (Arc::clone(&submitter.clock), submitter.queue.clone());
    let depth = queue.clone();
    let waiting = move || queue.max_capacity() - queue.capacity();
    let depth = Box::new(move || depth.max_capacity() - depth.capacity());
    let load = Arc::clone(&submitter.load);
    let queued = QueueMetrics { depth, load, clock: Arc::clone(&clock) };
    metrics.register(|registry| registry.register_collector(Box::new(queued)));
    Arc::clone(metrics.recent()).start(move || clock.now(), waiting, stop)
}

/// Starts the lag monitor; only with the worker role, because every process would measure the same.
pub(in crate::wiring) fn watch_log(
    metrics: Option<LogMetrics>,
    submitter: &Submitter,
    log: &Log,
    counts_members: bool,
    stop: Stop,
) -> Result<Option<JoinHandle<()>>, Error> {
    let Some(metrics) = metrics else { return Ok(None) };
    let (views, clock) = (Arc::clone(&submitter.views), Arc::clone(&submitter.clock));
    let health = Arc::clone(&submitter.health);
    let watch = LagMonitor { views, log: log.clone(), clock, metrics, health, counts_members };
    Ok(Some(watch.start(stop)?))
}
