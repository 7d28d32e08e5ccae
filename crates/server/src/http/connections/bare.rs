//! The second baseline of `doorbuster bench`: the HTTP library alone, in the same binary and process, without router,
//! middleware and token check. A slower middleware makes `echo` slower as well, so a ratio to `echo` does not show it.

use std::convert::Infallible;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::thread;

use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderValue, Request, Response};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::sync::mpsc;

/// Connections that wait for their thread.
const WAITING_MAX: usize = 1_024;
const BYTES_MAX: usize = 64 * 1024;

/// Serves on this many threads, until the process ends.
///
/// # Errors
/// If the port or a thread cannot be had.
pub fn start(threads: usize) -> io::Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let address = listener.local_addr()?;
    let mut servers = vec![];
    for number in 0..threads.max(1) {
        let (sender, inbox) = mpsc::channel(WAITING_MAX);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        thread::Builder::new().name(format!("bare-{number}")).spawn(move || runtime.block_on(serve_all(inbox)))?;
        servers.push(sender);
    }
    let accept = move || {
        for (stream, server) in listener.incoming().map_while(Result::ok).zip(servers.iter().cycle()) {
            if server.blocking_send(stream).is_err() {
                return;
            }
        }
    };
    thread::Builder::new().name("bare-accept".to_owned()).spawn(accept)?;
    Ok(address)
}

async fn serve_all(mut inbox: mpsc::Receiver<TcpStream>) {
    while let Some(stream) = inbox.recv().await {
        tokio::spawn(serve(stream));
    }
}

async fn serve(stream: TcpStream) -> io::Result<()> {
    stream.set_nonblocking(true)?;
    stream.set_nodelay(true)?;
    let stream = TokioIo::new(tokio::net::TcpStream::from_std(stream)?);
    http1::Builder::new().serve_connection(stream, service_fn(answer)).await.map_err(io::Error::other)
}

/// Answers as `/bench/echo/{bytes}` does.
async fn answer(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let bytes = request.uri().path().rsplit('/').next().and_then(|last| last.parse().ok()).unwrap_or(2);
    let _read = request.into_body().collect().await;
    let mut text = vec![b'x'; usize::clamp(bytes, 2, BYTES_MAX)];
    let last = text.len() - 1;
    (text[0], text[last]) = (b'"', b'"');
    let mut response = Response::new(Full::new(Bytes::from(text)));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    Ok(response)
}
