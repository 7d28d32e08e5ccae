//! Serves one connection of HTTP/2, whose requests are answered side by side.

use std::convert::Infallible;
use std::net::IpAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, HttpBody};
use axum::http::header::HOST;
use axum::http::{HeaderValue, Request, Response, Uri};
use bytes::Bytes;
use hyper::body::{Frame, Incoming, SizeHint};
use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{Instant, sleep_until};

use super::closing::until_closed;
use super::encryption::Encrypted;
use super::level::ServiceLevel;
use super::limits::{ConnectionLimits, HEAD_BYTES_MAX};
use super::phase::{Phases, Tracked};
use super::proxies::{Peer, Proxies};
use super::refusals::respond;
use crate::http::body::Drained;
use crate::runtime::shutdown::Stop;

/// Requests that one connection may have open at once.
const STREAMS_MAX: u32 = 100;
/// The most bytes of an answer that are kept while its client does not read.
const UNSENT_BYTES_MAX: usize = 16 * 1024;
/// The most bytes of bodies that a client may send before they are read: of one request, and of all requests.
const WINDOW_BYTES: u32 = 64 * 1024;
const WINDOW_OF_ALL_BYTES: u32 = 256 * 1024;

/// A connection of HTTP/2, and what answers its requests.
pub(super) struct Multiplexed {
    pub(super) router: Router,
    pub(super) limits: ConnectionLimits,
    pub(super) stop: Stop,
    pub(super) phases: Arc<Phases>,
    pub(super) client: Client,
}

/// The other side of a connection.
#[derive(Clone)]
pub(super) struct Client {
    pub(super) peer: Option<IpAddr>,
    pub(super) proxies: Proxies,
    pub(super) is_encrypted: bool,
    pub(super) level: ServiceLevel,
}

impl Client {
    /// Tells the handlers who sends a request, and if it came over TLS.
    pub(super) fn mark<B>(&self, request: &mut Request<B>) {
        if let Some(peer) = self.peer {
            let peer = Peer(self.proxies.client(peer, request.headers()));
            request.extensions_mut().insert(peer);
        }
        if self.is_encrypted {
            request.extensions_mut().insert(Encrypted);
        }
    }
}

impl Multiplexed {
    pub(super) async fn serve<S>(self, stream: S)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let Multiplexed { router, limits, mut stop, phases, client } = self;
        phases.begin_streams();
        let io = TokioIo::new(Tracked::new(stream, phases.clone()));
        let service = service_fn(|request: Request<Incoming>| {
            let request = with_drained_body(request, limits.body_timeout, &phases);
            answer(router.clone(), request, client.clone(), OpenStream::begin(&phases))
        });
        let mut http = http2::Builder::new(TokioExecutor::new());
        http.max_concurrent_streams(STREAMS_MAX)
            .max_send_buf_size(UNSENT_BYTES_MAX)
            .initial_stream_window_size(WINDOW_BYTES)
            .initial_connection_window_size(WINDOW_OF_ALL_BYTES)
            .max_header_list_size(u32::try_from(HEAD_BYTES_MAX).unwrap_or(u32::MAX));
        let mut connection = pin!(http.serve_connection(io, service));
        let mut alarm = pin!(sleep_until(Instant::now() + limits.idle_timeout));
        tokio::select! {
            biased;
            () = until_closed(connection.as_mut(), alarm.as_mut(), &phases) => return,
            () = stop.requested() => {}
            () = phases.evicted() => {}
        }
        phases.close();
        connection.as_mut().graceful_shutdown();
        until_closed(connection, alarm, &phases).await;
    }
}

/// A client that is still sending when its stream is reset may never see the answer.
fn with_drained_body(request: Request<Incoming>, patience: Duration, phases: &Arc<Phases>) -> Request<Body> {
    request.map(|body| {
        if body.is_end_stream() {
            return Body::empty();
        }
        Body::new(Drained::new(body, patience, Arc::<Phases>::clone(phases)))
    })
}

async fn answer(
    router: Router,
    mut request: Request<Body>,
    client: Client,
    open: OpenStream,
) -> Result<Response<Streamed>, Infallible> {
    to_origin_form(&mut request);
    client.mark(&mut request);
    let response = respond(router, request, client.level).await?;
    if client.level != ServiceLevel::Everything {
        // The reserve slot is needed for the next client; open requests are still answered.
        open.phases.evict();
    }
    Ok(response.map(|body| Streamed { body, open }))
}

/// Gives a request the form that it has in HTTP/1.1: the path as its target, and the authority as its Host header. A Host header
/// that differs stays beside it, and is refused.
fn to_origin_form<B>(request: &mut Request<B>) {
    let uri = std::mem::take(request.uri_mut());
    if let Some(authority) = uri.authority()
        && let Ok(authority) = HeaderValue::from_str(authority.as_str())
        && request.headers().get(HOST) != Some(&authority)
    {
        request.headers_mut().append(HOST, authority);
    }
    *request.uri_mut() = uri.path_and_query().cloned().map_or_else(|| Uri::from_static("/"), Uri::from);
}

/// A request from its head to the end of its answer, also if the client gives it up.
struct OpenStream {
    phases: Arc<Phases>,
    /// A part of the answer was taken, and no further one asked for.
    is_sending: bool,
}

impl OpenStream {
    fn begin(phases: &Arc<Phases>) -> OpenStream {
        phases.stream_opened();
        OpenStream { phases: Arc::clone(phases), is_sending: false }
    }

    fn note(&mut self, is_sending: bool) {
        if self.is_sending != is_sending {
            self.is_sending = is_sending;
            self.phases.stream_sends(is_sending);
        }
    }
}

impl Drop for OpenStream {
    fn drop(&mut self) {
        self.note(false);
        self.phases.stream_closed();
    }
}

/// The body of an answer. The library asks for the next part when the client has room for it.
struct Streamed {
    body: Body,
    open: OpenStream,
}

impl HttpBody for Streamed {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let frame = Pin::new(&mut self.body).poll_frame(context);
        // Off first: each part that is asked for is progress.
        self.open.note(false);
        self.open.note(matches!(frame, Poll::Ready(Some(Ok(_)))));
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin_form(uri: &'static str, host: Option<&'static str>) -> (String, Vec<String>) {
        let mut request = Request::new(());
        *request.uri_mut() = Uri::from_static(uri);
        if let Some(host) = host {
            request.headers_mut().insert(HOST, HeaderValue::from_static(host));
        }
        to_origin_form(&mut request);
        let hosts = request.headers().get_all(HOST).iter().map(|host| host.to_str().unwrap().to_owned());
        (request.uri().to_string(), hosts.collect())
    }

    #[test]
    fn a_request_has_the_form_of_http_1() {
        let shop = || vec!["shop.example".to_owned()];
        assert_eq!(origin_form("https://shop.example/api?a=1", None), ("/api?a=1".to_owned(), shop()));
        assert_eq!(origin_form("https://shop.example/api", Some("shop.example")), ("/api".to_owned(), shop()));
        assert_eq!(origin_form("/api", Some("shop.example")), ("/api".to_owned(), shop()));
        assert_eq!(origin_form("https://shop.example/", Some("other.example")).1.len(), 2, "refused as two");
        assert_eq!(origin_form("shop.example:443", None).0, "/", "CONNECT has no path");
    }
}
