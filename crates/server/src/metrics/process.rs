//! The standard metrics of a process, as every Prometheus client reports them, and the build.

use std::fmt;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;

use super::recent::{Recent, SECONDS_KEPT};

/// The metrics `process_*`. Where the system does not report a value, which is everywhere but on Linux, it is left out.
#[derive(Debug)]
struct Process {
    started: f64,
}

/// Returns the registry of the process's metrics, whose names have no prefix.
pub(super) fn registry() -> Registry {
    let started = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64());
    let mut registry = Registry::default();
    registry.register_collector(Box::new(Process { started }));
    registry
}

/// Adds `build_info`.
pub(super) fn register_build(registry: &mut Registry) {
    let labels = vec![("version", env!("CARGO_PKG_VERSION"))];
    registry.register("build", "The build of this process", Info::new(labels));
}

impl Collector for Process {
    fn encode(&self, mut encoder: DescriptorEncoder) -> Result<(), fmt::Error> {
        if let Some(seconds) = cpu_seconds() {
            let help = "CPU time that this process has used";
            let counter = encoder.encode_descriptor("process_cpu_seconds", help, None, MetricType::Counter)?;
            ConstCounter::new(seconds).encode(counter)?;
        }
        let status = Status::read();
        let gauges = [
            ("process_resident_memory_bytes", "Memory held by this process", status.resident_bytes),
            ("process_virtual_memory_bytes", "Address space of this process", status.virtual_bytes),
            ("process_threads", "Threads of this process", status.threads),
            ("process_open_fds", "Open file descriptors", open_files()),
            ("process_max_fds", "Limit of open file descriptors", files_max()),
        ];
        for (name, help, value) in gauges {
            if let Some(value) = value {
                ConstGauge::new(value).encode(encoder.encode_descriptor(name, help, None, MetricType::Gauge)?)?;
            }
        }
        let help = "When this process started, in seconds since 1970";
        let gauge = encoder.encode_descriptor("process_start_time_seconds", help, None, MetricType::Gauge)?;
        ConstGauge::new(self.started).encode(gauge)
    }
}

/// Lines of `/proc/self/status`.
#[derive(Debug, Default)]
struct Status {
    resident_bytes: Option<i64>,
    virtual_bytes: Option<i64>,
    threads: Option<i64>,
}

impl Status {
    fn read() -> Status {
        let Ok(text) = std::fs::read_to_string("/proc/self/status") else { return Status::default() };
        let of = |name: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(name))?;
            line.trim().trim_end_matches("kB").trim().parse::<i64>().ok()
        };
        let bytes = |name| of(name).map(|kib| kib * 1024);
        Status { resident_bytes: bytes("VmRSS:"), virtual_bytes: bytes("VmSize:"), threads: of("Threads:") }
    }
}

#[cfg(unix)]
fn cpu_seconds() -> Option<f64> {
    let used = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    std::time::Duration::try_from(used).ok().map(|used| used.as_secs_f64())
}

#[cfg(not(unix))]
fn cpu_seconds() -> Option<f64> {
    None
}

fn open_files() -> Option<i64> {
    let files = std::fs::read_dir("/proc/self/fd").ok()?.count();
    // The folder itself is open while it is read.
    i64::try_from(files).ok().map(|files| files - 1)
}

#[cfg(unix)]
fn files_max() -> Option<i64> {
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile).current?;
    i64::try_from(limit).ok()
}

#[cfg(not(unix))]
fn files_max() -> Option<i64> {
    None
}

/// The share of answers of the last hour that were no failure of the shop.
#[derive(Debug)]
pub(super) struct Availability(pub(super) Arc<Recent>);

impl Collector for Availability {
    fn encode(&self, mut encoder: DescriptorEncoder) -> Result<(), fmt::Error> {
        let help = "Share of the answers of the last hour that are no 5xx; 1 without answers";
        let ratio = 1.0 - self.0.failed_share(SECONDS_KEPT, 1).unwrap_or(0.0);
        ConstGauge::new(ratio).encode(encoder.encode_descriptor("availability_ratio", help, None, MetricType::Gauge)?)
    }
}
