//! A client that does not read is disconnected and misses nothing; one that was away too long gets a `reset`.

use std::net::TcpStream;
use std::time::{Duration, Instant};

use serde_json::json;
use socket2::{Domain, Protocol, Socket as RawSocket, Type};

use crate::client::Client;
use crate::live::{Events, Socket, expect_kinds};
use crate::shop::{ANN, TestShop};

const NOTICES: usize = 1_900;

/// A shop in which Ann has many notices.
fn talkative(count: usize, write_timeout_ms: &str) -> TestShop {
    let shop = TestShop::start_with(&[
        ("DOORBUSTER__SERVER__WRITE_TIMEOUT_MS", write_timeout_ms),
        ("DOORBUSTER__STORE__SYNCHRONOUS", "off"),
    ]);
    let product = shop.product(0, 1_000_000);
    let body = json!({"items": [{"productId": product, "quantity": 1}]}).to_string();
    let bearer = shop.bearer(ANN);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
                let mut client = Client::connect(&shop.address).unwrap();
                for _ in 0..count / 4 {
                    client.send("POST", "/api/orders", &headers, &body).unwrap().expect(202);
                }
            });
        }
    });
    shop
}

/// A connection with a small receive buffer.
fn narrow(shop: &TestShop) -> TcpStream {
    let socket = RawSocket::new(Domain::IPV4, Type::STREAM, Some(Protocol::TCP)).unwrap();
    socket.set_recv_buffer_size(4 * 1024).unwrap();
    let address: std::net::SocketAddr = shop.address.parse().unwrap();
    socket.connect(&address.into()).unwrap();
    socket.into()
}

fn wait_for_metric(shop: &TestShop, line: &str) {
    let began = Instant::now();
    while began.elapsed() < Duration::from_secs(30) {
        let metrics = shop.client().send("GET", "/metrics", &[], "").unwrap().text;
        if metrics.contains(line) {
            return;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    panic!("there is still no {line}");
}

#[test]
fn an_event_stream_that_is_not_read_is_closed_and_resumed() {
    let shop = talkative(NOTICES, "500");
    let mut slow = Events::connect(narrow(&shop), &shop, ANN, Some(0)).unwrap();
    wait_for_metric(&shop, "doorbuster_notice_streams 0");
    let mut heard = slow.rest();
    assert!((1..NOTICES).contains(&heard.len()), "a part arrives: {}", heard.len());
    let after = heard.last().unwrap().id;
    heard.extend(Events::open(&shop, ANN, Some(after)).take(NOTICES - heard.len()));
    expect_kinds(&heard, 1, &vec!["order.completed"; NOTICES]);
}

#[test]
fn a_socket_that_is_not_read_is_closed_with_its_resume_position() {
    let shop = talkative(NOTICES, "500");
    let mut slow = Socket::connect(narrow(&shop), &shop, ANN, "/api/ws?lastEventId=0").unwrap();
    wait_for_metric(&shop, "doorbuster_notice_sockets_too_slow_total 1");
    let (mut heard, goodbye) = slow.rest();
    assert!((1..NOTICES).contains(&heard.len()), "a part arrives: {}", heard.len());
    let after = heard.last().unwrap().id;
    assert_eq!(goodbye, Some((4000, format!("resume after {after}"))));
    heard.extend(Events::open(&shop, ANN, Some(after)).take(NOTICES - heard.len()));
    expect_kinds(&heard, 1, &vec!["order.completed"; NOTICES]);
}

#[test]
fn a_client_that_missed_too_much_gets_a_reset() {
    let shop = talkative(2_400, "30000");
    let mut ann = Events::open(&shop, ANN, Some(100));
    let reset = ann.next().unwrap();
    assert_eq!((reset.kind.as_str(), reset.id, &reset.data["resumeAfter"]), ("reset", 1_400, &json!(1_400)));
    expect_kinds(&ann.take(1_000), 1_401, &vec!["order.completed"; 1_000]);
    let mut near = Events::open(&shop, ANN, Some(400));
    expect_kinds(&near.take(2_000), 401, &vec!["order.completed"; 2_000]);
}

#[test]
fn clients_that_do_not_read_do_not_delay_the_stop() {
    let mut shop = talkative(NOTICES, "30000");
    let events = Events::connect(narrow(&shop), &shop, ANN, Some(0)).unwrap();
    let socket = Socket::connect(narrow(&shop), &shop, ANN, "/api/ws?lastEventId=0").unwrap();
    std::thread::sleep(Duration::from_millis(500));
    let began = Instant::now();
    shop.stop();
    assert!(began.elapsed() < Duration::from_secs(8), "stopped in {:?}", began.elapsed());
    drop((events, socket));
    shop.open();
}
