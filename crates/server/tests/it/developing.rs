//! `doorbuster listen` and `doorbuster trigger` beside a demo shop.

use std::io::{BufRead as _, BufReader, Read};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::hook_receiver::HookReceiver;
use crate::shop::{SECRET, TestShop};
use crate::webhooks::verify;

const TYPES: [&str; 15] = [
    "order.placed",
    "order.completed",
    "order.cancelled",
    "order.status",
    "order.refunded",
    "payment.completed",
    "payment.failed",
    "coupon.issued",
    "coupon.refused",
    "coupon.used",
    "coupon.restored",
    "product.sold_out",
    "product.restocked",
    "product.price_changed",
    "shipment.updated",
];

fn doorbuster(shop: &TestShop, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_doorbuster"));
    command.args(args).arg("--data-dir").arg(shop.folder()).env("DOORBUSTER_AUTH_SECRET", SECRET);
    command
}

fn trigger(shop: &TestShop, event_type: &str, more: &[&str]) -> Output {
    doorbuster(shop, &[&["trigger", event_type], more].concat()).output().unwrap()
}

/// A running `doorbuster listen`, which ends with the test.
struct Listener {
    process: Child,
    /// The line that says that it is ready.
    ready: String,
}

impl Listener {
    fn start(shop: &TestShop, args: &[&str]) -> Listener {
        let mut command = doorbuster(shop, &[&["listen"], args].concat());
        let mut process = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(process.stderr.take().unwrap()).lines().map_while(Result::ok);
        let ready = lines.next().unwrap();
        std::thread::spawn(move || lines.for_each(|line| eprintln!("{line}")));
        Listener { process, ready }
    }

    fn lines(&mut self) -> impl Iterator<Item = String> + use<> {
        let stdout: Box<dyn Read + Send> = Box::new(self.process.stdout.take().unwrap());
        BufReader::new(stdout).lines().map_while(Result::ok)
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[test]
fn events_are_forwarded_at_once_and_signed() {
    let mut shop = TestShop::start_as(&[], &["--demo"]);
    let receiver = HookReceiver::start(&[200]);
    let url = receiver.url();
    let mut listener =
        Listener::start(&shop, &["--forward-to", &url, "--event-types", "product.price_changed", "--json"]);
    let (_, rest) = listener.ready.split_once("signing secret is ").unwrap();
    let secret = rest.split(' ').next().unwrap().to_owned();
    let mut lines = listener.lines();

    let product = shop.product(1_000, 5);
    let path = format!("/api/admin/products/{product}");
    let began = Instant::now();
    shop.ask(crate::shop::ADMIN, "PATCH", &path, &[], &json!({"price": 1_001})).expect(200);
    let delivered = receiver.next();
    assert!(delivered.at - began < Duration::from_secs(1), "{:?}", delivered.at - began);
    verify(&delivered, &secret);
    let body: Value = serde_json::from_str(&delivered.body).unwrap();
    assert_eq!((&body["type"], &body["data"]["price"]), (&json!("product.price_changed"), &json!(1_001)));
    let shown: Value = serde_json::from_str(&lines.next().unwrap()).unwrap();
    assert_eq!((&shown["responseStatus"], &shown["body"]), (&json!(200), &body));
    assert_eq!(shown["eventId"], delivered.header("webhook-id"));

    // It goes on when the shop comes back, on another port, and repeats nothing.
    shop.kill();
    shop.open();
    shop.ask(crate::shop::ADMIN, "PATCH", &path, &[], &json!({"price": 1_002})).expect(200);
    let next: Value = serde_json::from_str(&receiver.next().body).unwrap();
    assert_eq!(next["data"]["price"], 1_002);
}

/// Events of the seconds before the start are looked at again, and are not taken for new.
#[test]
fn a_listener_begins_after_what_has_happened_however_much_it_was() {
    let shop = TestShop::start();
    let product = shop.product(1_000, 5);
    let path = format!("/api/admin/products/{product}");
    let change = |price: i64| shop.ask(crate::shop::ADMIN, "PATCH", &path, &[], &json!({"price": price})).expect(200);
    for price in 2_000..2_350 {
        change(price);
    }
    let mut listener = Listener::start(&shop, &["--json"]);
    let mut lines = listener.lines();
    for price in [3_000, 3_001] {
        change(price);
        let line: Value = serde_json::from_str(&lines.next().unwrap()).unwrap();
        assert_eq!(line["body"]["data"]["price"], price);
    }
}

#[test]
fn every_event_that_can_be_triggered_happens() {
    let shop = TestShop::start_as(&[], &["--demo"]);
    let mut listener = Listener::start(&shop, &["--json"]);
    let mut lines = listener.lines();
    for event_type in TYPES {
        let made = trigger(&shop, event_type, &["--json"]);
        assert!(made.status.success(), "{event_type}: {made:?}");
        let made: Value = serde_json::from_slice(&made.stdout).unwrap();
        let made = &made["made"];
        let subject =
            ["orderNumber", "userCouponId", "productId", "couponId"].into_iter().find_map(|name| made.get(name));
        let subject = subject.unwrap().to_string();
        let found = lines.find(|line| {
            let line: Value = serde_json::from_str(line).unwrap();
            line["eventType"] == event_type && line["body"].to_string().contains(&subject)
        });
        assert!(found.is_some(), "{event_type} never happens");
    }
}

#[test]
fn what_cannot_be_done_is_said() {
    let shop = TestShop::start();
    let refused = trigger(&shop, "coupon.issued", &[]);
    let said = String::from_utf8(refused.stderr).unwrap();
    assert!(said.contains("--any-shop"), "{said}");
    let made = trigger(&shop, "coupon.issued", &["--any-shop"]);
    assert!(String::from_utf8(made.stdout).unwrap().contains("userCouponId UC-"));
    let unknown = trigger(&shop, "order.eaten", &[]);
    let said = String::from_utf8(unknown.stderr).unwrap();
    assert!(said.contains("order.completed") && said.contains("payment.failed"), "{said}");
    for (args, word) in
        [(["--event-types", "order.eaten"], "order.refunded"), (["--forward-to", "nonsense"], "--forward-to")]
    {
        let refused = doorbuster(&shop, &[&["listen"], &args[..]].concat()).output().unwrap();
        let said = String::from_utf8(refused.stderr).unwrap();
        assert!(!refused.status.success() && said.contains(word), "{said}");
    }
}
