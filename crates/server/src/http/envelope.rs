//! The layer around all routes: adds trace and headers, renders problems, records metrics, and catches panics.

mod access;
mod compression;
mod cors;
mod request_span;
mod validators;

use std::any::Any;
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::{Arc, LazyLock};
use std::task::{Context, Poll};
use std::time::Instant;

use app::events::trace::TraceParent;
use axum::body::Body;
use axum::extract::MatchedPath;
use axum::http::header::{CACHE_CONTROL, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, Uri};
use axum::response::IntoResponse;
use tower::{Layer, Service};

pub use cors::Cors;
pub(crate) use validators::{tag_by_content, tags};

use super::language::Language;
use super::trace::TraceId;
use super::{Code, Problem};
use crate::api::texts::details;
use crate::config::{Log, Server};
use crate::metrics::Metrics;
use crate::runtime::submitter;
use crate::system::logging::{Thinned, line_trace, panic_text};
use crate::system::spans;

const REQUEST_ID: HeaderName = HeaderName::from_static("request-id");
const NOSNIFF: HeaderValue = HeaderValue::from_static("nosniff");
const NO_REFERRER: HeaderValue = HeaderValue::from_static("no-referrer");
const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");

/// Failures logged per second at most, so that logging does not add to an overload.
const FAILURES_LOGGED_PER_S: u32 = 50;

#[derive(Debug, Clone)]
pub(super) struct EnvelopeLayer {
    metrics: Arc<Metrics>,
    edge: Edge,
}

/// The treatment of answers that does not depend on the endpoint.
#[derive(Debug, Clone, Default)]
pub struct Edge {
    pub cors: Cors,
    pub compresses: bool,
    /// Logs each request.
    pub logs_access: bool,
    /// How long the catalogue may be kept; `None`: not at all.
    pub catalogue_kept: Option<HeaderValue>,
}

impl Edge {
    pub fn new(server: &Server, log: &Log) -> Edge {
        let age_s = server.catalogue_max_age_s;
        let kept = (age_s > 0).then(|| HeaderValue::try_from(format!("public, max-age={age_s}")).ok());
        Edge {
            // Checked when the settings were read.
            cors: Cors::parse(&server.cors_origins).unwrap_or_default(),
            compresses: server.compression,
            logs_access: log.access,
            catalogue_kept: kept.flatten(),
        }
    }
}

/// A request's headers about its answer, read before the endpoint takes the request.
struct Wanted {
    caller: cors::Caller,
    known: Option<HeaderValue>,
    /// If the client takes gzip. `None`: no answer to this request is compressed.
    gzip: Option<bool>,
}

impl Edge {
    fn wanted(&self, request: &Request<Body>) -> Wanted {
        let headers = request.headers();
        Wanted {
            caller: self.cors.caller(headers),
            known: validators::known(request.method(), headers),
            gzip: (self.compresses && request.method() == Method::GET).then(|| compression::is_accepted(headers)),
        }
    }
}

impl EnvelopeLayer {
    pub(super) const fn new(metrics: Arc<Metrics>, edge: Edge) -> EnvelopeLayer {
        EnvelopeLayer { metrics, edge }
    }
}

impl<S> Layer<S> for EnvelopeLayer {
    type Service = Envelope<S>;

    fn layer(&self, inner: S) -> Envelope<S> {
        Envelope { inner, metrics: self.metrics.clone(), edge: self.edge.clone() }
    }
}

#[derive(Debug, Clone)]
pub(super) struct Envelope<S> {
    inner: S,
    metrics: Arc<Metrics>,
    edge: Edge,
}

impl<S> Service<Request<Body>> for Envelope<S>
where
    S: Service<Request<Body>, Response = Response<Body>>,
    S::Future: Send + 'static,
{
    type Response = Response<Body>;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, S::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        let started = Instant::now();
        let given = super::trace::given(request.headers());
        let trace = TraceId::or_random(given);
        let span = spans::tracer().and_then(|tracer| tracer.request(given, trace.number()));
        // The request's own span is the parent of the spans that it causes.
        let given = span.map_or(given, |span| Some(span.as_parent()));
        let language = Language::of(request.headers());
        request.extensions_mut().insert(trace);
        let route = request.extensions().get::<MatchedPath>().cloned();
        let (method, uri) = (request.method().clone(), request.uri().clone());
        let metrics = self.metrics.clone();
        let access = self.edge.logs_access.then(|| access::Line::begin(&request));
        let wanted = self.edge.wanted(&request);
        if let Some(mut allowed) = cors::preflight(&wanted.caller, &method, request.headers()) {
            cors::complete(wanted.caller, allowed.headers_mut());
            complete(allowed.headers_mut(), trace);
            return Box::pin(async move { Ok(allowed) });
        }
        let answer = self.inner.call(request);
        Box::pin(async move {
            let mut response = match unless_it_panics(given, trace, answer).await {
                Ok(answer) => answer?,
                Err(panic) => internal(&method, &uri, trace, &*panic),
            };
            note_failure(&response, &method, &uri, trace);
            Problem::render(&mut response, uri.path(), trace.as_str(), language);
            complete(response.headers_mut(), trace);
            if let Some(known) = &wanted.known {
                validators::unless_known(&mut response, known);
            }
            if let Some(accepted) = wanted.gzip {
                response = compression::compress(response, accepted).await;
            }
            cors::complete(wanted.caller, response.headers_mut());
            let route = route.as_ref().map(MatchedPath::as_str);
            metrics.observe_request(route, &method, response.status(), started.elapsed());
            if let Some(span) = span {
                request_span::end(span, route, &method, &response);
            }
            if let Some(line) = access {
                line.end(trace, route, &response, started.elapsed());
            }
            Ok(response)
        })
    }
}

/// Logs a failure of the shop (5xx) with the trace id of the answer. A panic is already logged.
fn note_failure(response: &Response<Body>, method: &Method, uri: &Uri, trace: TraceId) {
    static THINNED: LazyLock<Thinned> = LazyLock::new(|| Thinned::new(FAILURES_LOGGED_PER_S));
    let Some(problem) = response.extensions().get::<Problem>() else { return };
    if !problem.status().is_server_error() {
        return;
    }
    if let Some(left_out) = THINNED.admits() {
        let (status, code, detail) =
            (problem.status().as_u16(), problem.code().as_str(), problem.detail(Language::English));
        tracing::warn!(%trace, %method, path = uri.path(), status, code, left_out, "A request failed: {detail}");
    }
}

/// Polls the future within the client's trace. Returns its panic as an error.
async fn unless_it_panics<F: Future>(
    given: Option<TraceParent>,
    trace: TraceId,
    future: F,
) -> Result<F::Output, Box<dyn Any + Send>> {
    let mut future = pin!(future);
    // After a panic the future is dropped and never polled again, so its broken state is not observed.
    let mut poll = |context: &mut Context<'_>| {
        line_trace::within(trace.digits(), || submitter::traced(given, || future.as_mut().poll(context)))
    };
    poll_fn(|context| match catch_unwind(AssertUnwindSafe(|| poll(context))) {
        Ok(poll) => poll.map(Ok),
        Err(panic) => Poll::Ready(Err(panic)),
    })
    .await
}

fn internal(method: &Method, uri: &Uri, trace: TraceId, panic: &dyn Any) -> Response<Body> {
    let text = panic_text(panic);
    tracing::error!(%method, path = uri.path(), %trace, "A handler panicked: {text}");
    Problem::new(Code::Internal, details::FAILED).into_response()
}

/// Returns the complete answer to a request that reaches no router.
pub(super) fn refuse(problem: Problem, path: &str, trace: TraceId, language: Language) -> Response<Body> {
    let mut response = problem.into_response();
    Problem::render(&mut response, path, trace.as_str(), language);
    complete(response.headers_mut(), trace);
    response
}

fn complete(headers: &mut HeaderMap, trace: TraceId) {
    headers.insert(REQUEST_ID, trace.to_header());
    headers.insert(X_CONTENT_TYPE_OPTIONS, NOSNIFF);
    headers.insert(REFERRER_POLICY, NO_REFERRER);
    headers.entry(CACHE_CONTROL).or_insert(NO_STORE);
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::routing::{get, post};
    use serde_json::Value;
    use tower::ServiceExt;

    use super::*;

    /// A log writer that keeps its output.
    #[derive(Clone, Default)]
    struct Kept(Arc<parking_lot::Mutex<Vec<u8>>>);

    impl std::io::Write for Kept {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    fn router() -> Router {
        async fn broken() {
            panic!("the handler is broken")
        }
        let router = Router::new()
            .route("/things/{id}", get(async || "a thing"))
            .route("/cached", get(async || ([(CACHE_CONTROL, "public, max-age=1")], "")))
            .route("/failing", get(async || Problem::new(Code::Unavailable, details::FAILED)))
            .route("/broken", post(broken));
        let router = router.fallback(crate::http::fallback::route_not_found);
        crate::http::enclose(router, Arc::new(Metrics::new()), Edge::default())
    }

    async fn ask(method: &str, path: &str, headers: &[(&str, &str)]) -> (Response<Body>, Value) {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = router().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = axum::body::to_bytes(body, 1 << 20).await.unwrap();
        let value = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
        (Response::from_parts(parts, Body::empty()), value)
    }

    #[tokio::test]
    async fn every_answer_carries_the_headers() {
        let (response, _) = ask("GET", "/things/1", &[]).await;
        assert_eq!(response.headers()["x-content-type-options"], "nosniff");
        assert_eq!(response.headers()["cache-control"], "no-store");
        assert_eq!(response.headers()["referrer-policy"], "no-referrer");
        assert_eq!(response.headers()["request-id"].len(), 32);
    }

    #[tokio::test]
    async fn a_handler_may_allow_caching() {
        let (response, _) = ask("GET", "/cached", &[]).await;
        assert_eq!(response.headers()["cache-control"], "public, max-age=1");
    }

    #[tokio::test]
    async fn an_unknown_path_is_a_problem() {
        let (response, problem) = ask("GET", "/nothing?secret=1", &[]).await;
        assert_eq!(response.status(), 404);
        assert_eq!(response.headers()["content-type"], "application/problem+json");
        assert_eq!(problem["code"], "route.not_found");
        assert_eq!(problem["instance"], "/nothing");
        assert_eq!(problem["traceId"], response.headers()["request-id"].to_str().unwrap());
    }

    #[tokio::test]
    async fn a_wrong_method_says_which_are_allowed() {
        let (response, problem) = ask("DELETE", "/things/1", &[]).await;
        assert_eq!(response.status(), 405);
        assert_eq!(response.headers()["allow"], "GET,HEAD");
        assert_eq!(problem["code"], "method.not_allowed");
    }

    #[tokio::test]
    async fn the_trace_of_the_client_is_kept() {
        let trace = "0af7651916cd43dd8448eb211c80319c";
        let header = format!("00-{trace}-b7ad6b7169203331-01");
        let (response, problem) = ask("GET", "/nothing", &[("traceparent", &header)]).await;
        assert_eq!(problem["traceId"], trace);
        assert_eq!(response.headers()["request-id"], trace);
    }

    #[tokio::test]
    async fn a_failure_of_the_shop_is_logged_with_the_trace_of_the_answer() {
        let log = Kept::default();
        let kept = log.clone();
        let subscriber =
            tracing_subscriber::fmt().json().flatten_event(true).with_writer(move || kept.clone()).finish();
        let _until_dropped = tracing::subscriber::set_default(subscriber);
        let (_, problem) = ask("GET", "/failing", &[]).await;
        ask("GET", "/nothing", &[]).await;
        let lines = String::from_utf8(log.0.lock().clone()).unwrap();
        let line: Value = serde_json::from_str(lines.trim()).expect("one line, about the shop's failure only");
        assert_eq!(
            (&line["trace"], &line["code"], &line["status"]),
            (&problem["traceId"], &problem["code"], &503.into())
        );
        assert_eq!((&line["path"], &line["level"]), (&"/failing".into(), &"WARN".into()));
    }

    #[tokio::test]
    async fn a_panic_is_a_problem() {
        let (response, problem) = ask("POST", "/broken", &[]).await;
        assert_eq!(response.status(), 500);
        assert_eq!(problem["code"], "internal");
        assert!(!problem.to_string().contains("is broken"), "the panic's text stays inside");
    }
}
