//! A trace collector that takes spans over OTLP/HTTP, as protobuf.

use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use app::events::trace::TraceParent;
use app::events::trace::span::{Kind, Span, Value};
use opentelemetry::trace::{Link, SpanContext, SpanId, SpanKind, Status, TraceFlags, TraceId, TraceState};
use opentelemetry::{InstrumentationScope, KeyValue};
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use opentelemetry_otlp::{Protocol, RetryPolicy, SpanExporter, WithExportConfig as _, WithHttpConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{SpanData, SpanEvents, SpanExporter as _, SpanLinks};
use parking_lot::Mutex;
use reqwest::Client;
use reqwest::header::{HeaderName, HeaderValue};

use crate::http_client::{beginning, build, builder, with_causes};

/// The most bytes of an answer that are read.
const ANSWER_BYTES_MAX: usize = 64 * 1024;

/// The address of a collector, and how it is spoken to.
pub struct Options {
    /// Such as `http://127.0.0.1:4318/v1/traces`.
    pub url: String,
    /// Headers of each request, which may hold a key.
    pub headers: Vec<(String, String)>,
    /// Attributes of this process: service, version, machine.
    pub resource: Vec<(String, String)>,
    /// Time-out of a request.
    pub timeout: Duration,
}

pub struct Collector {
    exporter: SpanExporter,
    scope: InstrumentationScope,
    client: HttpPost,
}

impl Collector {
    /// Prepares requests; nothing is sent yet.
    ///
    /// # Errors
    ///
    /// When the address or a header is invalid. The text contains no part of a header, which may hold a key.
    pub fn new(options: Options) -> Result<Collector, String> {
        let Options { url, headers, resource, timeout } = options;
        for (place, (name, value)) in (1..).zip(&headers) {
            if HeaderName::try_from(name.as_str()).is_err() || HeaderValue::try_from(value.as_str()).is_err() {
                // Without its name: one that was written with another separator has the key in it.
                return Err(format!("OTEL_EXPORTER_OTLP_HEADERS: header {place} is not valid; write name=value"));
            }
        }
        let client = HttpPost { client: build(builder(timeout))?, last_error: Arc::default() };
        // A second attempt would delay the next spans.
        let exporter = SpanExporter::builder()
            .with_http()
            .with_http_client(client.clone())
            .with_endpoint(url)
            .with_headers(headers.into_iter().collect::<HashMap<_, _>>())
            .with_protocol(Protocol::HttpBinary)
            .with_timeout(timeout)
            .with_retry_policy(RetryPolicy::disabled())
            .build();
        let mut exporter = exporter.map_err(|error| error.to_string())?;
        let attributes = resource.into_iter().map(|(key, value)| KeyValue::new(key, value));
        exporter.set_resource(&Resource::builder_empty().with_attributes(attributes).build());
        let scope = InstrumentationScope::builder("doorbuster").with_version(env!("CARGO_PKG_VERSION")).build();
        Ok(Collector { exporter, scope, client })
    }

    /// Posts spans.
    ///
    /// # Errors
    ///
    /// The reason why the collector did not take them.
    pub async fn export(&self, spans: Vec<Span>) -> Result<(), String> {
        let spans = spans.into_iter().map(|span| data(span, &self.scope)).collect();
        let exported = self.exporter.export(spans).await;
        // The library's text says no more than "network error".
        let cause = self.client.last_error.lock().take();
        exported.map_err(|error| cause.unwrap_or_else(|| error.to_string()))
    }
}

fn data(span: Span, scope: &InstrumentationScope) -> SpanData {
    let at = |nanos: u64| -> SystemTime { UNIX_EPOCH + Duration::from_nanos(nanos) };
    let attributes = span.attributes.into_iter().map(|(key, value)| match value {
        Value::Text(text) => KeyValue::new(key, text),
        Value::Number(number) => KeyValue::new(key, number),
    });
    let mut links = SpanLinks::default();
    links.links = span.links.into_iter().map(|link| Link::new(context(link), vec![], 0)).collect();
    SpanData {
        span_context: context(span.own),
        parent_span_id: SpanId::from(span.parent.unwrap_or(0)),
        parent_span_is_remote: matches!(span.kind, Kind::Server | Kind::Consumer),
        span_kind: match span.kind {
            Kind::Internal => SpanKind::Internal,
            Kind::Server => SpanKind::Server,
            Kind::Client => SpanKind::Client,
            Kind::Producer => SpanKind::Producer,
            Kind::Consumer => SpanKind::Consumer,
        },
        name: span.name.into(),
        start_time: at(span.begun_ns),
        end_time: at(span.end_ns),
        attributes: attributes.collect(),
        dropped_attributes_count: 0,
        events: SpanEvents::default(),
        links,
        status: if span.has_failed { Status::error("") } else { Status::Unset },
        instrumentation_scope: scope.clone(),
    }
}

fn context(span: TraceParent) -> SpanContext {
    let (trace, id) = (TraceId::from(span.trace()), SpanId::from(span.span()));
    SpanContext::new(trace, id, TraceFlags::SAMPLED, false, TraceState::default())
}

/// Posts with the HTTP client of the other adapters, and keeps the last error.
#[derive(Clone, Debug)]
struct HttpPost {
    client: Client,
    last_error: Arc<Mutex<Option<String>>>,
}

impl HttpPost {
    async fn post(&self, request: Request<Bytes>) -> Result<Response<Bytes>, String> {
        let request = reqwest::Request::try_from(request).map_err(|error| error.to_string())?;
        let sent = self.client.execute(request).await;
        let response = sent.map_err(with_causes)?;
        let status = response.status();
        let body = beginning(response, ANSWER_BYTES_MAX).await;
        let mut answer = Response::new(Bytes::from(body));
        *answer.status_mut() = status;
        Ok(answer)
    }
}

impl HttpClient for HttpPost {
    fn send_bytes<'a, 'b>(
        &'a self,
        request: Request<Bytes>,
    ) -> Pin<Box<dyn Future<Output = Result<Response<Bytes>, HttpError>> + Send + 'b>>
    where
        'a: 'b,
        Self: 'b,
    {
        Box::pin(async move {
            self.post(request).await.map_err(|error| {
                *self.last_error.lock() = Some(error.clone());
                HttpError::from(error)
            })
        })
    }
}
