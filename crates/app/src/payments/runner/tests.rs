use std::collections::VecDeque;
use std::pin::pin;
use std::sync::Mutex;
use std::sync::atomic::{AtomicI64, Ordering};
use std::task::{Context, Poll, Waker};

use domain::ids::OrderId;
use domain::money::Money;
use domain::payment::{Command, Method, decide, evolve};

use crate::payments::provider::{Call, Callback, CallbackError};
use crate::payments::runner::*;
use crate::resilience::breaker::Limits;

/// Returns prepared answers, and records the requests.
#[derive(Default)]
struct Actor {
    answers: Mutex<VecDeque<Result<Found, ProviderError>>>,
    asked: Mutex<Vec<(NextCall, Arc<str>)>>,
}

impl Actor {
    fn next(&self, way: NextCall, ask: &Ask) -> Result<Found, ProviderError> {
        self.asked.lock().unwrap().push((way, Arc::clone(&ask.key)));
        self.answers.lock().unwrap().pop_front().expect("the test prepared an answer")
    }
}

impl Provider for Actor {
    fn name(&self) -> &'static str {
        "actor"
    }

    fn ask<'a>(&'a self, ask: &'a Ask) -> Call<'a, Verdict> {
        Box::pin(async move {
            match self.next(NextCall::Execute, ask)? {
                Found::Verdict(verdict) => Ok(verdict),
                other @ (Found::Pending | Found::NotFound) => panic!("{other:?} is no result of an execution"),
            }
        })
    }

    fn look_up<'a>(&'a self, ask: &'a Ask) -> Call<'a, Found> {
        Box::pin(async move { self.next(NextCall::Query, ask) })
    }

    fn signature_header(&self) -> &'static str {
        "none"
    }

    fn callback(&self, _: &str, _: &[u8], _: Timestamp) -> Result<Option<Callback>, CallbackError> {
        Err(CallbackError::Forged)
    }
}

#[derive(Default)]
struct Hands(AtomicI64);

impl Clock for Hands {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.0.load(Ordering::Relaxed))
    }
}

const LIMITS: Limits = Limits { failures_percent: 50, window: 4, calls_min: 2, open_for: Duration::from_secs(30) };

struct Counter {
    actor: Arc<Actor>,
    hands: Arc<Hands>,
    cashier: PaymentRunner,
}

impl Counter {
    fn new(answers: Vec<Result<Found, ProviderError>>) -> Counter {
        let actor = Arc::new(Actor { answers: Mutex::new(answers.into()), ..Actor::default() });
        let hands = Arc::new(Hands::default());
        let cashier = PaymentRunner::new(actor.clone(), hands.clone(), Codec::new([7; 16]), SharedBreaker::new(LIMITS));
        Counter { actor, hands, cashier }
    }

    fn wait(&self, span: Duration) {
        self.hands.0.fetch_add(i64::try_from(span.as_micros()).unwrap(), Ordering::Relaxed);
    }

    fn pays(&self, payment: &Payment) -> Option<PaymentCall> {
        match pin!(self.cashier.pay_once(payment)).poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(call) => call,
            Poll::Pending => panic!("the actor answers at once"),
        }
    }

    fn ways(&self) -> Vec<NextCall> {
        self.actor.asked.lock().unwrap().iter().map(|(way, _)| *way).collect()
    }
}

/// Returns a payment of 900 won that was started at the first moment.
fn begun() -> Payment {
    let start = Command::Start {
        order: OrderId(1),
        placed_at: Timestamp::default(),
        method: Method::Card,
        amount: Money::won(900),
        means: None,
    };
    let at = Timestamp::default();
    let mut payment = None;
    decide(None, &start, at).unwrap().iter().for_each(|event| evolve(&mut payment, event, at));
    payment.unwrap()
}

fn approved(won: i64) -> Result<Found, ProviderError> {
    Ok(Found::Verdict(Verdict::Approved { reference: Arc::from("pi_1"), amount: Money::won(won), fingerprint: None }))
}

fn not_done() -> Result<Found, ProviderError> {
    Err(ProviderError::NotExecuted("out of reach".to_owned()))
}

#[test]
fn a_due_operation_is_called_under_its_key() {
    let desk = Counter::new(vec![approved(900)]);
    let call = desk.pays(&begun()).unwrap();
    assert_eq!(call.answered.answer, approved(900));
    assert!(!call.is_alarming());
    assert_eq!(*desk.actor.asked.lock().unwrap(), [(NextCall::Execute, Arc::clone(&call.ask.key))]);
    assert!(call.ask.key.ends_with("/1/authorize"), "{}", call.ask.key);
}

#[test]
fn an_unknown_result_is_queried_and_a_failed_query_leaves_it_unknown() {
    let desk = Counter::new(vec![not_done(), Ok(Found::NotFound)]);
    let mut payment = begun();
    payment.next.as_mut().unwrap().way = NextCall::Query;
    let unknown = Err(ProviderError::Unknown("out of reach".to_owned()));
    assert_eq!(
        desk.pays(&payment).unwrap().answered.answer,
        unknown,
        "the operation is not executed again because of this"
    );
    assert_eq!(desk.pays(&payment).unwrap().answered.answer, Ok(Found::NotFound));
    assert_eq!(desk.ways(), [NextCall::Query, NextCall::Query]);
}

#[test]
fn a_long_due_operation_is_queried_first() {
    let desk = Counter::new(vec![approved(900), approved(900)]);
    desk.wait(KEYS_ARE_KEPT_FOR);
    desk.pays(&begun());
    desk.wait(Duration::from_secs(1));
    desk.pays(&begun());
    assert_eq!(desk.ways(), [NextCall::Execute, NextCall::Query]);
}

#[test]
fn another_amount_raises_an_alarm() {
    let desk = Counter::new(vec![approved(899)]);
    assert!(desk.pays(&begun()).unwrap().is_alarming());
}

#[test]
fn a_failing_provider_opens_the_breaker_and_is_then_tried_once() {
    let desk = Counter::new(vec![not_done(), not_done(), not_done(), approved(900), approved(900)]);
    let payment = begun();
    assert!(desk.pays(&payment).is_some() && desk.pays(&payment).is_some());
    assert_eq!(desk.cashier.state(), State::Open);
    assert_eq!(desk.pays(&payment), None, "the breaker is open");
    desk.wait(LIMITS.open_for);
    assert_eq!(desk.cashier.state(), State::HalfOpen);
    assert!(desk.pays(&payment).is_some(), "one trial call, which fails");
    assert_eq!(desk.pays(&payment), None);
    desk.wait(LIMITS.open_for);
    assert!(desk.pays(&payment).is_some() && desk.pays(&payment).is_some());
    assert_eq!(desk.cashier.state(), State::Closed);
    assert_eq!(desk.ways().len(), 5, "no attempt was counted while the breaker was open");
}

#[test]
fn a_payment_without_a_due_operation_makes_no_call() {
    let desk = Counter::new(vec![]);
    let at = Timestamp::default();
    let mut payment = Some(begun());
    evolve(&mut payment, &domain::payment::Event::Declined { code: Arc::from("lost_card") }, at);
    assert_eq!(desk.pays(&payment.unwrap()), None);
}
