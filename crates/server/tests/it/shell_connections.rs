use std::net::TcpStream;
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::listening::{HEADER_TIMEOUT, IDLE_TIMEOUT, Listening};

const QUICK: &[u8] = b"GET /quick HTTP/1.1\r\nhost: shop\r\n\r\n";

#[test]
fn a_slow_head_is_cut_off() {
    let listening = Listening::start();
    let mut client = listening.connect();
    let started = Instant::now();
    client.send(b"GET /quick HTTP/1.1\r\nhost: ");
    // A byte now and then must not extend the time-out.
    sleep(HEADER_TIMEOUT / 2);
    client.send(b"s");
    assert!(client.is_closed_within(HEADER_TIMEOUT * 2));
    assert!(started.elapsed() >= HEADER_TIMEOUT && started.elapsed() < IDLE_TIMEOUT);
}

#[test]
fn an_idle_connection_is_kept_longer_than_a_head_may_take() {
    let listening = Listening::start();
    let mut client = listening.connect();
    for _ in 0..2 {
        sleep(HEADER_TIMEOUT * 2);
        client.send(QUICK);
        assert_eq!(client.receive().body, "quick");
    }
    assert!(!client.is_closed_within(IDLE_TIMEOUT / 2), "idle connections live longer");
    assert!(client.is_closed_within(IDLE_TIMEOUT * 2), "but not for ever");
}

#[test]
fn a_slow_head_on_a_used_connection_is_cut_off_too() {
    let listening = Listening::start();
    let mut client = listening.connect();
    client.send(QUICK);
    client.receive();
    client.send(b"GET /");
    let started = Instant::now();
    assert!(client.is_closed_within(HEADER_TIMEOUT * 2));
    assert!(started.elapsed() < IDLE_TIMEOUT);
}

#[test]
fn an_answer_may_take_longer_than_a_head() {
    let listening = Listening::start();
    let answer = listening.ask("GET /slow HTTP/1.1\r\nhost: shop\r\n\r\n");
    assert_eq!(answer.body, "done at last");
}

#[test]
fn pipelined_requests_are_answered_in_order() {
    let listening = Listening::start();
    let mut client = listening.connect();
    client.send(&[b"GET /slow HTTP/1.1\r\nhost: shop\r\n\r\n", QUICK].concat());
    assert_eq!(client.receive().body, "done at last");
    assert_eq!(client.receive().body, "quick");
}

#[test]
fn a_panic_is_a_problem_and_the_thread_lives_on() {
    let listening = Listening::start();
    let mut client = listening.connect();
    for _ in 0..3 {
        client.send(b"GET /panic HTTP/1.1\r\nhost: shop\r\n\r\n");
        let answer = client.receive();
        answer.assert_problem(500, "internal");
        assert_eq!(answer.json()["instance"], "/panic");
    }
    client.send(QUICK);
    assert_eq!(client.receive().status, 200);
}

#[test]
fn a_stop_finishes_the_request_in_progress() {
    let mut listening = Listening::start();
    let mut busy = listening.connect();
    let mut idle = listening.connect();
    let mut fresh = listening.connect();
    idle.send(QUICK);
    idle.receive();
    busy.send(b"GET /slow HTTP/1.1\r\nhost: shop\r\n\r\n");
    sleep(Duration::from_millis(100));
    let started = Instant::now();
    listening.order_to_stop();
    assert_eq!(busy.receive().body, "done at last");
    assert!(busy.is_closed_within(Duration::from_secs(1)));
    assert!(idle.is_closed_within(Duration::from_secs(1)));
    assert!(fresh.is_closed_within(Duration::from_secs(1)));
    listening.join();
    assert!(started.elapsed() < Duration::from_secs(2), "the grace is not waited out");
    assert!(TcpStream::connect(listening.address).is_err());
}

#[test]
fn bytes_that_are_not_http_are_refused() {
    let listening = Listening::start();
    listening.ask("EHLO shop\r\n\r\n").assert_problem(400, "request.malformed");
    listening.ask("GET /quick HTTP/1.1\r\nhost shop\r\n\r\n").assert_problem(400, "request.malformed");
    let lengths = "content-length: 2\r\ncontent-length: 3";
    let answer = listening.ask(&format!("POST /orders HTTP/1.1\r\nhost: shop\r\n{lengths}\r\n\r\n{{}}"));
    answer.assert_problem(400, "request.malformed");
    assert_eq!(answer.header("request-id"), answer.json()["traceId"].as_str());
    assert_eq!(answer.header("connection"), Some("close"));
    let long = "x".repeat(70 * 1024);
    let answer = listening.ask(&format!("GET /quick HTTP/1.1\r\nhost: shop\r\nx: {long}\r\n\r\n"));
    answer.assert_problem(431, "headers.too_large");
    listening.ask(&format!("GET /{long} HTTP/1.1\r\n")).assert_problem(431, "headers.too_large");
    let mut client = listening.connect();
    client.send(&[QUICK, b"EHLO shop\r\n\r\n"].concat());
    assert_eq!(client.receive().body, "quick");
    client.receive().assert_problem(400, "request.malformed");
    assert_eq!(listening.ask("GET /quick HTTP/1.1\r\nhost: shop\r\n\r\n").status, 200);
}

#[test]
fn a_request_has_exactly_one_host() {
    let listening = Listening::start();
    for hosts in ["", "host: shop\r\nhost: shop\r\n"] {
        let answer = listening.ask(&format!("GET /quick HTTP/1.1\r\n{hosts}\r\n"));
        answer.assert_problem(400, "validation.failed");
        assert_eq!(answer.json()["errors"][0]["header"], "Host");
    }
    assert_eq!(listening.ask("GET /quick HTTP/1.0\r\n\r\n").status, 200);
}

#[test]
fn a_client_that_closes_its_sending_side_still_gets_the_answer() {
    let listening = Listening::start();
    let body = r#"{"items":[]}"#;
    let post = format!("POST /orders HTTP/1.1\r\nhost: shop\r\ncontent-length: {}\r\n\r\n{body}", body.len());
    for (request, answered) in [("GET /slow HTTP/1.1\r\nhost: shop\r\n\r\n", "done at last"), (&post, body)] {
        let mut client = listening.connect();
        client.send(request.as_bytes());
        client.send_no_more();
        assert_eq!(client.receive().body, answered);
        assert!(client.is_closed_within(Duration::from_secs(10)), "and then it is over");
    }
    let mut client = listening.connect();
    client.send(&post.as_bytes()[..post.len() - 1]);
    client.send_no_more();
    // Waiting for half a body would end with 408.
    client.receive().assert_problem(400, "validation.failed");
}

#[test]
fn connections_above_the_limit_replace_idle_ones() {
    let listening = Listening::with_connections_max(2);
    let mut used = listening.connect();
    used.send(QUICK);
    used.receive();
    let mut silent = listening.connect();
    let mut third = listening.connect();
    third.send(QUICK);
    assert_eq!(third.receive().body, "quick");
    assert!(silent.is_closed_within(IDLE_TIMEOUT / 2), "a connection that never sent a request is evicted first");
    used.send(QUICK);
    assert_eq!(used.receive().body, "quick");
}

#[test]
fn health_checks_are_answered_when_all_connections_are_in_use() {
    let listening = Listening::with_connections_max(2);
    let mut busy: Vec<_> = (0..2).map(|_| listening.connect()).collect();
    busy.iter_mut().for_each(|client| client.send(b"GET /slow HTTP/1.1\r\nhost: shop\r\n\r\n"));
    busy.iter_mut().for_each(|client| assert!(!client.is_closed_within(Duration::from_millis(50))));
    let health = listening.ask("GET /readyz HTTP/1.1\r\nhost: shop\r\n\r\n");
    assert_eq!((health.status, health.header("connection")), (200, Some("close")));
    let other = listening.ask("GET /quick HTTP/1.1\r\nhost: shop\r\n\r\n");
    other.assert_problem(429, "rate.exceeded");
    assert!(other.header("retry-after").is_some());
    busy.iter_mut().for_each(|client| assert_eq!(client.receive().body, "done at last"));
    assert_eq!(listening.ask("GET /quick HTTP/1.1\r\nhost: shop\r\n\r\n").body, "quick");
}

#[test]
fn many_connections_at_once_are_all_served() {
    let listening = Listening::start();
    let mut clients: Vec<_> = (0..200).map(|_| listening.connect()).collect();
    for client in &mut clients {
        client.send(QUICK);
    }
    for client in &mut clients {
        assert_eq!(client.receive().status, 200);
    }
}
