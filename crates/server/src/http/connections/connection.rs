//! Serves one connection, from its first request to its last.

use std::convert::Infallible;
use std::future::{Future, poll_fn};
use std::net::IpAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, HttpBody};
use axum::http::header::{CONNECTION, CONTENT_TYPE, EXPECT, HOST, UPGRADE};
use axum::http::{HeaderValue, Request, Response, StatusCode, Version};
use bytes::Bytes;
use hyper::body::{Frame, Incoming, SizeHint};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep, sleep_until};
use tokio_rustls::TlsAcceptor;
use tower::ServiceExt;

use super::held::Held;
use super::level::{Full, ServiceLevel};
use super::limits::{ConnectionLimits, HEAD_BYTES_MAX};
use super::phase::{Phases, Tracked};
use super::proxies::{Peer, Proxies};
use crate::api::texts::{details, values};
use crate::http::body::Drained;
use crate::http::language::Language;
use crate::http::trace::TraceId;
use crate::http::{Code, Problem, envelope};
use crate::runtime::shutdown::Stop;

/// The paths that are answered also on reserve connections.
const HEALTH: [&str; 3] = ["/livez", "/readyz", "/metrics"];
const EVENT_STREAM: &str = "text/event-stream";

/// The state shared by all connections of a thread.
#[derive(Clone)]
pub(super) struct Host {
    router: Router,
    http: http1::Builder,
    limits: ConnectionLimits,
    stop: Stop,
    proxies: Proxies,
    acceptor: Option<TlsAcceptor>,
}

impl Host {
    pub(super) fn new(router: Router, limits: ConnectionLimits, stop: Stop) -> Host {
        let mut http = http1::Builder::new();
        http.max_header_size(HEAD_BYTES_MAX).header_read_timeout(None);
        Host { router, http, limits, stop, proxies: Proxies::default(), acceptor: None }
    }

    /// Believes these proxies, and speaks TLS with an acceptor.
    pub(super) fn behind(self, proxies: Proxies, acceptor: Option<TlsAcceptor>) -> Host {
        Host { proxies, acceptor, ..self }
    }

    pub(super) fn stop(&self) -> Stop {
        self.stop.clone()
    }

    pub(super) async fn serve(mut self, stream: TcpStream, held: Held) {
        // Without TCP_NODELAY, a small answer may wait for the acknowledgement of the one before.
        let _closed = stream.set_nodelay(true);
        let peer = stream.peer_addr().ok().map(|address| address.ip());
        let Some(acceptor) = &self.acceptor else { return self.serve_over(stream, peer, held).await };
        let phases = Arc::<Phases>::clone(&held.slot().phases);
        let shaken = tokio::select! {
            shaken = tokio::time::timeout(self.limits.header_timeout, acceptor.accept(stream)) => shaken,
            () = self.stop.requested() => return,
            () = phases.evicted() => return,
        };
        // A client that fails at the handshake cannot be answered.
        if let Ok(Ok(stream)) = shaken {
            self.serve_over(stream, peer, held).await;
        }
    }

    async fn serve_over<S>(mut self, stream: S, peer: Option<IpAddr>, held: Held)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let (phases, level) = (held.slot().phases.clone(), held.slot().level);
        let io = TokioIo::new(Tracked::new(stream, phases.clone()));
        let proxies = self.proxies.clone();
        let service = service_fn(|mut request: Request<Incoming>| {
            if let Some(peer) = peer {
                let client = Peer(proxies.client(peer, request.headers()));
                request.extensions_mut().insert(client);
            }
            if request.headers().contains_key(UPGRADE) {
                request.extensions_mut().insert(held.clone());
            }
            // Before the answer is first polled: the library may look for the end of the client's stream in between.
            phases.head_complete();
            let patience = self.limits.body_timeout;
            answer(self.router.clone(), request, phases.clone(), level, patience)
        });
        let mut connection = pin!(self.http.serve_connection(io, service).with_upgrades());
        let mut alarm = pin!(sleep_until(Instant::now() + self.limits.idle_timeout));
        tokio::select! {
            biased;
            () = until_closed(connection.as_mut(), alarm.as_mut(), &phases) => return,
            () = self.stop.requested() => {}
            () = phases.evicted() => if phases.is_between_answers() { return },
        }
        phases.close();
        connection.as_mut().graceful_shutdown();
        until_closed(connection, alarm, &phases).await;
    }
}

/// Drives a connection until it closes, or until its phase has lasted too long.
///
/// The alarm is reset only when it fires, so that most requests do not touch it.
async fn until_closed<E>(
    mut connection: Pin<&mut impl Future<Output = Result<(), E>>>,
    mut alarm: Pin<&mut Sleep>,
    phases: &Phases,
) {
    poll_fn(|context| {
        if connection.as_mut().poll(context).is_ready() {
            return Poll::Ready(());
        }
        loop {
            let Some(deadline) = phases.deadline() else {
                return Poll::Pending;
            };
            if deadline < alarm.deadline() {
                alarm.as_mut().reset(deadline);
            }
            ready!(alarm.as_mut().poll(context));
            if deadline <= Instant::now() {
                return Poll::Ready(());
            }
            alarm.as_mut().reset(deadline);
        }
    })
    .await;
}

async fn answer(
    router: Router,
    request: Request<Incoming>,
    phases: Arc<Phases>,
    level: ServiceLevel,
    patience: Duration,
) -> Result<Response<Answer>, Infallible> {
    let waits_to_be_asked = request.headers().contains_key(EXPECT);
    let request = request.map(|body| {
        if body.is_end_stream() {
            return Body::empty();
        }
        let body = Drained::new(body, patience, Arc::<Phases>::clone(&phases));
        Body::new(if waits_to_be_asked { body.unasked() } else { body })
    });
    let mut response = match refusal(&request, level) {
        Some(problem) => {
            let (trace, language) = (TraceId::of(request.headers()), Language::of(request.headers()));
            envelope::refuse(problem, request.uri().path(), trace, language)
        }
        None => router.oneshot(request).await?,
    };
    if level != ServiceLevel::Everything {
        // The reserve slot is needed for the next client.
        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    }
    if response.status() == StatusCode::SWITCHING_PROTOCOLS {
        phases.leave_http();
    } else if response.headers().get(CONTENT_TYPE).is_some_and(|kind| kind == EVENT_STREAM) {
        // The stream never ends by itself, so it must end when the client closes its side.
        phases.heed_end();
    }
    Ok(response.map(|body| Answer { body, phases }))
}

/// Returns the problem of a request that is refused before routing: no full service, or not exactly one Host header (RFC 9112,
/// 3.2).
fn refusal(request: &Request<Body>, level: ServiceLevel) -> Option<Problem> {
    if let ServiceLevel::HealthOnly(full) = level
        && !HEALTH.contains(&request.uri().path())
    {
        return Some(match full {
            Full::Shop => Problem::new(Code::Overloaded, details::CONNECTIONS_USED),
            Full::Address => Problem::new(Code::RateExceeded, details::CONNECTIONS_TOO_MANY),
        });
    }
    let hosts = request.headers().get_all(HOST).iter().count();
    match hosts {
        1 => None,
        0 if request.version() < Version::HTTP_11 => None,
        0 => Some(Problem::invalid_header("Host", "required", values::HOST)),
        _ => Some(Problem::invalid_header("Host", "duplicate_header", values::HEADER_TWICE)),
    }
}

/// The body of an answer, which notes when it has been sent or dropped.
struct Answer {
    body: Body,
    phases: Arc<Phases>,
}

impl Drop for Answer {
    fn drop(&mut self) {
        self.phases.answered();
    }
}

impl HttpBody for Answer {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
