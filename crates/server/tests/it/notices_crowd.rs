//! Thousands of idle streams: their memory, and that they do not delay the shop's stop.

use std::net::TcpStream;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::live::{Events, Socket};
use crate::shop::{ANN, TestShop};

const STREAMS: i64 = 2_000;
/// The first user id of the streams, apart from the users of the tests.
const CROWD: i64 = 100_000;

fn streams() -> i64 {
    std::env::var("DOORBUSTER_STREAMS").ok().and_then(|streams| streams.parse().ok()).unwrap_or(STREAMS)
}

fn resident_kib(shop: &TestShop) -> i64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", shop.pid())).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or("0");
    line.trim().trim_end_matches("kB").trim().parse().unwrap()
}

/// Opens the streams, places an order meanwhile, and stops the shop with all of them open.
fn stop_with_a_crowd<T>(what: &str, open: impl Fn(&TestShop, i64) -> T) {
    let mut shop = TestShop::start();
    let product = shop.product(0, 10);
    shop.order(ANN, &json!({"items": [{"productId": product, "quantity": 1}]})).expect(200);
    let (before, began) = (resident_kib(&shop), Instant::now());
    let crowd: Vec<T> = (0..streams()).map(|number| open(&shop, CROWD + number)).collect();
    let opened = began.elapsed();
    let each = (resident_kib(&shop) - before) as f64 / crowd.len() as f64;
    let metrics = shop.client().send("GET", "/metrics", &[], "").unwrap().text;
    assert!(metrics.contains(&format!("doorbuster_notice_streams {}", crowd.len())), "{metrics}");

    let mut ann = Events::open(&shop, ANN, None);
    let began = Instant::now();
    shop.order(ANN, &json!({"items": [{"productId": product, "quantity": 1}]})).expect(200);
    assert_eq!(ann.next().unwrap().kind, "order.completed");
    let heard = began.elapsed();
    let began = Instant::now();
    shop.stop();
    let stopped = began.elapsed();
    eprintln!(
        "{} idle {what} streams: opened in {opened:?}, {each:.1} KiB of memory each; an order heard after {heard:?}; \
         stopped in {stopped:?}",
        crowd.len()
    );
    assert!(stopped < Duration::from_secs(10), "stopped in {stopped:?}");
    shop.open();
}

#[test]
fn many_event_streams_do_not_delay_the_stop() {
    stop_with_a_crowd("event", |shop, user| Events::open(shop, user, None));
}

#[test]
fn many_unresponsive_sockets_do_not_delay_the_stop() {
    stop_with_a_crowd("socket", |shop, user| {
        let stream = TcpStream::connect(&shop.address).unwrap();
        Socket::connect(stream, shop, user, "/api/ws").unwrap()
    });
}
