use std::thread::sleep;
use std::time::Duration;

use crate::listening::{Answer, BODY_TIMEOUT, Client, Listening};

const QUICK: &[u8] = b"GET /quick HTTP/1.1\r\nhost: shop\r\n\r\n";
const MIB: usize = 1024 * 1024;

#[track_caller]
fn check(body: &str, pointer: &str, code: &str) {
    let answer = Listening::start().post("/orders", body);
    answer.assert_problem(400, "validation.failed");
    let error = &answer.json()["errors"][0];
    assert_eq!((error["pointer"].as_str(), error["code"].as_str()), (Some(pointer), Some(code)));
}

fn post_head(client: &mut Client, path: &str, length: &str) {
    let head = format!("POST {path} HTTP/1.1\r\nhost: shop\r\n{length}\r\n\r\n");
    client.send(head.as_bytes());
}

fn chunked(client: &mut Client, bytes: usize) {
    let chunk = "a".repeat(16 * 1024);
    for _ in 0..bytes / chunk.len() {
        client.send(format!("{:x}\r\n{chunk}\r\n", chunk.len()).as_bytes());
    }
    client.send(b"0\r\n\r\n");
}

fn expect_too_large_and_another(client: &mut Client) {
    let answer: Answer = client.receive();
    answer.assert_problem(413, "body.too_large");
    client.send(QUICK);
    assert_eq!(client.receive().body, "quick", "the connection is still good");
}

#[test]
fn a_valid_body_is_read() {
    let answer = Listening::start().post("/orders", r#"{"items":[{"productId":1,"quantity":2}]}"#);
    assert_eq!((answer.status, answer.json()["items"][0]["quantity"].as_i64()), (200, Some(2)));
}

#[test]
fn problems_point_at_the_field() {
    check(r#"{"items":[{"productId":1,"quantity":"two"}]}"#, "#/items/0/quantity", "wrong_type");
    check(r#"{"items":[{"productId":1,"quantity":-2}]}"#, "#/items/0/quantity", "out_of_range");
    check(r#"{"items":[{"productId":1e999,"quantity":2}]}"#, "#/items/0/productId", "out_of_range");
    check(r#"{"items":[{"productId":1}]}"#, "#/items/0/quantity", "required");
    check(r#"{"items":[],"price":1}"#, "#/price", "unknown_field");
    check(r#"{"items":[]"#, "#", "syntax");
    check("", "#", "syntax");
    check(&format!(r#"{{"items":{}"#, "[".repeat(60_000)), "#/items/0", "wrong_type");
}

#[test]
fn another_content_type_is_refused() {
    let request = "POST /orders HTTP/1.1\r\nhost: shop\r\ncontent-type: text/plain\r\n\
                   content-length: 2\r\n\r\n{}";
    Listening::start().ask(request).assert_problem(415, "media_type.unsupported");
}

#[test]
fn a_compressed_body_is_refused_with_what_is_allowed() {
    let listening = Listening::start();
    for path in ["/orders", "/empty"] {
        let head =
            format!("POST {path} HTTP/1.1\r\nhost: shop\r\ncontent-encoding: gzip\r\ncontent-length: 2\r\n\r\n{{}}");
        let answer = listening.ask(&head);
        answer.assert_problem(415, "media_type.unsupported");
        assert_eq!(answer.header("accept-encoding"), Some("identity"));
        assert_eq!(answer.header("accept"), Some("application/json"));
    }
}

#[test]
fn a_content_type_is_given_once() {
    let types = "content-type: application/json\r\ncontent-type: text/plain\r\n";
    let answer =
        Listening::start().ask(&format!("POST /orders HTTP/1.1\r\nhost: shop\r\n{types}content-length: 2\r\n\r\n{{}}"));
    answer.assert_problem(400, "validation.failed");
    assert_eq!(answer.json()["errors"][0]["header"], "Content-Type");
}

#[test]
fn a_post_without_fields_takes_an_object_or_nothing() {
    let listening = Listening::start();
    assert_eq!(listening.post("/empty", "{}").status, 200);
    assert_eq!(listening.post("/empty", "").status, 200);
    assert_eq!(listening.ask("POST /empty HTTP/1.1\r\nhost: shop\r\n\r\n").status, 200);
    listening.post("/empty", r#"{"x":1}"#).assert_problem(400, "validation.failed");
    listening.post("/empty", "[]").assert_problem(400, "validation.failed");
}

#[test]
fn an_announced_large_body_gets_its_answer() {
    let listening = Listening::start();
    let mut client = listening.connect();
    post_head(&mut client, "/orders", &format!("content-length: {MIB}"));
    client.send(&vec![b'a'; MIB]);
    expect_too_large_and_another(&mut client);
}

#[test]
fn a_large_body_in_chunks_gets_its_answer() {
    let listening = Listening::start();
    let mut client = listening.connect();
    post_head(&mut client, "/orders", "transfer-encoding: chunked");
    chunked(&mut client, 512 * 1024);
    expect_too_large_and_another(&mut client);
}

#[test]
fn the_answer_comes_before_the_large_body() {
    let listening = Listening::start();
    let mut client = listening.connect();
    post_head(&mut client, "/orders", &format!("content-length: {MIB}"));
    client.receive().assert_problem(413, "body.too_large");
}

#[test]
fn a_body_that_no_handler_reads_does_not_spoil_the_connection() {
    let listening = Listening::start();
    let mut client = listening.connect();
    for path in ["/unread", "/nothing"] {
        post_head(&mut client, path, "content-length: 300000");
        client.send(&vec![b'a'; 300_000]);
        client.receive();
    }
    client.send(QUICK);
    assert_eq!(client.receive().body, "quick");
}

#[test]
fn a_body_that_does_not_arrive_times_out() {
    let listening = Listening::start();
    let mut client = listening.connect();
    post_head(&mut client, "/orders", "content-length: 100");
    client.send(b"{");
    client.receive().assert_problem(408, "request.timeout");
}

#[test]
fn a_drained_connection_is_idle_again() {
    let listening = Listening::start();
    let mut client = listening.connect();
    post_head(&mut client, "/unread", "content-length: 200000");
    client.send(&vec![b'a'; 100_000]);
    sleep(BODY_TIMEOUT / 3);
    client.send(&vec![b'a'; 100_000]);
    client.receive();
    sleep(Duration::from_millis(700));
    client.send(QUICK);
    assert_eq!(client.receive().body, "quick");
}

#[test]
fn a_client_that_expects_100_continue_gets_it_or_a_refusal() {
    let listening = Listening::start();
    let mut client = listening.connect();
    post_head(&mut client, "/orders", "expect: 100-continue\r\ncontent-length: 12");
    assert_eq!(client.receive().status, 100);
    client.send(br#"{"items":[]}"#);
    assert_eq!(client.receive().status, 200);
    post_head(&mut client, "/orders", "expect: 100-continue\r\ncontent-length: 100000");
    client.receive().assert_problem(413, "body.too_large");
}
