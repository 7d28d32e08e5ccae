//! Prometheus metrics: the registry, and the metrics of HTTP and of the process.

use std::sync::Arc;
use std::time::Duration;

use axum::http::header::{CONTENT_TYPE, VARY};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::IntoResponse;
use parking_lot::RwLock;
use prometheus_client::encoding::text;
use prometheus_client::registry::Registry;

mod audit;
mod breakers;
mod engine;
mod form;
mod log;
mod orders;
mod payments;
mod process;
mod queue;
pub(crate) mod recent;
mod redis;
mod refusals;
mod requests;
mod webhooks;

pub use audit::AuditMetrics;
pub use breakers::{BreakerMetrics, OutwardBreakers, PAYMENT_BREAKER};
pub use engine::EngineMetrics;
pub(crate) use form::{OPEN_METRICS, PLAIN_TEXT};
pub use log::{Counted, LogCondition, LogMetrics, Published, Waiting};
pub use orders::{EventLatency, Peaks};
pub use payments::{Mismatches, PaymentMetrics};
pub use queue::{QueueLoad, QueueMetrics};
pub use recent::Recent;
pub use redis::{Condition, RedisMetrics};
pub use refusals::{Refusals, Refused};
use requests::Requests;
pub use webhooks::{NotificationMetrics, WebhookMetrics};

/// The route label of requests that matched no route: clients choose their paths, so these must not become labels.
const NO_ROUTE: &str = "none";

#[derive(Debug)]
pub struct Metrics {
    registry: RwLock<Registry>,
    /// Metrics without the shop's prefix.
    process: Registry,
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
        process::register_build(&mut registry);
        let recent = Arc::new(Recent::new(requests.clone()));
        registry.register_collector(Box::new(process::Availability(Arc::clone(&recent))));
        Metrics { registry: RwLock::new(registry), process: process::registry(), requests, recent }
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
        let mut text = String::with_capacity(32 * 1024);
        text::encode_registry(&mut text, &self.process)
            .and_then(|()| text::encode(&mut text, &self.registry.read()))
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

#[cfg(test)]
mod tests {
    use prometheus_client::metrics::counter::Counter;

    use super::*;

    fn text_of(metrics: &Metrics) -> String {
        let mut text = String::new();
        text::encode_registry(&mut text, &metrics.process).unwrap();
        text::encode(&mut text, &metrics.registry.read()).unwrap();
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
        let text = text_of(&metrics);
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
    fn the_process_reports_itself_under_the_standard_names() {
        let text = text_of(&Metrics::new());
        for name in ["cpu_seconds_total", "resident_memory_bytes", "virtual_memory_bytes", "open_fds", "max_fds"] {
            let line = text.lines().find_map(|line| line.strip_prefix(&format!("process_{name} ")));
            assert!(line.is_some_and(|value| value.parse::<f64>().unwrap() > 0.0), "{name} in {text}");
        }
        assert!(text.contains("process_start_time_seconds "), "{text}");
        assert!(text.contains("doorbuster_build_info{version="), "{text}");
        assert!(text.contains("doorbuster_availability_ratio 1.0"), "{text}");
    }

    #[test]
    fn other_parts_can_register_their_own() {
        let metrics = Metrics::new();
        let counter: Counter = Counter::default();
        metrics.register(|registry| registry.register("orders", "Orders placed", counter.clone()));
        counter.inc();
        assert!(text_of(&metrics).contains("doorbuster_orders_total 1"));
    }
}
