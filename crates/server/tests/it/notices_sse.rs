//! `GET /api/events`: customers get their own notices in order, also after a reconnect.

use std::net::TcpStream;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use server::security::auth::Role;

use crate::live::{Events, Received, Socket, ask, expect_kinds};
use crate::shop::{ANN, BOB, TestShop};

const KINDS: [&str; 6] =
    ["order.completed", "order.cancelled", "order.status", "coupon.issued", "coupon.issued", "coupon.refused"];

/// Creates notices of every kind for a customer, one request after the other.
fn live_a_little(shop: &TestShop, user: i64) -> [String; 3] {
    let free = shop.product(0, 100);
    let scarce = shop.product(1_000, 1);
    let order = |items: Value| {
        let placed = shop.order(user, &json!({"items": items})).expect(200);
        placed["orderNumber"].as_str().unwrap().to_owned()
    };
    let orders = [
        order(json!([{"productId": free, "quantity": 1}])),
        order(json!([{"productId": scarce, "quantity": 2}])),
        order(json!([{"productId": scarce, "quantity": 1}])),
    ];
    let direct = shop.campaign(10, &json!({}));
    shop.post(user, &format!("/api/coupons/{direct}/issue"), &Value::Null).expect(201);
    let queued = shop.campaign(1, &json!({"issueMode": "queued"}));
    for _ in 0..2 {
        let asked =
            shop.ask(user, "POST", "/api/coupons/issue", &[("prefer", "wait=20")], &json!({"couponId": queued}));
        assert!(asked.status < 300, "{asked:?}");
    }
    orders
}

fn tells_what_happens(shop: &TestShop) {
    let (mut ann, mut bob) = (Events::open(shop, ANN, None), Events::open(shop, BOB, None));
    let [completed, cancelled, unpaid] = live_a_little(shop, ANN);
    let told = ann.take(KINDS.len());
    expect_kinds(&told, 1, &KINDS);
    for (notice, number, outcome, reason) in [
        (&told[0], completed, "COMPLETED", Value::Null),
        (&told[1], cancelled, "CANCELLED", json!("stock.exhausted")),
        (&told[2], unpaid, "AWAITING_PAYMENT", Value::Null),
    ] {
        assert_eq!(notice.data["orderNumber"], number, "{notice:?}");
        assert_eq!(notice.data["orderId"], number);
        assert_eq!(notice.data["outcome"], outcome);
        assert_eq!(notice.data["reason"], reason);
    }
    assert_eq!(told[3].data["issueNumber"], 1);
    assert_eq!((&told[4].data["success"], &told[4].data["resultCode"]), (&json!(true), &json!("SUCCESS")));
    assert!(told[4].data["couponHistoryId"].is_string(), "{:?}", told[4]);
    assert_eq!((&told[5].data["success"], &told[5].data["couponHistoryId"]), (&json!(false), &Value::Null));
    let request = told[5].data["requestId"].as_str().unwrap();
    assert_eq!(shop.get(ANN, &format!("/api/requests/{request}")).expect(200)["status"], "NOTIFIED");

    // Bob gets only his own notices, though he listened all the time.
    live_a_little(shop, BOB);
    expect_kinds(&bob.take(KINDS.len()), 1, &KINDS);
}

#[test]
fn customers_get_their_own_notices_only() {
    tells_what_happens(&TestShop::start());
}

#[test]
fn customers_get_their_own_notices_only_under_the_log_executor() {
    tells_what_happens(&TestShop::start_with_log());
}

#[test]
fn a_client_resumes_after_its_last_notice() {
    let mut shop = TestShop::start();
    let mut first = Events::open(&shop, ANN, None);
    live_a_little(&shop, ANN);
    let all = first.take(KINDS.len());
    assert_eq!(Events::open(&shop, ANN, Some(0)).take(KINDS.len()), all);
    assert_eq!(Events::open(&shop, ANN, Some(4)).take(2), all[4..]);
    let query = format!("/api/events?lastEventId=5&access_token={}", shop.token(ANN, Role::Customer));
    let mut client = shop.client();
    client.write("GET", &query, &[], "").unwrap();
    assert_eq!(client.read().unwrap().status, 200);

    shop.stop();
    assert_eq!(first.rest(), [], "a stop tells nothing new");
    assert!(first.comments > 0, "but says goodbye");
    shop.open();
    let mut ann = Events::open(&shop, ANN, Some(3));
    assert_eq!(ann.take(3), all[3..]);
    live_a_little(&shop, ANN);
    expect_kinds(&ann.take(KINDS.len()), 7, &KINDS);

    // A number that this shop never assigned is answered with the real position.
    let reset = Events::open(&shop, ANN, Some(99)).next().unwrap();
    assert_eq!((reset.kind.as_str(), reset.id, &reset.data["resumeAfter"]), ("reset", 12, &json!(12)));
}

/// N-04, O-49: texts for people are in their language over both transports; the data is the same.
#[test]
fn the_notice_of_a_failed_payment_is_in_the_accepted_language() {
    let shop = TestShop::start();
    let number = shop.unpaid(ANN, 40_402);
    let receiver = json!({"name": "Ann", "phone": "010", "postalCode": "04524", "address": "Seoul"});
    let wanted = json!({"payment": {"method": "CARD"}, "receiver": receiver});
    shop.post(ANN, &format!("/api/orders/{number}/process-payment-shipment"), &wanted).expect(202);
    let failed = |language: &str| {
        let mut events = Events::open_in(&shop, ANN, language);
        let header = format!("content-language: {}", &language[..2]);
        assert!(events.headers.contains(&header), "{header} in {:?}", events.headers);
        let failed = std::iter::from_fn(|| events.next().ok()).find(|told| told.kind == "order.failed");
        failed.unwrap()
    };
    let (english, korean) = (failed("en-US"), failed("ko-KR,ko;q=0.9"));
    assert_eq!(
        (&english.data["title"], &korean.data["title"]),
        (&json!("The payment failed"), &json!("결제에 실패했습니다"))
    );
    assert_eq!(
        korean.data["message"],
        "배송된 상품은 없습니다. 결제 기한이 지나지 않았다면 다시 결제하실 수 있습니다."
    );
    let mut socket = Socket::open_in(&shop, ANN, "ko");
    socket.say(&json!({"resumeAfter": korean.id - 1}).to_string());
    assert_eq!(socket.take(1)[0].data, korean.data);
    let of = |told: &Received| {
        ["code", "orderNumber", "retryable", "status", "type"].map(|member| told.data[member].clone())
    };
    assert_eq!(of(&english), of(&korean));
    assert_eq!(english.data["retryable"], true, "T5: it agrees with the message");
}

#[test]
fn a_stream_begins_with_what_a_browser_needs() {
    let shop = TestShop::start();
    live_a_little(&shop, ANN);
    let mut ann = Events::open(&shop, ANN, None);
    for header in ["content-type: text/event-stream", "cache-control: no-store", "x-accel-buffering: no"] {
        assert!(ann.headers.iter().any(|line| line == header), "{header} in {:?}", ann.headers);
    }
    shop.charge(ANN, 1_000);
    let free = shop.product(0, 1);
    shop.order(ANN, &json!({"items": [{"productId": free, "quantity": 1}]})).expect(200);
    expect_kinds(&[ann.next().unwrap()], 7, &["order.completed"]);
    assert!((1_000..5_000).contains(&ann.retry_ms.unwrap()));
}

#[test]
fn an_idle_stream_sends_heartbeats() {
    let shop = TestShop::start_with(&[("DOORBUSTER__SERVER__STREAM_HEARTBEAT_MS", "20")]);
    let mut ann = Events::open(&shop, ANN, None);
    ann.wait_for_comments(2);
}

#[test]
fn a_refused_stream_says_why() {
    let shop = TestShop::start();
    let token = shop.token(ANN, Role::Customer);
    let bearer = shop.bearer(ANN);
    let authorization = [("authorization", bearer.as_str())];
    for path in ["/api/events", "/api/ws"] {
        assert_eq!(ask(&shop, path, &[]).problem(401), "auth.required");
        assert_eq!(ask(&shop, &format!("{path}?access_token=x{token}"), &[]).problem(401), "auth.required");
        // The query does not override the header.
        let both = [("authorization", "Bearer nonsense")];
        assert_eq!(ask(&shop, &format!("{path}?access_token={token}"), &both).problem(401), "auth.required");
        let bad = [authorization[0], ("last-event-id", "seven")];
        assert_eq!(ask(&shop, path, &bad).problem(400), "validation.failed");
        assert_eq!(ask(&shop, &format!("{path}?lastEventId=-1"), &authorization).problem(400), "validation.failed");
        assert_eq!(ask(&shop, &format!("{path}?since=1"), &authorization).problem(400), "validation.failed");
    }
    assert_eq!(ask(&shop, "/api/ws", &authorization).problem(400), "validation.failed");
}

/// Also a stream that is never idle, such as that of a customer who orders all the time.
#[test]
fn a_stream_ends_when_its_token_expires_and_says_so() {
    let shop = TestShop::start();
    let free = shop.product(0, 10_000);
    let began = Instant::now();
    let listen = |language: &str, ttl| {
        let bearer = shop.bearer_for(ANN, Duration::from_secs(ttl));
        let headers = [("authorization", bearer.as_str()), ("accept-language", language)];
        Events::ask(TcpStream::connect(&shop.address).unwrap(), &headers).unwrap()
    };
    let (mut silent, mut busy) = (listen("en", 1), listen("ko", 2));
    let expired = silent.next().unwrap();
    assert_eq!((expired.kind.as_str(), &expired.data["type"]), ("auth.expired", &json!("AUTH_EXPIRED")));
    assert_eq!(expired.data["title"], "Your login has expired");
    assert_eq!(silent.next().unwrap_err().kind(), std::io::ErrorKind::UnexpectedEof);
    let last = loop {
        shop.order(ANN, &json!({"items": [{"productId": free, "quantity": 1}]})).expect(200);
        let told = busy.next().unwrap();
        if told.kind != "order.completed" {
            break told;
        }
    };
    assert_eq!((last.kind.as_str(), &last.data["title"]), ("auth.expired", &json!("로그인이 만료되었습니다")));
    assert!(busy.next().is_err());
    assert!(began.elapsed() < Duration::from_secs(12), "not with the next heartbeat");
}

/// The old token shows nothing of what the customer does with the new one.
#[test]
fn a_stream_ends_when_its_password_is_changed() {
    let shop = TestShop::start();
    let free = shop.product(0, 100);
    let account = |password: &str| json!({"email": "ann@example.com", "password": password, "name": "Ann"});
    shop.ask_openly("POST", "/api/users", &account("correct horse")).expect(201);
    let bearer = |password: &str| {
        let known = json!({"email": "ann@example.com", "password": password});
        let token = shop.ask_openly("POST", "/api/auth/login", &known).expect(200)["accessToken"].clone();
        format!("Bearer {}", token.as_str().unwrap())
    };
    let send = |bearer: &str, path: &str, body: &Value| {
        let headers = [("authorization", bearer), ("content-type", "application/json")];
        shop.client().send("POST", path, &headers, &body.to_string()).unwrap()
    };
    let old = bearer("correct horse");
    let mut stream =
        Events::ask(TcpStream::connect(&shop.address).unwrap(), &[("authorization", old.as_str())]).unwrap();
    let change = json!({"currentPassword": "correct horse", "newPassword": "battery staple"});
    assert_eq!(send(&old, "/api/users/me/password", &change).status, 204);
    let order = json!({"items": [{"productId": free, "quantity": 1}]});
    assert!(send(&bearer("battery staple"), "/api/orders", &order).status < 300);
    assert_eq!(stream.next().unwrap().kind, "auth.expired");
    assert!(stream.next().is_err());
}

/// The stream of another device of the same customer goes on.
#[test]
fn a_stream_ends_when_its_token_logs_out() {
    let shop = TestShop::start();
    let free = shop.product(0, 100);
    let [here, elsewhere] = [(); 2].map(|()| shop.bearer(ANN));
    let listen =
        |bearer: &str| Events::ask(TcpStream::connect(&shop.address).unwrap(), &[("authorization", bearer)]).unwrap();
    let (mut ended, mut open) = (listen(&here), listen(&elsewhere));
    let out = shop.client().send("DELETE", "/api/auth/session", &[("authorization", &here)], "").unwrap();
    assert_eq!(out.status, 204, "{}", out.text);
    shop.order(ANN, &json!({"items": [{"productId": free, "quantity": 1}]})).expect(200);
    assert_eq!(ended.next().unwrap().kind, "auth.expired");
    assert!(ended.next().is_err());
    assert_eq!(open.next().unwrap().kind, "order.completed");
}

/// Editors and scripts read only complete answers, so the stream has to end for them.
#[test]
fn a_stream_ends_when_its_client_prefers_it() {
    let shop = TestShop::start();
    let free = shop.product(0, 100);
    shop.order(ANN, &json!({"items": [{"productId": free, "quantity": 1}]})).expect(200);
    let mut events = Events::open_with(&shop, ANN, ("prefer", "wait=1"));
    assert!(events.headers.iter().any(|header| header.eq_ignore_ascii_case("preference-applied: wait=1")));
    assert_eq!(events.next().unwrap().kind, "order.completed");
    assert_eq!(events.next().unwrap_err().kind(), std::io::ErrorKind::UnexpectedEof);
}
