//! What follows each kind of answer, with a test clock.

use std::collections::VecDeque;
use std::pin::pin;
use std::sync::Mutex;
use std::sync::atomic::{AtomicI64, Ordering};
use std::task::{Context, Poll, Waker};

use domain::ids::WebhookId;
use domain::webhook::{DeliveryKey, Profile, State};

use super::*;
use crate::ports::BoxFuture;

#[derive(Default)]
struct Hands(AtomicI64);

impl Clock for Hands {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.0.load(Ordering::Relaxed))
    }
}

#[derive(Default)]
struct Receiver {
    answers: Mutex<VecDeque<Result<Response, String>>>,
    requests: Mutex<Vec<WebhookRequest>>,
}

impl Sender for Receiver {
    fn check(&self, _url: &str) -> Result<(), super::super::sender::UnfitUrl> {
        Ok(())
    }

    fn send<'a>(&'a self, request: &'a WebhookRequest) -> BoxFuture<'a, Result<Response, String>> {
        self.requests.lock().unwrap().push(request.clone());
        let answer = self.answers.lock().unwrap().pop_front().unwrap();
        Box::pin(std::future::ready(answer))
    }
}

/// Reads every secret but those that begin with `lost`.
struct Keys;

impl SecretKeys for Keys {
    fn encrypts(&self) -> bool {
        false
    }

    fn open(&self, stored: &str) -> Result<Arc<str>, Unreadable> {
        let key = stored.strip_prefix("lost ").map(Arc::from);
        key.map_or_else(|| Ok(stored.into()), |key| Err(Unreadable::UnknownKey { key }))
    }

    fn renewed(&self, _stored: &str) -> Result<Option<Arc<str>>, String> {
        Ok(None)
    }
}

fn status(status: u16) -> Result<Response, String> {
    Ok(Response { status, body: String::new(), retry_after: None })
}

fn asks_for(status: u16, seconds: u64) -> Result<Response, String> {
    Ok(Response { status, body: String::new(), retry_after: Some(Duration::from_secs(seconds)) })
}

struct Desk {
    receiver: Arc<Receiver>,
    hands: Arc<Hands>,
    runner: WebhookRunner,
    delivery: Delivery,
}

impl Desk {
    fn new(answers: Vec<Result<Response, String>>) -> Desk {
        let receiver = Arc::new(Receiver { answers: Mutex::new(answers.into()), ..Receiver::default() });
        let hands = Arc::new(Hands::default());
        let policy =
            Policy { schedule: Schedule::new(Profile::Source, &[]), disable_after: Duration::from_secs(432_000) };
        let runner = WebhookRunner { sender: receiver.clone(), keys: Arc::new(Keys), clock: hands.clone(), policy };
        Desk { receiver, hands, runner, delivery: delivery() }
    }

    /// Attempts the delivery when it is due, and returns what follows.
    fn attempt(&mut self) -> Sent {
        self.hands.0.store(self.delivery.due.unwrap().micros(), Ordering::Relaxed);
        let now = self.hands.now();
        let taken = self.delivery.take(now, now + Duration::from_secs(30)).unwrap();
        let (endpoint, body) = (endpoint(), "{}".into());
        let outgoing =
            Outgoing { endpoint: &endpoint, delivery: &self.delivery, taken, body: &body, trace: None, dice: 0 };
        let sending = self.runner.send_once(outgoing);
        let Poll::Ready(sent) = pin!(sending).poll(&mut Context::from_waker(Waker::noop())) else {
            panic!("the receiver answers at once")
        };
        let DeliveryAnswered { number, attempt, next, .. } = sent.answered.clone();
        assert!(self.delivery.conclude(number, attempt, next));
        sent
    }

    fn moments(&self) -> Vec<i64> {
        self.receiver.requests.lock().unwrap().iter().map(|request| request.at.micros() / 1_000_000).collect()
    }
}

fn endpoint() -> Endpoint {
    let start = Timestamp::from_micros(0);
    let new = Endpoint::new(WebhookId(1), "https://example.com/hook".into(), "whsec_a".into(), start);
    Endpoint { deliveries: 1, ..new }
}

fn delivery() -> Delivery {
    Delivery {
        key: DeliveryKey { webhook: WebhookId(1), number: 1 },
        event: 7,
        event_type: "order.completed".into(),
        order_key: None,
        slot: None,
        payload: None,
        state: State::Pending,
        tries: 0,
        attempts: 0,
        due: Some(Timestamp::from_micros(0)),
        last_status: None,
        created_at: Timestamp::from_micros(0),
        log: vec![],
    }
}

#[test]
fn two_failures_and_a_success_are_attempts_at_0_1_and_3_seconds_with_one_id() {
    let mut desk = Desk::new(vec![status(500), status(500), status(200)]);
    (0..3).for_each(|_| drop(desk.attempt()));
    assert_eq!(desk.moments(), [0, 1, 3]);
    assert_eq!((desk.delivery.state, desk.delivery.attempts), (State::Completed, 3));
    let requests = desk.receiver.requests.lock().unwrap();
    assert!(requests.iter().all(|request| request.id == requests[0].id));
}

#[test]
fn the_sources_schedule_ends_after_8_seconds() {
    let mut desk = Desk::new(vec![status(500), Err("refused".into()), status(302), status(404), status(500)]);
    (0..5).for_each(|_| drop(desk.attempt()));
    assert_eq!(desk.moments(), [0, 1, 3, 7, 15]);
    assert_eq!((desk.delivery.state, desk.delivery.due), (State::DeadLetter, None));
    assert_eq!(desk.delivery.log[1].error.as_deref(), Some("refused"));
}

#[test]
fn an_overloaded_receiver_gets_the_pause_that_it_asks_for() {
    for code in [429, 503] {
        let mut desk = Desk::new(vec![asks_for(code, 20), status(204)]);
        assert_eq!(desk.attempt().hold, Some(Timestamp::from_micros(20_000_000)));
        desk.attempt();
        assert_eq!(desk.moments(), [0, 20]);
    }
    let mut desk = Desk::new(vec![asks_for(500, 20), status(204)]);
    assert_eq!(desk.attempt().hold, None);
    desk.attempt();
    assert_eq!(desk.moments(), [0, 1], "only an overloaded receiver may ask");
}

#[test]
fn a_receiver_that_is_gone_gets_nothing_more() {
    let mut desk = Desk::new(vec![status(410)]);
    assert_eq!(desk.attempt().answered.next, Next::Gone);
    assert_eq!(desk.delivery.state, State::DeadLetter);
}

#[test]
fn the_log_has_the_first_kilobyte_of_the_response() {
    let body = "한".repeat(1_000);
    let mut desk = Desk::new(vec![Ok(Response { status: 500, body, retry_after: None })]);
    desk.attempt();
    let kept = desk.delivery.log[0].response_body.clone().unwrap();
    assert_eq!(kept.len(), 1_023, "no character is cut");
}

#[test]
fn only_secrets_that_can_be_read_sign_and_never_none() {
    let runner = Desk::new(vec![]).runner;
    let now = Timestamp::from_micros(0);
    let mut rotated = Endpoint { secret: "lost 0a1b".into(), ..endpoint() };
    assert_eq!(runner.secrets(&rotated, now), Err(Unreadable::UnknownKey { key: "0a1b".into() }));
    rotated.rotate("whsec_b".into(), now);
    assert_eq!(runner.secrets(&rotated, now), Ok(vec!["whsec_b".into()]));
}
