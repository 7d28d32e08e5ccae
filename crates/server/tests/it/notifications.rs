//! Notifications of the real binary: what users choose, what reaches a gateway and a mail server, and what does not.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};
use xtask::addresses::python_with;

use crate::brokers::{over_kafka, until};
use crate::hook_receiver::{Delivered, HookReceiver};
use crate::shared::Database;
use crate::shop::{ADMIN, ANN, BOB, TestShop};

const SETTINGS: &str = "/api/users/me/notification-settings";
const PHONE: &str = "+821012345678";

/// A shop whose channels lead to the gateway.
fn start(gateway: &HookReceiver, more: &[(&str, &str)]) -> TestShop {
    let url = gateway.url();
    let mut settings = vec![
        ("DOORBUSTER__NOTIFICATIONS__SMS", "http"),
        ("DOORBUSTER__NOTIFICATIONS__PUSH", "http"),
        ("DOORBUSTER__NOTIFICATIONS__GATEWAY_URL", url.as_str()),
        ("DOORBUSTER_GATEWAY_TOKEN", "a token of the gateway"),
        // An attempt whose process was killed counts as lost after this and 15 s.
        ("DOORBUSTER__NOTIFICATIONS__TIMEOUT_S", "1"),
    ];
    settings.extend(more);
    TestShop::start_with(&settings)
}

fn choose(shop: &TestShop, user: i64, settings: &Value) -> Value {
    shop.ask(user, "PUT", SETTINGS, &[], settings).expect(200)
}

fn choose_sms(shop: &TestShop, user: i64) {
    choose(shop, user, &json!({"phone": PHONE, "language": "ko", "channels": {"sms": true}}));
}

/// Issues a coupon of a new campaign to a user.
fn issue(shop: &TestShop, user: i64, name: &str) {
    let campaign = shop.campaign(10, &json!({"name": name}));
    shop.post(user, &format!("/api/coupons/{campaign}/issue"), &Value::Null).expect(201);
}

fn body(delivered: &Delivered) -> Value {
    serde_json::from_str(&delivered.body).unwrap()
}

fn letters(shop: &TestShop) -> Vec<Value> {
    shop.get(ADMIN, "/api/admin/dead-letters").expect(200)["data"].as_array().unwrap().clone()
}

#[test]
fn nobody_is_notified_who_did_not_choose_it() {
    let shop = TestShop::start();
    let none = json!({"language": "en", "channels": {"email": false, "sms": false, "push": false}});
    assert_eq!(shop.get(ANN, SETTINGS).expect(200), none);
    let korean = shop.ask(ANN, "GET", SETTINGS, &[("accept-language", "ko")], &Value::Null).expect(200);
    assert_eq!(korean["language"], "ko");

    let chosen =
        json!({"phone": PHONE, "pushToken": "device-1", "language": "ko", "channels": {"sms": true, "push": true}});
    let shown = choose(&shop, ANN, &chosen);
    let expected = json!({
        "phone": PHONE, "pushToken": "device-1", "language": "ko",
        "channels": {"email": false, "sms": true, "push": true},
    });
    assert_eq!(shown, expected);
    assert_eq!(shop.get(ANN, SETTINGS).expect(200), expected);
    assert_eq!(shop.get(BOB, SETTINGS).expect(200), none, "each user has settings of their own");
    assert_eq!(choose(&shop, ANN, &shown), expected, "what is read can be written");
    assert_eq!(choose(&shop, ANN, &json!({})), none, "what is left out is deleted");
}

#[test]
fn settings_are_checked() {
    let shop = TestShop::start();
    for (settings, pointer) in [
        (json!({"phone": "010-1234-5678"}), "#/phone"),
        (json!({"phone": "+0101234567"}), "#/phone"),
        (json!({"channels": {"sms": true}}), "#/phone"),
        (json!({"channels": {"push": true}}), "#/pushToken"),
        (json!({"pushToken": ""}), "#/pushToken"),
        (json!({"pushToken": "device-1\nx"}), "#/pushToken"),
        (json!({"pushToken": "device 1"}), "#/pushToken"),
        (json!({"channels": {"email": true}}), "#/channels/email"),
        (json!({"email": "eve@example.com"}), "#/email"),
        (json!({"channels": {"fax": true}}), "#/channels/fax"),
        (json!({"language": "fr"}), "#/language"),
    ] {
        let refused = shop.ask(ANN, "PUT", SETTINGS, &[], &settings);
        assert_eq!(refused.problem(400), "validation.failed", "{settings}");
        assert_eq!(refused.json()["errors"][0]["pointer"], pointer, "{settings}");
    }
}

/// A coupon and an order reach every chosen channel, and nothing from before the choice.
fn users_are_notified(shop: &TestShop, gateway: &HookReceiver) {
    issue(shop, ANN, "Too early");
    issue(shop, BOB, "Not wanted");
    choose(
        shop,
        ANN,
        &json!({"phone": PHONE, "pushToken": "device-1", "language": "ko", "channels": {"sms": true, "push": true}}),
    );
    issue(shop, ANN, "가을 세일");
    let both = [gateway.next(), gateway.next()];
    for (delivered, channel) in both.iter().zip(["push", "sms"]).chain(both.iter().rev().zip(["push", "sms"])) {
        if body(delivered)["channel"] != channel {
            continue;
        }
        let sent = body(delivered);
        assert!(delivered.header("idempotency-key").ends_with(&format!("-{channel}")));
        assert_eq!(delivered.header("authorization"), "Bearer a token of the gateway");
        assert_eq!(sent["to"], if channel == "sms" { PHONE } else { "device-1" });
        assert_eq!((&sent["template"], &sent["language"]), (&json!("coupon.issued"), &json!("ko")));
        assert_eq!(sent["title"], "쿠폰이 발급되었습니다");
        assert_eq!(sent["text"], "가을 세일 쿠폰이 발급되었습니다. 발급 번호는 1번입니다.");
        assert_eq!((&sent["data"]["couponName"], sent["occurredAt"].is_string()), (&json!("가을 세일"), true));
    }
    assert_ne!(body(&both[0])["channel"], body(&both[1])["channel"]);
    assert_ne!(both[0].header("idempotency-key"), both[1].header("idempotency-key"));

    choose(shop, ANN, &json!({"phone": PHONE, "language": "en", "channels": {"sms": true}}));
    let product = shop.product(1_000, 5);
    let receiver = json!({"name": "Ann", "phone": "010-1234-5678", "postalCode": "04524", "address": "Seoul"});
    let order =
        json!({"items": [{"productId": product, "quantity": 1}], "payment": "ON_DELIVERY", "receiver": receiver});
    let number = shop.order(ANN, &order).json()["orderNumber"].as_str().unwrap().to_owned();
    shop.ask(ADMIN, "PATCH", &format!("/api/admin/shipments/{number}"), &[], &json!({"status": "SHIPPED"})).expect(200);
    let mut templates: Vec<String> = vec![];
    while !templates.contains(&"order.completed".to_owned()) || templates.len() < 2 {
        let sent = body(&gateway.next());
        assert_eq!((&sent["channel"], &sent["data"]["orderNumber"]), (&json!("sms"), &json!(number)), "{sent}");
        assert!(sent["text"].as_str().unwrap().contains(&number), "{sent}");
        templates.push(sent["template"].as_str().unwrap().to_owned());
    }
    assert!(templates.contains(&"order.status".to_owned()), "the shipment: {templates:?}");
    shop.metrics_until("doorbuster_notifications_total{channel=\"push\",result=\"sent\"} 1\n");
    assert_eq!(letters(shop), Vec::<Value>::new());
}

#[test]
fn users_are_notified_of_what_follows_their_choice() {
    let gateway = HookReceiver::start(&[202]);
    users_are_notified(&start(&gateway, &[]), &gateway);
}

#[test]
fn users_are_notified_with_the_log() {
    let gateway = HookReceiver::start(&[202]);
    users_are_notified(&start(&gateway, &[("DOORBUSTER__ENGINE__EXECUTOR", "log")]), &gateway);
}

#[test]
fn users_of_a_shared_store_are_notified() {
    let Some(database) = Database::new("users_of_a_shared_store_are_notified") else { return };
    let gateway = HookReceiver::start(&[202]);
    let url = database.url();
    users_are_notified(&start(&gateway, &[("DATABASE_URL", url.as_str())]), &gateway);
}

/// The group's policy: three more attempts, a second apart; then a dead letter, which an operator sends again.
fn a_notification_becomes_a_dead_letter(shop: &TestShop, gateway: &HookReceiver) {
    choose_sms(shop, ANN);
    issue(shop, ANN, "Autumn");
    let attempts = [gateway.next(), gateway.next(), gateway.next(), gateway.next()];
    for pair in attempts.windows(2) {
        assert_eq!(pair[0].header("idempotency-key"), pair[1].header("idempotency-key"));
        assert!(pair[1].at - pair[0].at >= Duration::from_millis(950), "{:?}", pair[1].at - pair[0].at);
    }
    until("dead", || !letters(shop).is_empty());
    let letter = letters(shop).remove(0);
    assert_eq!(
        (&letter["group"], &letter["topic"], &letter["status"], &letter["attempts"]),
        (&json!("coupon-notification-group"), &json!("coupon-issued"), &json!("SCHEDULED"), &json!(4))
    );
    assert!(letter["error"].as_str().unwrap().starts_with("sms: the gateway answered 500"), "{letter}");
    the_event_is(shop, "DEAD_LETTER", &letter["letterId"]);
    let path = format!("/api/admin/dead-letters/{}", letter["letterId"]);
    let edited = json!({"payload": letter["payload"], "reason": "another name"});
    let refused = shop.ask(ADMIN, "PATCH", &path, &[], &edited);
    assert_eq!(refused.problem(400), "validation.failed");
    assert_eq!(refused.json()["errors"][0]["code"], "not_editable", "{}", refused.text);
    let resend = format!("{path}/resend");
    shop.post(ADMIN, &resend, &json!({"reason": "the gateway is back"})).expect(200);
    assert_eq!(gateway.next().header("idempotency-key"), attempts[0].header("idempotency-key"));
    shop.metrics_until("doorbuster_notifications_total{channel=\"sms\",result=\"sent\"} 1\n");
    assert_eq!(letters(shop), Vec::<Value>::new());
    the_event_is(shop, "COMPLETED", &letter["letterId"]);
}

/// The event log says of the issue what became of its notification.
fn the_event_is(shop: &TestShop, status: &str, letter: &Value) {
    let log = shop.get_until(ADMIN, "/api/admin/events?type=CouponIssued", |log| log["data"][0]["status"] == status);
    let deliveries = log["data"][0]["deliveries"].as_array().unwrap();
    let of_group = |delivery: &&Value| delivery["group"] == "coupon-notification-group";
    let delivery = deliveries.iter().find(of_group).unwrap();
    assert_eq!((&delivery["status"], &delivery["letterId"]), (&json!(status), letter), "{log:#}");
}

#[test]
fn what_cannot_be_sent_becomes_a_dead_letter() {
    let gateway = HookReceiver::start(&[500, 500, 500, 500, 200]);
    a_notification_becomes_a_dead_letter(&start(&gateway, &[]), &gateway);
}

#[test]
fn what_cannot_be_sent_from_a_shared_store_and_kafka_becomes_a_dead_letter_of_its_topic() {
    let test = "what_cannot_be_sent_from_a_shared_store_and_kafka_becomes_a_dead_letter_of_its_topic";
    let (Some(database), Some(kafka), Some(jars)) = (Database::new(test), over_kafka(test), xtask::brokers::jars(test))
    else {
        return;
    };
    let gateway = HookReceiver::start(&[500, 500, 500, 500, 200]);
    let url = database.url();
    let mut settings: Vec<(&str, &str)> = kafka.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
    settings.push(("DATABASE_URL", url.as_str()));
    let shop = start(&gateway, &settings);
    a_notification_becomes_a_dead_letter(&shop, &gateway);
    let [brokers, prefix] = [0, 1].map(|place: usize| kafka[place].1.as_str());
    let read = jars
        .tool("org.apache.kafka.tools.consumer.ConsoleConsumer")
        .args(["--bootstrap-server", brokers, "--topic", &format!("{prefix}coupon-issued.dlq"), "--from-beginning"])
        .args(["--max-messages", "1", "--timeout-ms", "60000", "--property", "print.headers=true"])
        .output()
        .unwrap();
    let read = String::from_utf8_lossy(&read.stdout);
    assert!(read.contains("dlq_group:coupon-notification-group") && read.contains("\"Autumn\""), "{read}");
}

#[test]
fn a_kill_loses_no_notification() {
    let gateway = HookReceiver::start(&[503, 200, 200]);
    let mut shop = start(&gateway, &[]);
    choose_sms(&shop, ANN);
    issue(&shop, ANN, "Between two attempts");
    let first = gateway.next();
    shop.kill();
    shop.open();
    assert_eq!(gateway.next().header("idempotency-key"), first.header("idempotency-key"));
    issue(&shop, ANN, "Before it is scheduled");
    shop.kill();
    shop.open();
    // The result of the first one may be lost with the process: then it comes again under its key.
    let next = std::iter::repeat_with(|| gateway.next())
        .find(|one| one.header("idempotency-key") != first.header("idempotency-key"));
    assert_eq!(body(&next.unwrap())["data"]["couponName"], "Before it is scheduled");
}

#[test]
fn who_changes_the_choice_is_not_told_any_more() {
    let gateway = HookReceiver::start(&[500, 200]);
    let shop = start(&gateway, &[]);
    choose_sms(&shop, ANN);
    issue(&shop, ANN, "Autumn");
    gateway.next();
    choose(&shop, ANN, &json!({}));
    shop.metrics_until("doorbuster_notifications_total{channel=\"sms\",result=\"unwanted\"} 1\n");
}

#[test]
fn a_channel_that_does_not_answer_delays_no_other() {
    let (silent, mails) = (HookReceiver::silent(), Mails::start("a_channel_that_does_not_answer_delays_no_other"));
    let Some(mails) = mails else { return };
    let smtp = mails.url();
    let shop = start(&silent, &mails.settings(&smtp));
    let user = register(&shop);
    choose(&shop, user, &json!({"phone": PHONE, "channels": {"sms": true, "email": true}}));
    (0..3).for_each(|round| issue(&shop, user, &format!("Round {round}")));
    let titles: Vec<String> = (0..3).map(|_| mails.next()["text"].as_str().unwrap().to_owned()).collect();
    assert!(titles.iter().any(|text| text.contains("Round 2")), "{titles:?}");
}

#[test]
fn a_channel_that_keeps_failing_is_left_alone_and_uses_up_no_attempts() {
    let gateway = HookReceiver::start(&[500]);
    let shop = start(&gateway, &[]);
    choose_sms(&shop, ANN);
    // Each is tried several times before it is given up; twenty failures open the breaker.
    (0..12).for_each(|round| issue(&shop, ANN, &format!("Round {round}")));
    shop.metrics_until("doorbuster_breaker_open{service=\"sms\"} 1\n");
    shop.metrics_until("doorbuster_breaker_open{service=\"push\"} 0\n");
    let is_alerted = |alert: &Value| alert["code"] == "BREAKER_OPEN" && alert["subject"].to_string().contains("sms");
    shop.get_until(ADMIN, "/api/admin/alerts", |page| page["data"].as_array().unwrap().iter().any(is_alerted));
    // Notifications of coupons that are issued now wait for the channel.
    gateway.drain();
    issue(&shop, ANN, "Later");
    std::thread::sleep(Duration::from_secs(2));
    assert!(gateway.drain() <= 1, "only a trial call");
}

/// A mail server of another maker, which prints each mail as JSON.
struct Mails {
    process: Child,
    lines: std::sync::Mutex<Box<dyn Iterator<Item = String> + Send>>,
    address: String,
}

const SERVER: &str = r#"
import email, email.policy, json, socket, time
from aiosmtpd.controller import Controller
class Handler:
    async def handle_DATA(self, server, session, envelope):
        mail = email.message_from_bytes(envelope.content, policy=email.policy.default)
        if 'Refused' in mail.get_content():
            return '451 not now'
        print(json.dumps({'to': envelope.rcpt_tos, 'from': mail['from'], 'subject': mail['subject'],
            'id': mail['message-id'], 'date': mail['date'], 'text': mail.get_content().strip()}), flush=True)
        return '250 taken'
with socket.create_server(('127.0.0.1', 0)) as free:
    port = free.getsockname()[1]
Controller(Handler(), hostname='127.0.0.1', port=port).start()
print(port, flush=True)
time.sleep(600)
"#;

impl Mails {
    fn start(test: &str) -> Option<Mails> {
        let python = python_with("aiosmtpd", test)?;
        let mut process = Command::new(python).args(["-c", SERVER]).stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines().map_while(Result::ok);
        let port = lines.next().expect("the mail server says its port");
        let address = format!("127.0.0.1:{port}");
        Some(Mails { process, lines: std::sync::Mutex::new(Box::new(lines)), address })
    }

    fn url(&self) -> String {
        format!("smtp://{}", self.address)
    }

    fn settings<'a>(&self, url: &'a str) -> Vec<(&'a str, &'a str)> {
        vec![
            ("DOORBUSTER_SMTP_URL", url),
            ("DOORBUSTER__NOTIFICATIONS__EMAIL", "smtp"),
            ("DOORBUSTER__NOTIFICATIONS__EMAIL_FROM", "Doorbuster <shop@example.com>"),
        ]
    }

    fn next(&self) -> Value {
        let line = self.lines.lock().unwrap().next().expect("a mail arrives");
        serde_json::from_str(&line).unwrap()
    }
}

impl Drop for Mails {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn register(shop: &TestShop) -> i64 {
    let ann = json!({"email": "ann@example.com", "password": "correct horse battery", "name": "Ann"});
    shop.ask_openly("POST", "/api/users", &ann).expect(201)["userId"].as_i64().unwrap()
}

#[test]
fn a_mail_server_gets_mails_in_the_language_of_the_user() {
    let Some(mails) = Mails::start("a_mail_server_gets_mails_in_the_language_of_the_user") else { return };
    let smtp = mails.url();
    let shop = TestShop::start_with(&mails.settings(&smtp));
    let user = register(&shop);
    let shown = choose(&shop, user, &json!({"language": "ko", "channels": {"email": true}}));
    assert_eq!(shown["email"], "ann@example.com");
    issue(&shop, user, "Refused");
    until("given up", || !letters(&shop).is_empty());
    assert!(letters(&shop)[0]["error"].as_str().unwrap().contains("451"), "{:?}", letters(&shop));
    issue(&shop, user, "가을 세일");
    let mail = mails.next();
    assert_eq!(
        (&mail["to"], &mail["from"], &mail["subject"]),
        (&json!(["ann@example.com"]), &json!("Doorbuster <shop@example.com>"), &json!("쿠폰이 발급되었습니다"))
    );
    assert_eq!(mail["text"], "가을 세일 쿠폰이 발급되었습니다. 발급 번호는 1번입니다.");
    assert!(mail["id"].as_str().unwrap().ends_with("-email@example.com>") && mail["date"].is_string(), "{mail}");
}
