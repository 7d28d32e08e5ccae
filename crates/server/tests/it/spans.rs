//! Spans at a collector: of a request, its batch, its published and handled events, and its webhooks.

use std::time::{Duration, Instant};

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value as Given;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message as _;
use serde_json::json;

use crate::brokers::{over_kafka, start, until};
use crate::hook_receiver::{Delivered, HookReceiver};
use crate::shared::Database;
use crate::shop::{ADMIN, ANN, TestShop};

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const CALLER: &str = "b7ad6b7169203331";
const INTERNAL: i32 = 1;
const SERVER: i32 = 2;
const CLIENT: i32 = 3;
const PRODUCER: i32 = 4;
const CONSUMER: i32 = 5;

/// Settings of a shop that traces every request.
fn traced(collector: &HookReceiver) -> Vec<(String, String)> {
    let base = collector.url().replace("/hooks", "");
    let set = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    vec![
        set("OTEL_EXPORTER_OTLP_ENDPOINT", &base),
        set("OTEL_SERVICE_NAME", "shop-1"),
        set("DOORBUSTER__ENGINE__EXECUTOR", "log"),
        set("DOORBUSTER__WEBHOOKS__ALLOW_PRIVATE", "true"),
    ]
}

/// Spans as a collector reads them.
struct Spans {
    collector: HookReceiver,
    all: Vec<Span>,
}

impl Spans {
    fn of(collector: HookReceiver) -> Spans {
        Spans { collector, all: vec![] }
    }

    /// Reads requests until a span of this trace has come whose name begins so.
    fn wait_for(&mut self, name: &str, trace: &str) -> Span {
        loop {
            let is_it = |span: &&Span| span.name.starts_with(name) && hex(&span.trace_id) == trace;
            if let Some(found) = self.all.iter().find(is_it) {
                return found.clone();
            }
            let posted = self.collector.next();
            self.all.extend(spans_in(&posted));
        }
    }
}

fn spans_in(posted: &Delivered) -> Vec<Span> {
    assert_eq!(posted.header("content-type"), "application/x-protobuf");
    let posted = ExportTraceServiceRequest::decode(&*posted.bytes).unwrap();
    let [of_resource] = &posted.resource_spans[..] else { panic!("{posted:?}") };
    let attributes = &of_resource.resource.as_ref().unwrap().attributes;
    assert_eq!(attribute(attributes, "service.name"), Some(Given::StringValue("shop-1".to_owned())));
    of_resource.scope_spans.iter().flat_map(|scope| scope.spans.clone()).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn attribute(attributes: &[KeyValue], key: &str) -> Option<Given> {
    let found = attributes.iter().find(|attribute| attribute.key == key)?;
    let AnyValue { value, .. } = found.value.clone()?;
    value
}

fn text(value: &str) -> Option<Given> {
    Some(Given::StringValue(value.to_owned()))
}

fn place(shop: &TestShop, product: i64, flags: &str) {
    let wanted = json!({"items": [{"productId": product, "quantity": 1}], "payment": "ON_DELIVERY"});
    let traceparent = format!("00-{TRACE}-{CALLER}-{flags}");
    let headers = [("traceparent", traceparent.as_str()), ("prefer", "wait=20")];
    assert_eq!(shop.ask(ANN, "POST", "/api/orders", &headers, &wanted).json()["outcome"], "COMPLETED");
}

/// Places an order, and checks the spans of its request, its batches, its events at a group and its webhook.
fn assert_chain(shop: &TestShop, spans: &mut Spans) {
    let receiver = HookReceiver::start(&[200]);
    let hook = json!({"url": receiver.url(), "eventTypes": ["order.placed"]});
    shop.post(ADMIN, "/api/admin/webhooks", &hook).expect(201);
    let product = shop.product(0, 5);
    place(shop, product, "01");
    let request = spans.wait_for("POST /api/orders", TRACE);
    assert_eq!((hex(&request.parent_span_id).as_str(), request.kind), (CALLER, SERVER));
    assert_eq!(attribute(&request.attributes, "http.response.status_code"), Some(Given::IntValue(200)));
    assert!(0 < request.start_time_unix_nano && request.start_time_unix_nano < request.end_time_unix_nano);
    for (name, kind) in [("batch", INTERNAL), ("handle stock-", CONSUMER), ("deliver order.placed", CLIENT)] {
        let span = spans.wait_for(name, TRACE);
        assert_eq!((&span.parent_span_id, span.kind), (&request.span_id, kind), "{name}");
    }
    let delivered = receiver.next();
    let span = spans.wait_for("deliver order.placed", TRACE);
    assert_eq!(delivered.header("traceparent"), format!("00-{TRACE}-{}-01", hex(&span.span_id)));
}

#[test]
fn a_traced_request_is_followed_into_its_consumers_and_webhooks() {
    let collector = HookReceiver::start(&[200]);
    let shop = start(&traced(&collector), &[]);
    let mut spans = Spans::of(collector);
    assert_chain(&shop, &mut spans);
    let missing = shop.get(ANN, "/api/orders/ORD-00000000");
    let span = spans.wait_for("GET /api/orders/{orderNumber}", missing.header("request-id").unwrap());
    assert!(span.parent_span_id.is_empty() && span.status.is_none_or(|status| status.code == 0), "no failure");
    shop.metrics_until("doorbuster_spans_total{result=\"failed\"} 0\n");
}

#[test]
fn a_traced_request_is_followed_over_kafka_and_a_shared_store() {
    let test = "a_traced_request_is_followed_over_kafka_and_a_shared_store";
    let (Some(database), Some(mut settings)) = (Database::new(test), over_kafka(test)) else { return };
    let collector = HookReceiver::start(&[200]);
    settings.extend(traced(&collector));
    settings.push(("DATABASE_URL".to_owned(), database.url()));
    let shop = start(&settings, &[]);
    let mut spans = Spans::of(collector);
    assert_chain(&shop, &mut spans);
    let published = spans.wait_for("publish ", TRACE);
    assert_eq!((published.kind, attribute(&published.attributes, "messaging.system")), (PRODUCER, text("kafka")));
}

#[test]
fn a_caller_that_does_not_trace_is_followed_and_failures_are_counted() {
    let collector = HookReceiver::start(&[503]);
    let shop = start(&traced(&collector), &[]);
    let product = shop.product(0, 5);
    place(&shop, product, "00");
    shop.get(ANN, "/api/products").expect(200);
    let mut spans = Spans::of(collector);
    while !spans.all.iter().any(|span| span.name == "GET /api/products") {
        let posted = spans.collector.next();
        spans.all.extend(spans_in(&posted));
    }
    assert!(spans.all.iter().all(|span| hex(&span.trace_id) != TRACE), "the caller does not trace");
    let none_failed = "doorbuster_spans_total{result=\"failed\"} 0\n";
    until("failures are counted", || !shop.get(ADMIN, "/metrics").text.contains(none_failed));
    assert_eq!(shop.get(ANN, "/readyz").status, 200);
}

#[test]
fn a_silent_collector_delays_neither_the_shop_nor_its_end() {
    let collector = HookReceiver::silent();
    let mut shop = start(&traced(&collector), &[]);
    let product = shop.product(0, 50);
    let began = Instant::now();
    (0..20).for_each(|_| place(&shop, product, "01"));
    shop.stop();
    // An attempt has 10 s, of which a stop waits for 2.
    assert!(began.elapsed() < Duration::from_secs(9), "{:?}", began.elapsed());
}
