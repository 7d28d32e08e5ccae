//! Receivers that fail, and those that must not notice it.

use std::pin::pin;
use std::sync::Mutex;
use std::sync::atomic::{AtomicI64, Ordering};
use std::task::{Context, Poll, Waker};

use domain::alert::{Code, Measure, Severity};
use domain::ids::AlertId;

use super::*;
use crate::events::event::AlertRaised;
use crate::ports::Origin;
use crate::state::rows::Partition;

const GOOD: usize = 0;
const BAD: usize = 1;

#[derive(Default)]
struct Hands(AtomicI64);

impl Clock for Hands {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.0.load(Ordering::Relaxed))
    }
}

/// Two receivers; the second one answers as it is told.
struct Two {
    bad: Mutex<Result<(), NotTold>>,
    told: Mutex<Vec<(u128, usize)>>,
}

impl AlertChannel for Arc<Two> {
    fn group(&self) -> Group {
        Group::AlertMails
    }

    fn receivers(&self) -> usize {
        2
    }

    fn name(&self, receiver: usize) -> String {
        ["oncall@example.com", "gone@example.com"][receiver].to_owned()
    }

    fn send<'a>(&'a self, alert: AlertNews<'a>, receiver: usize) -> BoxFuture<'a, Result<(), NotTold>> {
        let answer = if receiver == BAD { self.bad.lock().unwrap().clone() } else { Ok(()) };
        if answer.is_ok() {
            self.told.lock().unwrap().push((alert.id.0, receiver));
        }
        Box::pin(std::future::ready(answer))
    }
}

struct Desk {
    two: Arc<Two>,
    hands: Arc<Hands>,
    given_up: Arc<Mutex<Vec<GivenUp>>>,
    follower: AlertFollower<Arc<Two>>,
}

impl Desk {
    fn new(bad: Result<(), NotTold>) -> Desk {
        let two = Arc::new(Two { bad: Mutex::new(bad), told: Mutex::default() });
        let (hands, given_up) = (Arc::new(Hands::default()), Arc::new(Mutex::new(vec![])));
        let noted = Arc::clone(&given_up);
        let on_given_up = Box::new(move |one| noted.lock().unwrap().push(one));
        let follower = AlertFollower::new(Arc::clone(&two), hands.clone(), on_given_up);
        Desk { two, hands, given_up, follower }
    }

    fn digest(&mut self, alerts: std::ops::RangeInclusive<u32>) -> Result<Option<Effect>, NotFollowed> {
        let slice: Vec<Delivery> = alerts.map(alert).collect();
        match pin!(self.follower.digest(&slice)).poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(done) => done,
            Poll::Pending => panic!("nothing in this test waits"),
        }
    }

    fn told(&self) -> Vec<(u128, usize)> {
        std::mem::take(&mut self.two.told.lock().unwrap())
    }

    fn given_up(&self) -> Vec<(u128, String, String)> {
        let all = std::mem::take(&mut *self.given_up.lock().unwrap());
        all.into_iter().map(|one| (one.alert.0, one.receiver, one.reason)).collect()
    }
}

fn alert(number: u32) -> Delivery {
    let event = Event::AlertRaised(AlertRaised {
        alert_id: AlertId(i64::from(number)),
        code: Code::Cpu,
        severity: Severity::Warning,
        subject: None,
        value: Measure::whole(90),
        threshold: Measure::whole(80),
        since: Timestamp::from_micros(0),
    });
    Delivery {
        partition: Partition { topic: None, number: 0 },
        offset: i64::from(number),
        id: EventId(u128::from(number)),
        event: Ok(event),
        trace: None,
        at: Timestamp::from_micros(0),
        gap: None,
        origin: Origin::Store,
    }
}

#[test]
fn a_refused_receiver_is_given_up_and_the_others_are_told_once() {
    let mut desk = Desk::new(Err(NotTold::Refused("550 no such user".to_owned())));
    assert_eq!(desk.digest(1..=2), Ok(None));
    assert_eq!(desk.told(), [(1, GOOD), (2, GOOD)]);
    let of = |alert| (alert, "gone@example.com".to_owned(), "550 no such user".to_owned());
    assert_eq!(desk.given_up(), [of(1), of(2)]);
}

#[test]
fn a_receiver_that_fails_is_tried_again_and_the_others_hear_nothing_twice() {
    let mut desk = Desk::new(Err(NotTold::Failed("451 not now".to_owned())));
    let failed = NotFollowed::Outside("gone@example.com: 451 not now".to_owned());
    assert_eq!(desk.digest(1..=1), Err(failed.clone()));
    // The slice comes again, with a later alert.
    assert_eq!(desk.digest(1..=2), Err(failed));
    assert_eq!(desk.told(), [(1, GOOD), (2, GOOD)]);
    *desk.two.bad.lock().unwrap() = Ok(());
    assert_eq!(desk.digest(1..=2), Ok(None));
    assert_eq!(desk.told(), [(1, BAD), (2, BAD)]);
    assert_eq!(desk.given_up(), []);
}

#[test]
fn a_receiver_that_fails_for_a_day_is_given_up() {
    let mut desk = Desk::new(Err(NotTold::Failed("451 not now".to_owned())));
    assert!(desk.digest(1..=1).is_err());
    desk.hands.0.store((Timestamp::from_micros(1) + NEWS_FOR).micros(), Ordering::Relaxed);
    // The second one was raised before the process began, and is no news.
    assert_eq!(desk.digest(1..=2), Ok(None));
    assert_eq!(desk.given_up(), [(1, "gone@example.com".to_owned(), "451 not now".to_owned())]);
    assert_eq!(desk.told(), [(1, GOOD)]);
}

#[test]
fn a_receiver_that_fails_holds_up_no_more_than_a_full_slice() {
    let mut desk = Desk::new(Err(NotTold::Failed("451 not now".to_owned())));
    let full = u32::try_from(SLICE_MAX).unwrap();
    assert_eq!(desk.digest(1..=full), Ok(None));
    assert_eq!((desk.told().len(), desk.given_up().len()), (SLICE_MAX, SLICE_MAX));
}
