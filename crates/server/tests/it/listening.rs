//! A running HTTP server with a few routes, and a client that sends bytes.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::FromRef;
use axum::routing::{get, post};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use server::http::connections::{self, ConnectionLimits, Front, Serving};
use server::http::json::{Json, JsonOrEmpty};
use server::http::{self, BodyLimits};
use server::metrics::Metrics;
use server::runtime::shutdown::{self, Stopper};
use server::security::auth::{Admin, Customer, Tokens};

pub(crate) const SECRET: &[u8] = b"a secret of at least thirty-two bytes";
pub(crate) const HEADER_TIMEOUT: Duration = Duration::from_millis(300);
pub(crate) const BODY_TIMEOUT: Duration = Duration::from_millis(300);
pub(crate) const IDLE_TIMEOUT: Duration = Duration::from_millis(1200);

#[derive(Clone)]
struct Shared {
    tokens: Arc<Tokens>,
}

impl FromRef<Shared> for Arc<Tokens> {
    fn from_ref(shared: &Shared) -> Arc<Tokens> {
        shared.tokens.clone()
    }
}

impl FromRef<Shared> for BodyLimits {
    fn from_ref(_: &Shared) -> BodyLimits {
        BodyLimits { bytes_max: 64 * 1024, timeout: BODY_TIMEOUT }
    }
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Order {
    items: Vec<Item>,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Item {
    product_id: i64,
    quantity: u32,
}

#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Nothing {}

/// A running server; dropping it stops it.
pub(crate) struct Listening {
    pub(crate) address: SocketAddr,
    stopper: Option<Stopper>,
    serving: Option<Serving>,
}

impl Listening {
    pub(crate) fn start() -> Listening {
        Listening::with_connections_max(1000)
    }

    pub(crate) fn with_connections_max(connections_max: usize) -> Listening {
        let limits = ConnectionLimits {
            threads: 2,
            connections_max,
            connections_per_address_max: connections_max,
            header_timeout: HEADER_TIMEOUT,
            body_timeout: BODY_TIMEOUT,
            idle_timeout: IDLE_TIMEOUT,
            write_timeout: Duration::from_secs(5),
            shutdown_grace: Duration::from_secs(5),
        };
        let listener = connections::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (stopper, stop) = shutdown::channel();
        let router = http::enclose(routes(), Arc::new(Metrics::new()), http::envelope::Edge::default());
        let serving = connections::start(&listener, &router, &Front::default(), limits, &stop).unwrap();
        Listening { address, stopper: Some(stopper), serving: Some(serving) }
    }

    pub(crate) fn connect(&self) -> Client {
        let stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        Client { stream, unread: Vec::new() }
    }

    /// Sends one request on a new connection.
    pub(crate) fn ask(&self, request: &str) -> Answer {
        let mut client = self.connect();
        client.send(request.as_bytes());
        client.receive()
    }

    pub(crate) fn post(&self, path: &str, body: &str) -> Answer {
        let length = body.len();
        self.ask(&format!(
            "POST {path} HTTP/1.1\r\nhost: shop\r\ncontent-type: application/json\r\n\
             content-length: {length}\r\n\r\n{body}"
        ))
    }

    pub(crate) fn order_to_stop(&mut self) {
        self.stopper.take().unwrap().stop();
    }

    pub(crate) fn join(&mut self) {
        self.serving.take().unwrap().join().unwrap();
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        drop(self.stopper.take());
        if let Some(serving) = self.serving.take() {
            serving.join().unwrap();
        }
    }
}

fn routes() -> Router {
    async fn panics() {
        panic!("the handler is broken")
    }
    async fn slow() -> &'static str {
        tokio::time::sleep(Duration::from_millis(400)).await;
        "done at last"
    }
    let tokens = Arc::new(Tokens::new(SECRET));
    Router::new()
        .route("/quick", get(async || "quick"))
        .route("/slow", get(slow))
        .route("/readyz", get(async || "ok"))
        .route("/panic", get(panics))
        .route("/orders", post(async |Json(order): Json<Order>| Json(order)))
        .route("/empty", post(async |JsonOrEmpty(nothing): JsonOrEmpty<Nothing>| Json(nothing)))
        .route("/unread", post(async || "not read"))
        .route("/mine", get(async |Customer(who): Customer| who.user_id.to_string()))
        .route("/admin", get(async |Admin(who): Admin| who.user_id.to_string()))
        .with_state(Shared { tokens })
}

pub(crate) struct Client {
    stream: TcpStream,
    unread: Vec<u8>,
}

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("no JSON: {self:?}"))
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (found, value) = line.split_once(": ")?;
            found.eq_ignore_ascii_case(name).then_some(value)
        })
    }

    #[track_caller]
    pub(crate) fn assert_problem(&self, status: u16, code: &str) {
        assert_eq!(self.status, status, "{self:?}");
        assert_eq!(self.header("content-type"), Some("application/problem+json"));
        assert_eq!(self.json()["code"], code);
    }
}

impl Client {
    pub(crate) fn send(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).unwrap();
    }

    /// Closes the sending side only.
    pub(crate) fn send_no_more(&mut self) {
        self.stream.shutdown(Shutdown::Write).unwrap();
    }

    /// Reads one answer.
    pub(crate) fn receive(&mut self) -> Answer {
        let end = loop {
            if let Some(at) = self.unread.windows(4).position(|window| window == b"\r\n\r\n") {
                break at + 4;
            }
            self.read_some();
        };
        let head = String::from_utf8(self.unread.drain(..end).collect()).unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        let mut answer = Answer { status, head, body: String::new() };
        let length = answer.header("content-length").map_or(0, |length| length.parse().unwrap());
        while self.unread.len() < length {
            self.read_some();
        }
        answer.body = String::from_utf8(self.unread.drain(..length).collect()).unwrap();
        answer
    }

    fn read_some(&mut self) {
        let mut buffer = [0; 4096];
        let length = self.stream.read(&mut buffer).unwrap();
        assert_ne!(length, 0, "closed after {:?}", String::from_utf8_lossy(&self.unread));
        self.unread.extend_from_slice(&buffer[..length]);
    }

    /// Waits until the server closes the connection; `false` after `patience`.
    pub(crate) fn is_closed_within(&mut self, patience: Duration) -> bool {
        self.stream.set_read_timeout(Some(patience)).unwrap();
        let read = self.stream.read(&mut [0; 64]);
        self.stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        match read {
            Ok(0) => true,
            Ok(_) => panic!("an answer was not expected"),
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => false,
            Err(_reset) => true,
        }
    }
}
