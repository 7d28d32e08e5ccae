//! Serves one connection, from its first request to its last.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::net::IpAddr;
use std::pin::{Pin, pin};
use std::sync::{Arc, LazyLock};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, HttpBody};
use axum::http::header::{CONNECTION, CONTENT_TYPE, EXPECT, UPGRADE};
use axum::http::{HeaderValue, Request, Response, StatusCode};
use bytes::Bytes;
use hyper::body::{Frame, Incoming, SizeHint};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep_until};
use tokio_rustls::TlsAcceptor;

use super::closing::until_closed;
use super::encryption::HTTP2;
use super::held::Held;
use super::level::ServiceLevel;
use super::limits::{ConnectionLimits, HEAD_BYTES_MAX};
use super::multiplexed::{Client, Multiplexed};
use super::phase::{Phases, Tracked};
use super::preface::{after_proxy_header, begins_http2};
use super::proxies::Proxies;
use super::refusals::respond;
use crate::http::body::Drained;
use crate::runtime::shutdown::Stop;
use crate::system::logging::Thinned;

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
    speaks_h2c: bool,
}

impl Host {
    pub(super) fn new(router: Router, limits: ConnectionLimits, stop: Stop) -> Host {
        let mut http = http1::Builder::new();
        http.max_header_size(HEAD_BYTES_MAX).header_read_timeout(None);
        Host { router, http, limits, stop, proxies: Proxies::default(), acceptor: None, speaks_h2c: false }
    }

    /// Believes these proxies, and speaks TLS with an acceptor.
    pub(super) fn behind(self, proxies: Proxies, acceptor: Option<TlsAcceptor>) -> Host {
        Host { proxies, acceptor, ..self }
    }

    /// Understands clients that begin with HTTP/2 in the clear.
    pub(super) fn with_h2c(self, speaks_h2c: bool) -> Host {
        Host { speaks_h2c, ..self }
    }

    pub(super) fn stop(&self) -> Stop {
        self.stop.clone()
    }

    pub(super) async fn serve(mut self, stream: TcpStream, held: Held) {
        // Without TCP_NODELAY, a small answer may wait for the acknowledgement of the one before.
        let _closed = stream.set_nodelay(true);
        let peer = stream.peer_addr().ok().map(|address| address.ip());
        if !peer.is_some_and(|peer| self.proxies.begin_with_header(peer)) {
            return self.serve_from(stream, peer, held).await;
        }
        let begun = self.in_time(after_proxy_header(stream), &held, self.limits.header_timeout).await;
        match begun {
            // Boxed, as all rare ways are: each connection would be as large as the largest of them.
            Some(Ok((stream, client))) => Box::pin(self.serve_from(stream, client.or(peer), held)).await,
            Some(Err(error)) => note_wrong_header(peer, &error),
            None => {}
        }
    }

    /// Serves a connection from its first byte behind a proxy's header: TLS, if the listener speaks it.
    async fn serve_from<S>(mut self, stream: S, peer: Option<IpAddr>, held: Held)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let Some(acceptor) = self.acceptor.clone() else {
            if !self.speaks_h2c {
                return self.serve_over(stream, peer, held).await;
            }
            let begun = self.in_time(begins_http2(stream), &held, self.limits.idle_timeout).await;
            return match begun {
                Some(Ok((stream, true))) => Box::pin(self.serve_streams(stream, peer, &held)).await,
                Some(Ok((stream, false))) => Box::pin(self.serve_over(stream, peer, held)).await,
                Some(Err(_)) | None => {}
            };
        };
        // A client that fails at the handshake cannot be answered.
        let shaken = self.in_time(acceptor.accept(stream), &held, self.limits.header_timeout).await;
        let Some(Ok(stream)) = shaken else { return };
        if stream.get_ref().1.alpn_protocol() == Some(HTTP2) {
            Box::pin(self.serve_streams(stream, peer, &held)).await;
        } else {
            self.serve_over(stream, peer, held).await;
        }
    }

    /// Awaits the beginning of a connection; `None` if it takes too long, or the slot or the shop is needed otherwise.
    async fn in_time<T>(&mut self, begin: impl Future<Output = T>, held: &Held, patience: Duration) -> Option<T> {
        tokio::select! {
            begun = tokio::time::timeout(patience, begin) => begun.ok(),
            () = self.stop.requested() => None,
            () = held.slot().phases.evicted() => None,
        }
    }

    async fn serve_streams<S>(self, stream: S, peer: Option<IpAddr>, held: &Held)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let Host { router, limits, stop, proxies, acceptor, .. } = self;
        let client = Client { peer, proxies, is_encrypted: acceptor.is_some(), level: held.slot().level };
        let phases = Arc::<Phases>::clone(&held.slot().phases);
        Multiplexed { router, limits, stop, phases, client }.serve(stream).await;
    }

    async fn serve_over<S>(mut self, stream: S, peer: Option<IpAddr>, held: Held)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let (phases, level) = (held.slot().phases.clone(), held.slot().level);
        let io = TokioIo::new(Tracked::new(stream, phases.clone()));
        let client = Client { peer, proxies: self.proxies.clone(), is_encrypted: self.acceptor.is_some(), level };
        let service = service_fn(|mut request: Request<Incoming>| {
            client.mark(&mut request);
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
    let mut response = respond(router, request, level).await?;
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

/// Logs a trusted proxy that does not begin as the settings say, at most once per second.
fn note_wrong_header(peer: Option<IpAddr>, error: &io::Error) {
    static THINNED: LazyLock<Thinned> = LazyLock::new(|| Thinned::new(1));
    if let Some(peer) = peer
        && let Some(left_out) = THINNED.admits()
    {
        tracing::warn!(%peer, left_out, "A trusted proxy sent no PROXY protocol header; see server.proxy_protocol: {error}");
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
