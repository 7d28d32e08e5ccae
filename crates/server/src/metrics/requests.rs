//! The answered requests, by route.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use axum::http::StatusCode;
use parking_lot::{Mutex, RwLock};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric, MetricEncoder, NoLabelSet};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::registry::Unit;

/// From far below the fastest answer to the longest allowed wait.
pub(super) const SECONDS_BUCKETS: [f64; 14] =
    [0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 30.0];

#[derive(Default)]
pub(super) struct Requests {
    pub(super) by_route: RwLock<BTreeMap<Box<str>, Arc<Mutex<Route>>>>,
}

#[derive(Default, Clone)]
pub(super) struct Route {
    pub(super) answers: Vec<((&'static str, StatusCode), u64)>,
    /// One more than the bounds: the last bucket has no upper bound.
    pub(super) buckets: [u64; SECONDS_BUCKETS.len() + 1],
    seconds: f64,
}

impl Requests {
    pub(super) fn observe(&self, route: &str, method: &'static str, status: StatusCode, took: Duration) {
        let known = self.by_route.read().get(route).cloned();
        let route = known.unwrap_or_else(|| self.by_route.write().entry(route.into()).or_default().clone());
        let seconds = took.as_secs_f64();
        let bucket = SECONDS_BUCKETS.partition_point(|bound| *bound < seconds);
        let mut route = route.lock();
        route.buckets[bucket] += 1;
        route.seconds += seconds;
        match route.answers.iter_mut().find(|(seen, _)| *seen == (method, status)) {
            Some((_, count)) => *count += 1,
            None => route.answers.push(((method, status), 1)),
        }
    }
}

impl fmt::Debug for Requests {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Requests").finish_non_exhaustive()
    }
}

impl Collector for Requests {
    fn encode(&self, mut encoder: DescriptorEncoder) -> Result<(), fmt::Error> {
        let routes: Vec<(Box<str>, Route)> = {
            let by_route = self.by_route.read();
            by_route.iter().map(|(name, route)| (name.clone(), route.lock().clone())).collect()
        };
        let mut family = encoder.encode_descriptor("http_requests", "Requests answered", None, MetricType::Counter)?;
        for (name, route) in &routes {
            for ((method, status), count) in &route.answers {
                let labels = [("route", &**name), ("method", *method), ("status", status.as_str())];
                ConstCounter::new(*count).encode(family.encode_family(&labels)?)?;
            }
        }
        let mut family = encoder.encode_descriptor(
            "http_request_duration",
            "Time from a request's head to its answer's head",
            Some(&Unit::Seconds),
            MetricType::Histogram,
        )?;
        for (name, route) in &routes {
            encode_durations(family.encode_family(&[("route", &**name)])?, route)?;
        }
        Ok(())
    }
}

fn encode_durations(mut encoder: MetricEncoder<'_>, route: &Route) -> Result<(), fmt::Error> {
    let bounds = SECONDS_BUCKETS.into_iter().chain([f64::INFINITY]);
    let buckets: Vec<(f64, u64)> = bounds.zip(route.buckets).collect();
    let count = route.buckets.iter().sum();
    encoder.encode_histogram::<NoLabelSet>(route.seconds, count, &buckets, None)
}
