//! One connection, from its first request to its last.

use std::convert::Infallible;
use std::future::{Future, poll_fn};
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
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep, sleep_until};
use tower::ServiceExt;

use super::phase::{Noting, Phases};
use super::places::{Full, Standing};
use super::{ConnectionLimits, HEAD_BYTES_MAX, Held, Peer};
use crate::api::texts::{details, values};
use crate::http::body::Drained;
use crate::http::language::Language;
use crate::http::trace::TraceId;
use crate::http::{Code, Problem, envelope};
use crate::runtime::shutdown::Stop;

/// What is answered also when no connection is left for anything else.
const HEALTH: [&str; 3] = ["/livez", "/readyz", "/metrics"];
const EVENT_STREAM: &str = "text/event-stream";

/// What all connections of a thread share.
#[derive(Clone)]
pub(super) struct Host {
    router: Router,
    http: http1::Builder,
    limits: ConnectionLimits,
    stop: Stop,
}

impl Host {
    pub(super) fn new(router: Router, limits: ConnectionLimits, stop: Stop) -> Host {
        let mut http = http1::Builder::new();
        http.max_header_size(HEAD_BYTES_MAX).header_read_timeout(None);
        Host { router, http, limits, stop }
    }

    pub(super) fn stop(&self) -> Stop {
        self.stop.clone()
    }

    pub(super) async fn serve(mut self, stream: TcpStream, held: Held) {
        // Without it a small answer may wait for the acknowledgement of the one before.
        let _closed = stream.set_nodelay(true);
        let (phases, standing) = (held.place().phases.clone(), held.place().standing);
        let peer = stream.peer_addr().ok().map(|address| Peer(address.ip()));
        let io = TokioIo::new(Noting::new(stream, phases.clone()));
        let service = service_fn(|mut request: Request<Incoming>| {
            if let Some(peer) = peer {
                request.extensions_mut().insert(peer);
            }
            if request.headers().contains_key(UPGRADE) {
                request.extensions_mut().insert(held.clone());
            }
            let patience = self.limits.body_timeout;
            answer(self.router.clone(), request, (phases.clone(), standing), patience)
        });
        let mut connection = pin!(self.http.serve_connection(io, service).with_upgrades());
        let mut alarm = pin!(sleep_until(Instant::now() + self.limits.idle_timeout));
        tokio::select! {
            biased;
            () = until_closed(connection.as_mut(), alarm.as_mut(), &phases) => return,
            () = self.stop.requested() => {}
            () = phases.way_given() => if phases.is_between_answers() { return },
        }
        phases.close();
        connection.as_mut().graceful_shutdown();
        until_closed(connection, alarm, &phases).await;
    }
}

/// Drives a connection until it closes, or until its phase has lasted too long.
///
/// The alarm is set back only when it rings: most requests come and go without touching it.
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
    (phases, standing): (Arc<Phases>, Standing),
    patience: Duration,
) -> Result<Response<Answer>, Infallible> {
    phases.head_complete();
    let waits_to_be_asked = request.headers().contains_key(EXPECT);
    let request = request.map(|body| {
        if body.is_end_stream() {
            return Body::empty();
        }
        let body = Drained::new(body, patience, Arc::<Phases>::clone(&phases));
        Body::new(if waits_to_be_asked { body.unasked() } else { body })
    });
    let mut response = match refusal(&request, standing) {
        Some(problem) => {
            let (trace, language) = (TraceId::of(request.headers()), Language::of(request.headers()));
            envelope::refuse(problem, request.uri().path(), trace, language)
        }
        None => router.oneshot(request).await?,
    };
    if standing != Standing::Everything {
        // The next one who asks needs the place.
        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    }
    if response.status() == StatusCode::SWITCHING_PROTOCOLS {
        phases.leave_http();
    } else if response.headers().get(CONTENT_TYPE).is_some_and(|kind| kind == EVENT_STREAM) {
        // It never ends by itself, so the reader's end is its end.
        phases.heed_end();
    }
    Ok(response.map(|body| Answer { body, phases }))
}

/// What is refused before anything is looked at. Whom a request is for must be said, and once (RFC 9112, 3.2).
fn refusal(request: &Request<Body>, standing: Standing) -> Option<Problem> {
    if let Standing::HealthOnly(full) = standing
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

/// The body of an answer, which notes when it has been given away.
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
