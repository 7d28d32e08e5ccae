//! HTTP/2 over TLS and in the clear, and the PROXY protocol, at the listener of the real binary.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::Request;
use hyper::client::conn::http2::{self, SendRequest};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use server::security::auth::Role;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use xtask::certificates::{Authority, Fault};

use crate::shop::{ANN, TestShop};

const V1: &[u8] = b"PROXY TCP4 192.0.2.7 10.0.0.1 12345 443\r\n";
const V2: &[u8] = b"\r\n\r\n\0\r\nQUIT\n\x21\x11\x00\x0c\xc0\x00\x02\x09\x0a\x00\x00\x01\x30\x39\x01\xbb";

type Http2 = SendRequest<Full<Bytes>>;

fn run<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

async fn http2<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(stream: S) -> Http2 {
    let (sender, connection) = http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    sender
}

fn request(shop: &TestShop, method: &str, path: &str, body: &'static str) -> Request<Full<Bytes>> {
    let bearer = format!("Bearer {}", shop.token(ANN, Role::Customer));
    let request = Request::builder().method(method).uri(format!("http://localhost{path}"));
    let request = request.header("authorization", bearer).header("content-type", "application/json");
    request.body(Full::new(Bytes::from_static(body.as_bytes()))).unwrap()
}

async fn status(client: &Http2, request: Request<Full<Bytes>>) -> u16 {
    let mut client = client.clone();
    client.ready().await.unwrap();
    let answer = client.send_request(request).await.unwrap();
    let status = answer.status().as_u16();
    answer.into_body().collect().await.unwrap();
    status
}

/// Connects from an address of this machine.
async fn connect_from(shop: &TestShop, last: u8) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(SocketAddr::from((Ipv4Addr::new(127, 0, 0, last), 0))).unwrap();
    socket.connect(shop.address.parse().unwrap()).await.unwrap()
}

#[test]
fn requests_share_a_connection_in_the_clear() {
    let mut shop = TestShop::start_with(&[("DOORBUSTER__SERVER__H2C", "true")]);
    run(async {
        let client = http2(TcpStream::connect(&shop.address).await.unwrap()).await;
        assert_eq!(status(&client, request(&shop, "POST", "/api/points/charge", r#"{"amount": 1000}"#)).await, 200);
        let asked: Vec<_> = (0..250)
            .map(|n| {
                let path = if n % 5 == 0 { "/api/products/999" } else { "/api/points" };
                let (client, request) = (client.clone(), request(&shop, "GET", path, ""));
                tokio::spawn(async move { status(&client, request).await })
            })
            .collect();
        for (n, asked) in asked.into_iter().enumerate() {
            assert_eq!(asked.await.unwrap(), if n % 5 == 0 { 404 } else { 200 });
        }
        let mut twice = request(&shop, "GET", "/api/points", "");
        twice.headers_mut().insert("host", "elsewhere.example".parse().unwrap());
        assert_eq!(status(&client, twice).await, 400, "a Host header that is not the authority");
        assert_eq!(shop.get(ANN, "/api/points").status, 200, "HTTP/1.1 is spoken beside it");
        let large = Full::new(Bytes::from(vec![b' '; 300_000]));
        let large = request(&shop, "POST", "/api/orders", "").map(|_| large);
        assert_eq!(status(&client, large).await, 413, "answered before its body is read");
        // A request that its client gives up leaves the connection usable.
        let mut waiting = request(&shop, "GET", "/api/events", "");
        waiting.headers_mut().insert("accept", "text/event-stream".parse().unwrap());
        let mut given_up = client.clone();
        let stream = given_up.send_request(waiting).await.unwrap();
        assert_eq!(stream.status(), 200);
        drop(stream);
        assert_eq!(status(&client, request(&shop, "GET", "/api/points", "")).await, 200);
        // An idle connection does not delay the end.
        let began = Instant::now();
        let stopped = tokio::task::spawn_blocking(move || shop.stop());
        stopped.await.unwrap();
        assert!(began.elapsed() < Duration::from_secs(8), "{:?}", began.elapsed());
    });
}

#[test]
fn a_listener_without_the_setting_speaks_http_1_only() {
    let shop = TestShop::start();
    run(async {
        let mut stream = TcpStream::connect(&shop.address).await.unwrap();
        stream.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await.unwrap();
        let mut answer = vec![];
        // The library closes such a connection without an answer.
        let _end = stream.read_to_end(&mut answer).await;
        assert!(answer.is_empty(), "{}", String::from_utf8_lossy(&answer));
    });
}

async fn handshake(address: &str, authority: &Path, offered: &[&[u8]]) -> TlsStream<TcpStream> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(authority).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let client = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let mut client = client.with_root_certificates(roots).with_no_client_auth();
    client.alpn_protocols = offered.iter().map(|offered| offered.to_vec()).collect();
    let stream = TcpStream::connect(address).await.unwrap();
    let name = ServerName::try_from("localhost").unwrap();
    TlsConnector::from(Arc::new(client)).connect(name, stream).await.unwrap()
}

#[test]
fn clients_choose_http2_in_the_handshake() {
    let Some(authority) = Authority::make("clients_choose_http2_in_the_handshake") else { return };
    let issued = authority.issue("shop", Fault::None);
    let (cert, key) = (issued.certificate.display().to_string(), issued.key.display().to_string());
    let settings = [
        ("DOORBUSTER__SERVER__TLS_CERT_FILE", cert.as_str()),
        ("DOORBUSTER__SERVER__TLS_KEY_FILE", key.as_str()),
        ("DOORBUSTER__ADMIN__LISTEN", "127.0.0.1:0"),
    ];
    let ca = authority.certificate();
    let chosen = |stream: &TlsStream<TcpStream>| stream.get_ref().1.alpn_protocol().map(<[u8]>::to_vec);
    let shop = TestShop::start_with(&settings);
    run(async {
        let stream = handshake(&shop.address, &ca, &[b"h2", b"http/1.1"]).await;
        assert_eq!(chosen(&stream), Some(b"h2".to_vec()));
        let mut client = http2(stream).await;
        assert_eq!(status(&client, request(&shop, "GET", "/api/points", "")).await, 200);
        let left = client.send_request(request(&shop, "DELETE", "/api/auth/session", "")).await.unwrap();
        assert!(left.headers()["set-cookie"].to_str().unwrap().ends_with("; Secure"), "{left:?}");
        let mut stream = handshake(&shop.address, &ca, &[b"http/1.1"]).await;
        stream.write_all(b"GET /livez HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").await.unwrap();
        let mut answer = vec![];
        let _end = stream.read_to_end(&mut answer).await;
        assert!(answer.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&answer));
    });
    let shop = TestShop::start_with(&[&settings[..], &[("DOORBUSTER__SERVER__HTTP2", "false")]].concat());
    let stream = run(handshake(&shop.address, &ca, &[b"h2", b"http/1.1"]));
    assert_eq!(chosen(&stream), Some(b"http/1.1".to_vec()), "switched off");
}

/// Charges points behind a header; returns the status of the answer, `None` if there is none.
async fn charge(shop: &TestShop, from: u8, header: &[u8]) -> Option<u16> {
    let mut stream = connect_from(shop, from).await;
    let body = r#"{"amount": 1000}"#;
    let request = format!(
        "POST /api/points/charge HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {}\r\ncontent-type: application/json\r\n\
         content-length: {}\r\nconnection: close\r\n\r\n{body}",
        shop.token(ANN, Role::Customer),
        body.len()
    );
    // A refused connection is closed while this is still being sent.
    let _sent = stream.write_all(&[header, request.as_bytes()].concat()).await;
    let _closed = stream.shutdown().await;
    let mut answer = vec![];
    let _end = stream.read_to_end(&mut answer).await;
    std::str::from_utf8(&answer).unwrap().split(' ').nth(1)?.parse().ok()
}

#[test]
fn a_proxy_names_its_client_before_http() {
    let shop = TestShop::start_with(&[
        ("DOORBUSTER__SERVER__PROXY_PROTOCOL", "true"),
        ("DOORBUSTER__SERVER__H2C", "true"),
        ("DOORBUSTER__SERVER__TRUSTED_PROXIES", "127.0.0.2"),
        ("DOORBUSTER__LIMITS__ADDRESS_PER_S", "1"),
        ("DOORBUSTER__LIMITS__ADDRESS_BURST", "1"),
    ]);
    run(async {
        let mut statuses = vec![];
        while statuses.last() != Some(&Some(429)) {
            assert!(statuses.len() < 200, "the client is never limited");
            statuses.push(charge(&shop, 2, V1).await);
        }
        assert_eq!(statuses[0], Some(200));
        assert_eq!(charge(&shop, 2, V2).await, Some(200), "the other client has a limit of its own");
        let mut stream = connect_from(&shop, 2).await;
        stream.write_all(b"PROXY UNKNOWN\r\n").await.unwrap();
        assert_eq!(status(&http2(stream).await, request(&shop, "GET", "/api/points", "")).await, 200);
        assert_eq!(charge(&shop, 2, b"").await, None, "a trusted proxy must begin with a header");
        assert_eq!(charge(&shop, 2, b"PROXY TCP4 nonsense 10.0.0.1 1 2\r\n").await, None);
        assert_eq!(charge(&shop, 3, V1).await, Some(400), "another one's header is no HTTP");
        let mut state = 7_u64;
        for _ in 0..60 {
            let noise: Vec<u8> = std::iter::repeat_with(|| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                (state >> 56) as u8
            })
            .take(40)
            .collect();
            let begin = [&V2[..12], &V1[..11], &V2[..16], b""][noise[0] as usize % 4];
            let answer = charge(&shop, 2, &[begin, &noise[..]].concat()).await;
            assert!(matches!(answer, None | Some(400)), "{answer:?}");
        }
        assert_eq!(status(&http2(connect_from(&shop, 3).await).await, request(&shop, "GET", "/livez", "")).await, 200);
    });
}
