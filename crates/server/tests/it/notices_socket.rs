//! `GET /api/ws`: the same notices as frames, and the client's messages.

use std::net::TcpStream;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::live::{Frame, Socket, expect_kinds};
use crate::shop::{ANN, BOB, TestShop};

fn place(shop: &TestShop, user: i64, product: i64) -> String {
    let placed = shop.order(user, &json!({"items": [{"productId": product, "quantity": 1}]})).expect(200);
    placed["orderNumber"].as_str().unwrap().to_owned()
}

#[test]
fn customers_get_their_own_notices_only() {
    let shop = TestShop::start();
    let (free, paid) = (shop.product(0, 2), shop.product(1_000, 1));
    let campaign = shop.campaign(1, &json!({}));
    let mut ann = Socket::open(&shop, ANN);
    place(&shop, BOB, free);
    let completed = place(&shop, ANN, free);
    place(&shop, ANN, free);
    place(&shop, ANN, paid);
    shop.post(ANN, &format!("/api/coupons/{campaign}/issue"), &Value::Null).expect(201);
    let told = ann.take(4);
    expect_kinds(&told, 1, &["order.completed", "order.cancelled", "order.status", "coupon.issued"]);
    assert_eq!(told[0].data["orderNumber"], completed);
    assert_eq!(told[0].topic, None);
}

#[test]
fn a_client_resumes_after_its_last_notice() {
    let mut shop = TestShop::start();
    let free = shop.product(0, 10);
    let mut first = Socket::open(&shop, ANN);
    (0..5).for_each(|_| drop(place(&shop, ANN, free)));
    let all = first.take(5);
    shop.stop();
    assert_eq!(first.rest(), (vec![], Some((1001, "resume after 5".to_owned()))));
    shop.open();
    let mut again = Socket::open(&shop, ANN);
    again.say(r#"{"resumeAfter": 2}"#);
    assert_eq!(again.take(3), all[2..]);
    let stream = TcpStream::connect(&shop.address).unwrap();
    let mut from_query = Socket::connect(stream, &shop, ANN, "/api/ws?lastEventId=0").unwrap();
    assert_eq!(from_query.take(5), all);
    again.say(r#"{"resumeAfter": 77}"#);
    let reset = again.next();
    assert_eq!((reset.kind.as_str(), reset.id, &reset.data["resumeAfter"]), ("reset", 5, &json!(5)));
}

#[test]
fn an_order_can_be_followed_by_its_topic() {
    let shop = TestShop::start();
    let paid = shop.product(1_000, 10);
    let (followed, other) = (place(&shop, ANN, paid), place(&shop, ANN, paid));
    let mut ann = Socket::open(&shop, ANN);
    let topic = format!("/topic/order/{followed}");
    ann.say(&json!({"subscribe": topic}).to_string());
    // The order's status comes at once, so that nothing is missed between the order and the subscription.
    let now = ann.next();
    // It is an answer, not a notice, so it has no number.
    assert_eq!((now.kind.as_str(), now.id, now.topic.as_deref()), ("order.status", 0, Some(topic.as_str())));
    assert_eq!(now.data["outcome"], "AWAITING_PAYMENT");
    for order in [&other, &followed] {
        shop.post(ANN, &format!("/api/orders/{order}/cancel"), &Value::Null).expect(200);
    }
    let told = ann.take(2);
    expect_kinds(&told, 3, &["order.cancelled", "order.cancelled"]);
    assert_eq!(told.iter().map(|told| told.topic.clone()).collect::<Vec<_>>(), [None, Some(topic)]);

    let mut bob = Socket::open(&shop, BOB);
    for order in [followed.as_str(), "ORD-NONE", ""] {
        bob.say(&json!({"subscribe": format!("/topic/order/{order}")}).to_string());
        let error = bob.next();
        assert_eq!((error.kind.as_str(), &error.data["code"]), ("error", &json!("order.not_found")), "{order}");
        assert_eq!(error.id, 0, "an error is no notice");
    }
}

#[test]
fn an_invalid_message_is_answered_with_an_error() {
    let shop = TestShop::start();
    let free = shop.product(0, 10);
    let mut ann = Socket::open(&shop, ANN);
    for nonsense in ["", "{", "null", "7", "{}", r#"{"resumeAfter": -1}"#, r#"{"resumeAfter": "2"}"#, r#"{"sing": 1}"#]
    {
        ann.say(nonsense);
        let error = ann.next();
        assert_eq!((error.kind.as_str(), &error.data["code"]), ("error", &json!("validation.failed")), "{nonsense}");
    }
    ann.send(2, b"bytes");
    assert_eq!(ann.next().kind, "error");
    // The connection stays open.
    place(&shop, ANN, free);
    expect_kinds(&[ann.next()], 1, &["order.completed"]);
    ann.say(&" ".repeat(5_000));
    assert!(matches!(ann.rest().1, Some((1009, _))));
    let mut much = Socket::open(&shop, ANN);
    much.say(&" ".repeat(60_000));
    assert!(matches!(much.rest().1, Some((1009, _)) | None), "a message that is much too long is not even read");
}

#[test]
fn a_connection_closes_when_its_token_expires() {
    let shop = TestShop::start();
    let bearer = shop.bearer_for(ANN, Duration::from_secs(2));
    let stream = TcpStream::connect(&shop.address).unwrap();
    let mut ann = Socket::ask(stream, "/api/ws", &[("authorization", bearer.as_str())]).unwrap();
    let began = Instant::now();
    place(&shop, ANN, shop.product(0, 10));
    let (told, goodbye) = ann.rest();
    expect_kinds(&told, 1, &["order.completed"]);
    let reason = "the token has expired; resume after 1 with a new one".to_owned();
    assert_eq!(goodbye, Some((4001, reason)));
    assert!(began.elapsed() < Duration::from_secs(10), "not with the next heartbeat");
}

#[test]
fn the_reason_of_a_close_frame_is_in_the_language_of_the_handshake() {
    let mut shop = TestShop::start();
    let bearer = shop.bearer(ANN);
    let open = |shop: &TestShop, language: &str| {
        let stream = TcpStream::connect(&shop.address).unwrap();
        let headers = [("authorization", bearer.as_str()), ("accept-language", language)];
        Socket::ask(stream, "/api/ws", &headers).unwrap()
    };
    let mut talkative = open(&shop, "ko-KR,ko;q=0.9");
    talkative.say(&" ".repeat(5_000));
    let reason = "마스킹된 프레임에 4096바이트 이하의 UTF-8 텍스트로 보내 주세요".to_owned();
    assert_eq!(talkative.rest().1, Some((1009, reason)));
    let (mut korean, mut english) = (open(&shop, "ko"), open(&shop, "en"));
    shop.stop();
    assert_eq!(korean.rest().1, Some((1001, "0번 알림 다음부터 이어 받아 주세요".to_owned())));
    assert_eq!(english.rest().1, Some((1001, "resume after 0".to_owned())));
}

#[test]
fn a_client_may_close_the_connection() {
    let shop = TestShop::start();
    let mut ann = Socket::open(&shop, ANN);
    ann.send(8, &1000_u16.to_be_bytes());
    assert_eq!(ann.frame().unwrap(), Frame::Close(1000, String::new()));
    assert!(ann.frame().is_err(), "the connection is closed");
}
