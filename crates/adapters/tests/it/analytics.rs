//! The sink of the analytics over HTTP.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::thread::JoinHandle;
use std::time::Duration;

use adapters::analytics::HttpSink;
use app::log::trailing::analytics::{Lines, Sink as _};
use flate2::read::GzDecoder;

use crate::database::runtime;

/// A request as the endpoint got it: its lines before the body, and the uncompressed body.
type Got = (Vec<String>, String);

/// Answers each request with the next status.
fn endpoint(answers: &'static [&'static str]) -> (String, JoinHandle<Vec<Got>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://me:secret@{}/?query=INSERT", listener.local_addr().unwrap());
    let serve = move || {
        let mut got = vec![];
        for answer in answers {
            let (mut stream, _) = listener.accept().unwrap();
            let mut reader = BufReader::new(stream.try_clone().unwrap());
            let head: Vec<String> =
                reader.by_ref().lines().map(Result::unwrap).take_while(|line| !line.is_empty()).collect();
            let length = head.iter().find_map(|line| line.strip_prefix("content-length: ")).unwrap().parse().unwrap();
            let mut body = vec![0; length];
            reader.read_exact(&mut body).unwrap();
            let mut text = String::new();
            GzDecoder::new(body.as_slice()).read_to_string(&mut text).unwrap();
            got.push((head, text));
            write!(stream, "HTTP/1.1 {answer}\r\ncontent-length: 4\r\nconnection: close\r\n\r\nbusy").unwrap();
        }
        got
    };
    (url, std::thread::spawn(serve))
}

#[test]
fn a_batch_is_posted_until_the_endpoint_takes_it() {
    let (url, endpoint) = endpoint(&["503 Service Unavailable", "302 Found", "200 OK"]);
    let mut sink = HttpSink::new(&url, Duration::from_secs(5)).unwrap();
    let text = "{\"eventId\":\"1\"}\n{\"eventId\":\"2\"}\n".to_owned();
    let lines = Lines { text, count: 2, day: "2026-11-21".to_owned(), name: "1.2.2".to_owned() };
    let taken: Vec<Result<(), String>> =
        runtime().block_on(async { vec![sink.take(&lines).await, sink.take(&lines).await, sink.take(&lines).await] });
    assert!(taken[0].as_ref().unwrap_err().contains("503") && taken[0].as_ref().unwrap_err().contains("busy"));
    assert!(taken[1].is_err(), "a redirect is not followed");
    assert_eq!(taken[2], Ok(()));
    for (head, body) in endpoint.join().unwrap() {
        assert!(head[0].starts_with("POST /?query=INSERT"), "{head:?}");
        for header in ["content-encoding: gzip", "idempotency-key: 1.2.2", "content-type: application/x-ndjson"] {
            assert!(head.iter().any(|line| line == header), "{header} is not in {head:?}");
        }
        assert!(head.iter().any(|line| line.starts_with("authorization: Basic ")), "{head:?}");
        assert_eq!(body, lines.text);
    }
}

#[test]
fn an_address_that_is_none_is_refused() {
    for wrong in ["clickhouse", "ftp://host/", "tcp://host:9000"] {
        assert!(HttpSink::new(wrong, Duration::from_secs(1)).is_err(), "{wrong}");
    }
}
