//! The challenge and the limits that a client passes before it joins a waiting room.

use serde_json::{Value, json};
use server::security::auth::Role;

use crate::api_asking::in_both_executors;
use crate::client::Answer;
use crate::dashboard::visit;
use crate::hook_receiver::HookReceiver;
use crate::shop::{ADMIN, ANN, BOB, TestShop};

/// A service that accepts the token `good`.
fn service() -> HookReceiver {
    HookReceiver::answering(|asked| json!({"success": asked.body.contains("response=good")}).to_string())
}

fn drop_of(shop: &TestShop) -> String {
    let product = shop.product(1_000, 10);
    let body = json!({
        "name": "Saturday", "startsAt": "2020-01-01T00:00:00Z", "endsAt": "2099-01-01T00:00:00Z",
        "products": [{"productId": product}], "waitingRoom": {"admitPerSecond": 1},
    });
    format!("/api/drops/{}/queue", shop.post(ADMIN, "/api/admin/drops", &body).expect(201)["dropId"])
}

fn join(shop: &TestShop, user: i64, queue: &str, token: Option<&str>) -> Answer {
    let headers: Vec<(&str, &str)> = token.map(|token| ("challenge-token", token)).into_iter().collect();
    shop.ask(user, "POST", queue, &headers, &json!({}))
}

#[test]
fn a_client_passes_the_challenge_once() {
    let service = service();
    let shop = TestShop::start_with(&[
        ("DOORBUSTER__DROPS__CHALLENGE", "http"),
        ("DOORBUSTER__DROPS__CHALLENGE_URL", &service.url()),
        ("DOORBUSTER_CHALLENGE_SECRET", "a secret of the service"),
    ]);
    let queue = drop_of(&shop);
    assert_eq!(join(&shop, ANN, &queue, None).problem(403), "queue.challenge_required");
    assert_eq!(service.drain(), 0, "a client without a token is refused without a call");
    assert_eq!(join(&shop, ANN, &queue, Some("bad")).problem(403), "queue.challenge_failed");
    service.next();
    let ticket = join(&shop, ANN, &queue, Some("good")).expect(202);
    let form = service.next().body;
    assert!(form.contains("secret=a+secret+of+the+service") && form.contains("remoteip=127.0.0.1"), "{form}");
    // A customer with a ticket has passed.
    assert_eq!(join(&shop, ANN, &queue, None).expect(202)["ticket"], ticket["ticket"]);
    assert_eq!(service.drain(), 0);
}

#[test]
fn only_the_page_of_a_drop_shows_the_widget() {
    let shop = TestShop::start_with(&[
        ("DOORBUSTER__DROPS__CHALLENGE", "http"),
        ("DOORBUSTER__DROPS__CHALLENGE_URL", "http://127.0.0.1:1/verify"),
        ("DOORBUSTER__DROPS__CHALLENGE_SCRIPT", "https://js.example.com/1/api.js"),
        ("DOORBUSTER__DROPS__CHALLENGE_SITE_KEY", "a \"site\""),
        ("DOORBUSTER__DROPS__CHALLENGE_ORIGINS", "https://example.com, https://*.example.com"),
    ]);
    let queue = drop_of(&shop);
    let path = queue.trim_start_matches("/api").trim_end_matches("/queue");
    let page = visit(&shop, &shop.token(ANN, Role::Customer), path);
    assert!(page.text.contains("data-sitekey=\"a &quot;site&quot;\""), "{}", page.text);
    assert!(page.text.contains("<script src=\"https://js.example.com/1/api.js\" async>"), "{}", page.text);
    let policy = page.header("content-security-policy").unwrap();
    for part in ["script-src", "style-src", "connect-src", "frame-src"] {
        let part = format!("; {part} 'self' https://js.example.com https://example.com https://*.example.com");
        assert!(policy.contains(&part), "{part}: {policy}");
    }
    let visitor = shop.client().send("GET", path, &[], "").unwrap();
    assert!(!visitor.text.contains("data-sitekey"), "a visitor logs in first");
    let other = visit(&shop, &shop.token(ANN, Role::Customer), "/drops");
    assert!(!other.header("content-security-policy").unwrap().contains("example.com"));
}

#[test]
fn a_service_that_is_silent_closes_the_door_or_opens_it() {
    for (fails_open, status) in [("false", 503), ("true", 202)] {
        let silent = HookReceiver::silent();
        let shop = TestShop::start_with(&[
            ("DOORBUSTER__DROPS__CHALLENGE", "http"),
            ("DOORBUSTER__DROPS__CHALLENGE_URL", &silent.url()),
            ("DOORBUSTER__DROPS__CHALLENGE_TIMEOUT_MS", "200"),
            ("DOORBUSTER__DROPS__CHALLENGE_FAILS_OPEN", fails_open),
        ]);
        let queue = drop_of(&shop);
        assert_eq!(join(&shop, ANN, &queue, Some("good")).status, status, "fails open: {fails_open}");
    }
}

#[test]
fn a_network_joins_no_faster_than_its_limit() {
    let settings = [("DOORBUSTER__LIMITS__NETWORK_JOINS_PER_S", "1"), ("DOORBUSTER__LIMITS__NETWORK_JOINS_BURST", "2")];
    let shop = TestShop::start_with(&settings);
    let queue = drop_of(&shop);
    // A customer's repeats are not counted: the network has two joins at once.
    for _repeat in 0..6 {
        join(&shop, ANN, &queue, None).expect(202);
    }
    let answers: Vec<Answer> = (0..4).map(|number| join(&shop, 2_000 + number, &queue, None)).collect();
    let granted = answers.iter().filter(|answer| answer.status == 202).count();
    assert!((1..4).contains(&granted), "{:?}", answers.iter().map(|answer| answer.status).collect::<Vec<_>>());
    let refused = answers.iter().find(|answer| answer.status == 429).unwrap();
    assert_eq!(refused.problem(429), "rate.exceeded");
    assert!(refused.header("retry-after").is_some());
    // Other writes are not limited by it.
    shop.charge(BOB, 1);
}

#[test]
fn nothing_is_asked_by_default() {
    in_both_executors(|shop| {
        let queue = drop_of(shop);
        let ticket: Value = join(shop, ANN, &queue, None).expect(202);
        assert_eq!(ticket["status"], "WAITING");
    });
}
