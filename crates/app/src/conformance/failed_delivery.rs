//! Events that a group could not handle are stored as they were delivered, and become due.

use std::sync::Arc;
use std::time::Duration;

use domain::ids::{DeadLetterId, OrderId};

use super::session::{NOON, Session};
use super::{Fixture, samples};
use crate::events::topic::Topic;
use crate::log::group::Group;
use crate::ports::DueTimer;
use crate::state::rows::{
    Act, DeadLetter, DeadLetterAct, DeadLetterStatus, EventId, Key, Message, ParkKey, ParkedEventKey, ParkedKey, Rows,
    Timer, TimerKey, TimerKind, Trouble,
};

const SECOND: Duration = Duration::from_secs(1);

fn message(number: i64) -> Message {
    Message {
        topic: Topic::StockEvents,
        partition: 11,
        offset: 4_000_000_000 + number,
        id: EventId(u128::MAX / 5 + number.unsigned_abs() as u128),
        key: "7".into(),
        kind: "StockDeductionRequested".into(),
        payload: format!("{{\"orderId\":\"한정 '{number}' \\\\ \\\"\"}}").into(),
        trace: samples::trace(number),
        at: NOON,
    }
}

fn trouble(attempts: i64) -> Trouble {
    Trouble { attempts, error: "it's \"gone\"".into(), first_failed: NOON, last_failed: NOON + SECOND }
}

fn park(key: &str) -> ParkKey {
    ParkKey::new(Group::Stock, Topic::StockEvents, key)
}

fn parked(due: domain::time::Timestamp) -> ParkedKey {
    ParkedKey { key: Arc::from("7"), due, first: 1, next: 3, run: 1, trouble: Some(trouble(2)) }
}

pub(super) fn letter(id: i64) -> DeadLetter {
    DeadLetter {
        id: DeadLetterId(id),
        group: Group::Completion,
        message: message(id),
        trouble: trouble(3),
        status: DeadLetterStatus::Scheduled,
        resends: 0,
        due: Some(NOON),
        acts: vec![],
    }
}

pub(super) async fn a_parked_key_survives(fixture: &mut dyn Fixture) {
    let mut session = Session::start(fixture).await;
    let key = park("7");
    let waiting = ParkedKey { first: 2, next: 90, run: 64, trouble: None, ..parked(NOON + SECOND) };
    for row in [parked(NOON), waiting] {
        session.change(&[key.into()], |rows| rows.parked.put(key, row.clone())).await;
        session.reopen().await;
        assert_eq!(session.look(&[key.into()]).await.parked.get(key), Ok(Some(&row)));
    }
    let others = [park("8"), ParkKey { group: Group::Coupon, ..key }, ParkKey { topic: Topic::CouponEvents, ..key }];
    let named: Vec<Key> = others.iter().map(|other| Key::from(*other)).collect();
    let rows = session.look(&named).await;
    others.iter().for_each(|other| assert_eq!(rows.parked.get(*other), Ok(None)));
    session.change(&[key.into()], |rows| rows.parked.remove(key)).await;
    assert_eq!(session.look(&[key.into()]).await.parked.get(key), Ok(None));
}

/// Few of the many keys that a batch loads are parked.
pub(super) async fn a_parked_key_is_found_among_many(fixture: &mut dyn Fixture) {
    let mut session = Session::start(fixture).await;
    let of_group = |group| (1..=700).map(move |number| ParkKey { group, ..park(&number.to_string()) });
    let many: Vec<ParkKey> = of_group(Group::Stock).chain(of_group(Group::Coupon)).collect();
    let named: Vec<Key> = many.iter().map(|key| Key::from(*key)).collect();
    let found = |rows: &Rows| many.iter().copied().filter(|key| matches!(rows.parked.get(*key), Ok(Some(_)))).collect();
    let none: Vec<ParkKey> = found(&session.look(&named).await);
    assert_eq!(none, []);
    let key = park("650");
    session.change(&[key.into()], |rows| rows.parked.put(key, parked(NOON))).await;
    let one: Vec<ParkKey> = found(&session.look(&named).await);
    assert_eq!(one, [key]);
}

pub(super) async fn a_parked_event_survives_until_it_is_removed(fixture: &mut dyn Fixture) {
    let mut session = Session::start(fixture).await;
    let keys = [1, 2, 3].map(|number| ParkedEventKey { park: park("7"), number });
    let named: Vec<Key> = keys.iter().map(|key| Key::from(*key)).collect();
    session.change(&[], |rows| keys.iter().for_each(|key| rows.parked_events.put(*key, message(key.number)))).await;
    session.reopen().await;
    // Events are removed without having been read.
    session.change(&[], |rows| rows.parked_events.remove(keys[0])).await;
    let rows = session.look(&named).await;
    assert_eq!(rows.parked_events.get(keys[0]), Ok(None));
    assert_eq!(rows.parked_events.get(keys[1]), Ok(Some(&message(2))));
    assert_eq!(rows.parked_events.get(keys[2]), Ok(Some(&message(3))));
}

pub(super) async fn a_letter_survives_every_change(fixture: &mut dyn Fixture) {
    let mut session = Session::start(fixture).await;
    let first = letter(1);
    let mut permanent = DeadLetter { status: DeadLetterStatus::Permanent, resends: 6, due: None, ..first.clone() };
    permanent.trouble = trouble(9);
    let mut edited = permanent.clone();
    edited.message.payload = "{}".into();
    let payload_before = Some(Arc::clone(&permanent.message.payload));
    edited.acts.push(DeadLetterAct { at: NOON, act: Act::Edited, reason: "오타".into(), payload_before });
    let dropped = DeadLetter { status: DeadLetterStatus::Dropped, ..edited.clone() };
    let key = DeadLetterId(1);
    for row in [first, permanent, edited, dropped] {
        session.change(&[key.into()], |rows| rows.letters.put(key, row.clone())).await;
        session.reopen().await;
        assert_eq!(session.look(&[key.into()]).await.letters.get(key), Ok(Some(&row)));
    }
    let nobodys = DeadLetter { id: DeadLetterId(2), message: Message { id: EventId(0), ..message(2) }, ..letter(2) };
    session.change(&[], |rows| rows.letters.put(nobodys.id, nobodys.clone())).await;
    assert_eq!(session.look(&[nobodys.id.into()]).await.letters.get(nobodys.id), Ok(Some(&nobodys)));
}

pub(super) async fn parked_keys_come_due_with_their_first_events(fixture: &mut dyn Fixture) {
    let mut session = Session::start(fixture).await;
    let (late, early) = (park("late"), park("early"));
    let row = |due, run| ParkedKey { first: 2, next: 5, run, ..parked(due) };
    session
        .change(&[], |rows| {
            rows.parked.put(late, row(NOON + SECOND, 1));
            rows.parked.put(early, row(NOON, 2));
            for number in 2..5 {
                for park in [late, early] {
                    rows.parked_events.put(ParkedEventKey { park, number }, message(number));
                }
            }
        })
        .await;
    let due = |key, parked, numbers: &[i64]| DueTimer::Parked {
        key,
        parked,
        messages: numbers.iter().copied().map(message).collect(),
    };
    let (early, late) = (due(early, row(NOON, 2), &[2, 3]), due(late, row(NOON + SECOND, 1), &[2]));
    let store = session.store();
    assert_eq!(store.due_timers(domain::time::Timestamp::default(), 9).await, Ok(vec![]));
    assert_eq!(store.due_timers(NOON, 9).await, Ok(vec![early.clone()]));
    assert_eq!(store.due_timers(NOON + SECOND, 9).await, Ok(vec![early.clone(), late]));
    assert_eq!(store.due_timers(NOON + SECOND, 1).await, Ok(vec![early]));
}

pub(super) async fn scheduled_letters_come_due_after_timers(fixture: &mut dyn Fixture) {
    let mut session = Session::start(fixture).await;
    let second = DeadLetter { due: Some(NOON + SECOND), ..letter(1) };
    let first = letter(2);
    let permanent = DeadLetter { status: DeadLetterStatus::Permanent, due: None, ..letter(3) };
    let timer = Timer { due: NOON + SECOND, kind: TimerKind::Claims };
    session
        .change(&[], |rows| {
            for letter in [&second, &first, &permanent] {
                rows.letters.put(letter.id, letter.clone());
            }
            rows.timers.put(TimerKey(OrderId(1)), timer);
        })
        .await;
    let letter = |letter: DeadLetter| DueTimer::DeadLetter(Box::new(letter));
    let order = DueTimer::Order { order: OrderId(1), due: timer.due };
    let store = session.store();
    assert_eq!(store.due_timers(NOON, 9).await, Ok(vec![letter(first.clone())]));
    assert_eq!(store.due_timers(NOON + SECOND, 9).await, Ok(vec![order, letter(first), letter(second)]));
}
