use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use app::commands::{DeliveryAnswered, PaymentAnswered};
use app::engine::Report;
use app::events::topic::{Spread, Topic};
use app::log::reactions::Group;
use app::log::relay::{PublishError, Publisher, Record};
use app::notifications::runner::AttemptResult;
use app::payments::provider::{Ask, Asked, ProviderError};
use app::payments::runner::PaymentCall;
use app::ports::BoxFuture;
use app::resilience::breaker::{Limits as BreakerLimits, SharedBreaker};
use app::webhooks::runner::Sent;
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::IntoResponse as _;
use domain::ids::{CampaignId, Codec, OrderId, WebhookId};
use domain::money::Money;
use domain::notification::Channel;
use domain::payment::{Method as PaymentMethod, NextCall, Operation};
use domain::time::Timestamp;
use domain::webhook::{Attempt, DeliveryKey, Next};
use http_body_util::BodyExt as _;

use super::*;
use crate::http::Code;
use crate::metrics::{
    Condition, LogCondition, Metrics, Mismatches, NotificationMetrics, PAYMENT_BREAKER, PaymentMetrics, Published,
    QueueMetrics, RedisMetrics, Refusals, Waiting as Stuck, WebhookMetrics,
};
use crate::security::login_attempts::Guesses;
use crate::system::spans::counts::Counts;

/// A broker that takes every second batch.
#[derive(Default)]
struct Broker(bool);

impl Publisher for Broker {
    fn sizes(&mut self) -> BoxFuture<'_, Result<Spread, PublishError>> {
        Box::pin(async { Ok(Spread::new()) })
    }

    fn publish<'a>(&'a mut self, _: &'a [Record], _: &'a Spread) -> BoxFuture<'a, Result<(), PublishError>> {
        self.0 = !self.0;
        let taken = self.0;
        Box::pin(async move { if taken { Ok(()) } else { Err(PublishError(String::new())) } })
    }
}

fn mismatch() -> PaymentCall {
    let (order, codec) = (OrderId(1), Codec::new([0; 16]));
    let asked = Asked::first(None, 1, Operation::Capture, 0);
    let ask = Ask {
        key: "key".into(),
        payment: codec.payment(order),
        order: codec.order(order),
        means: None,
        method: PaymentMethod::Card,
        amount: Money::won(1),
        reference: None,
        operation: Operation::Capture,
    };
    let answer = Err(ProviderError::Mismatch(String::new()));
    let answered = PaymentAnswered { order, asked, answer, called_at: Some(Timestamp::default()), callback: None };
    PaymentCall { answered, ask, way: NextCall::Execute }
}

fn sent() -> Sent {
    let attempt =
        Attempt { at: Timestamp::default(), response_status: None, response_body: None, error: None, duration_ms: 0 };
    let key = DeliveryKey { webhook: WebhookId(1), number: 1 };
    let answered = DeliveryAnswered { key, number: 1, attempt, next: Next::Done, disable_after: Duration::ZERO };
    Sent { answered, hold: None }
}

/// Metrics with every family of every role, each observed once so that its labels are shown.
async fn all_metrics() -> Arc<Metrics> {
    let redis = || Condition { works: true, calls: 0, failures: 0, losses: 0 };
    let metrics = metrics_with(Some(Box::new(RedisMetrics::new(Box::new(redis)))));
    metrics.observe_request(None, &Method::GET, StatusCode::OK, Duration::ZERO);
    drop(Subscriptions::new(&metrics, 1));
    let latency = EventLatency::register(&metrics);
    latency.observe_all(Group::ALL[0], &[Timestamp::default()], Timestamp::default());
    let refusals = Refusals::register(&metrics);
    refusals.note(CampaignId(1), Code::CouponSoldOut);
    EngineMetrics::register(&metrics, latency, refusals).observe_batch(&Report::default(), Duration::ZERO);
    let queue = QueueMetrics { depth: Box::new(|| 0), load: Arc::default(), clock: Arc::new(SystemClock) };
    metrics.register(|registry| registry.register_collector(Box::new(queue)));
    let payments = PaymentMetrics::register(&metrics, Mismatches::register(&metrics));
    payments.observe(&mismatch());
    WebhookMetrics::register(&metrics).observe(&sent());
    NotificationMetrics::register(&metrics).observe(Channel::Sms, AttemptResult::Sent);
    let breakers = BreakerMetrics {
        services: Arc::default(),
        outward: vec![(PAYMENT_BREAKER, SharedBreaker::new(BreakerLimits::PAYMENT))],
        clock: Arc::new(SystemClock),
    };
    metrics.register(|registry| registry.register_collector(Box::new(breakers)));
    let log = LogMetrics::register(&metrics);
    log.set(LogCondition { lags: vec![("group", "topic", 1)], backlog: Some((1, 1.0)), members: vec![("group", 1)] });
    log.set_waiting(Stuck { letters: vec![("group", 1)], stuck_orders: Some(1), open_orders: Some(1) });
    let mut publisher = Published::register(&metrics).counting(Box::new(Broker::default()));
    let record = Record {
        topic: Topic::ALL[0],
        is_dead_letter: false,
        key: String::new(),
        value: String::new(),
        attributes: vec![],
    };
    let records = [record];
    publisher.publish(&records, &Spread::new()).await.unwrap();
    publisher.publish(&records, &Spread::new()).await.unwrap_err();
    AuditMetrics::register(&metrics).set(0);
    drop(Counts::register(&metrics));
    metrics.register(|registry| registry.register_collector(Box::new(OpenAlerts::default())));
    broker::skipping_foreign(&metrics)(Group::ALL[0], "/doorbuster/other");
    let config = Config::load(None, []).unwrap();
    let guesses = Guesses::new(&config.limits, &metrics);
    guesses.begin(app::state::rows::EmailKey([0; 32]), None).unwrap().was_wrong();
    metrics
}

/// Type, name and labels of a sample line of the text format.
fn shape(line: &str) -> String {
    let sample = line.rsplit_once(' ').map_or(line, |(sample, _)| sample);
    let Some((name, labels)) = sample.split_once('{') else { return sample.to_owned() };
    let labels = labels.trim_end_matches('}').split("\",");
    let names: Vec<&str> = labels.filter_map(|label| label.split_once('=').map(|(name, _)| name)).collect();
    format!("{name}{{{}}}", names.join(","))
}

/// Names and labels of metrics are an interface: dashboards and alerts depend on them. Other systems lack the memory metric.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn names_and_labels_of_metrics_stay_as_they_are() {
    let body = all_metrics().await.exposition(&HeaderMap::new()).into_response().into_body();
    let text = String::from_utf8(body.collect().await.unwrap().to_bytes().to_vec()).unwrap();
    let mut shapes = BTreeSet::new();
    for line in text.lines() {
        match line.strip_prefix("# ") {
            Some(comment) => shapes.extend(comment.strip_prefix("TYPE ").map(|kind| format!("TYPE {kind}"))),
            None => _ = shapes.insert(shape(line)),
        }
    }
    let shapes: Vec<String> = shapes.into_iter().collect();
    for name in registered() {
        assert!(shapes.iter().any(|shape| shape.contains(&name)), "{name} is registered and not in the snapshot");
    }
    insta::assert_snapshot!(shapes.join("\n"));
}

/// The source files of this crate, without tests.
fn sources(folder: &Path, found: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") && !path.ends_with("tests.rs") {
            let text = std::fs::read_to_string(&path).unwrap();
            found.push(text.split("#[cfg(test)]").next().unwrap().to_owned());
        }
    }
}

fn all_sources() -> Vec<String> {
    let mut found = vec![];
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut found);
    found
}

/// The names of metrics that are literals in the code.
fn registered() -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for source in all_sources() {
        for call in ["registry.register(", "encode_descriptor("] {
            for rest in source.split(call).skip(1) {
                let name = rest.trim_start().strip_prefix('"').and_then(|rest| rest.split('"').next());
                names.extend(name.map(str::to_owned));
            }
        }
    }
    assert!(names.len() > 30, "{names:?}");
    names
}

/// The codes with which log lines begin are an interface: alerts depend on them.
#[test]
fn codes_of_log_lines_stay_as_they_are() {
    let mut codes = BTreeSet::new();
    for source in all_sources() {
        for literal in source.split('"') {
            let code = literal.split_once(": ").map_or("", |(code, _)| code);
            if code.len() > 5 && code.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_') {
                codes.insert(code.to_owned());
            }
        }
    }
    let codes: Vec<String> = codes.into_iter().collect();
    let known = [
        "ALERT_CLEARED",
        "ALERT_RAISED",
        "COMPENSATION_STUCK",
        "DLQ_EVENT",
        "PAYMENT_MISMATCH",
        "PAYMENT_STUCK",
        "PERMANENT_FAILURE",
        "WEBHOOK_DEAD",
        "WEBHOOK_DISABLED",
        "WEBHOOK_FAILING",
        "WEBHOOK_KEY_UNKNOWN",
    ];
    assert_eq!(codes, known);
}
