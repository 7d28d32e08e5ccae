//! Prometheus metrics: the registry, and the metrics of HTTP and of the process.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::http::header::{CONTENT_TYPE, VARY};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::IntoResponse;
use parking_lot::RwLock;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::{Registry, Unit};

mod breakers;
mod engine;
mod form;
mod log;
mod payments;
pub(crate) mod recent;
mod redis;
mod refusals;
mod requests;
mod webhooks;

pub use breakers::BreakerMetrics;
pub use engine::EngineMetrics;
pub(crate) use form::{OPEN_METRICS, PLAIN_TEXT};
pub use log::{Counted, LogCondition, LogMetrics, Published, Waiting};
pub use payments::{Mismatches, PaymentMetrics};
pub use recent::Recent;
pub use redis::{Condition, RedisMetrics};
pub use refusals::{Refusals, Refused};
use requests::Requests;
pub use webhooks::WebhookMetrics;

/// The route label of requests that matched no route: clients choose their paths, so these must not become labels.
const NO_ROUTE: &str = "none";

#[derive(Debug)]
pub struct Metrics {
    registry: RwLock<Registry>,
    requests: Arc<Requests>,
    recent: Arc<Recent>,
}

impl Default for Metrics {
    fn default() -> Metrics {
        Metrics::new()
    }
}

impl Metrics {
    pub fn new() -> Metrics {
        let requests = Arc::new(Requests::default());
        let mut registry = Registry::with_prefix("doorbuster");
        registry.register_collector(Box::new(requests.clone()));
        registry.register_collector(Box::new(Process { started: Instant::now() }));
        let recent = Arc::new(Recent::new(requests.clone()));
        Metrics { registry: RwLock::new(registry), requests, recent }
    }

    /// Returns the course of the last hour.
    pub fn recent(&self) -> &Arc<Recent> {
        &self.recent
    }

    /// Registers metrics of another part; every name gets the prefix `doorbuster_`.
    pub fn register<T>(&self, add: impl FnOnce(&mut Registry) -> T) -> T {
        add(&mut self.registry.write())
    }

    /// Counts an answered request under its route pattern, never under its raw path.
    pub fn observe_request(&self, route: Option<&str>, method: &Method, status: StatusCode, took: Duration) {
        self.requests.observe(route.unwrap_or(NO_ROUTE), method_label(method), status, took);
    }

    /// Renders all metrics in the requested exposition format.
    pub fn exposition(&self, asked: &HeaderMap) -> impl IntoResponse + use<> {
        let mut text = String::with_capacity(16 * 1024);
        prometheus_client::encoding::text::encode(&mut text, &self.registry.read())
            .expect("writing into a string cannot fail");
        let form = form::preferred(asked);
        let text = if form == PLAIN_TEXT { form::plain(&text) } else { text };
        ([(CONTENT_TYPE, form), (VARY, "accept")], text)
    }
}

/// Returns the label of a method; unknown methods share "other", because clients may invent methods and every label
/// value takes memory permanently.
fn method_label(method: &Method) -> &'static str {
    const KNOWN: [&str; 7] = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"];
    KNOWN.into_iter().find(|known| method == known).unwrap_or("other")
}

#[derive(Debug)]
struct Process {
    started: Instant,
}

impl Collector for Process {
    fn encode(&self, mut encoder: DescriptorEncoder) -> Result<(), fmt::Error> {
        let uptime = ConstGauge::new(self.started.elapsed().as_secs_f64());
        let gauge = MetricType::Gauge;
        let help = "Time since this process started";
        uptime.encode(encoder.encode_descriptor("uptime", help, Some(&Unit::Seconds), gauge)?)?;
        if let Some(bytes) = resident_bytes() {
            let help = "Memory held by this process";
            let descriptor = encoder.encode_descriptor("process_resident_memory", help, Some(&Unit::Bytes), gauge)?;
            ConstGauge::new(bytes).encode(descriptor)?;
        }
        Ok(())
    }
}

/// Returns the resident memory; `None` where the system does not report it, which is everywhere but on Linux.
fn resident_bytes() -> Option<i64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: i64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib * 1024)
}

#[cfg(test)]
mod tests {
    use prometheus_client::metrics::counter::Counter;

    use super::*;

    fn text(metrics: &Metrics) -> String {
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &metrics.registry.read()).unwrap();
        text
    }

    #[test]
    fn requests_are_counted_by_route_method_and_status() {
        let metrics = Metrics::new();
        for _ in 0..2 {
            let took = Duration::from_millis(3);
            metrics.observe_request(Some("/api/orders/{n}"), &Method::GET, StatusCode::OK, took);
        }
        let strange = Method::from_bytes(b"BREW").unwrap();
        metrics.observe_request(None, &strange, StatusCode::NOT_FOUND, Duration::ZERO);
        let text = text(&metrics);
        for line in [
            r#"doorbuster_http_requests_total{route="/api/orders/{n}",method="GET",status="200"} 2"#,
            r#"doorbuster_http_requests_total{route="none",method="other",status="404"} 1"#,
            r#"doorbuster_http_request_duration_seconds_bucket{le="0.0025",route="/api/orders/{n}"} 0"#,
            r#"doorbuster_http_request_duration_seconds_bucket{le="0.005",route="/api/orders/{n}"} 2"#,
            r#"doorbuster_http_request_duration_seconds_count{route="/api/orders/{n}"} 2"#,
        ] {
            assert!(text.contains(line), "{line} is missing in\n{text}");
        }
    }

    #[test]
    fn the_process_reports_its_memory_and_uptime() {
        let text = text(&Metrics::new());
        assert!(text.contains("doorbuster_uptime_seconds "), "{text}");
        assert!(text.contains("doorbuster_process_resident_memory_bytes "), "{text}");
    }

    #[test]
    fn other_parts_can_register_their_own() {
        let metrics = Metrics::new();
        let counter: Counter = Counter::default();
        metrics.register(|registry| registry.register("orders", "Orders placed", counter.clone()));
        counter.inc();
        assert!(text(&metrics).contains("doorbuster_orders_total 1"));
    }
}
