//! Notifications: taken by one process at a time, repeated after a crash at any point, and dead letters at the end.

use std::time::Duration;

use app::commands::answer::{Answer, Refusal};
use app::commands::{Command, FailedDelivery, NotSent, NotificationCommand};
use app::events::event::{Event, PriceChanged};
use app::log::group::Group;
use app::log::retry_policy::RESENDS_MAX;
use app::log::trailing::{Effect, Follow};
use app::state::rows::{DeadLetter, DeadLetterStatus, EventId, Message};
use domain::ids::ProductId;
use domain::money::Money;
use domain::notification::{Channel, Choice, Language, Next, Notification, NotificationKey, State, Taken};
use domain::webhook::Slot;

use crate::shop::{ANN, CODEC, EXECUTORS, Shop};

const LEASE: Duration = Duration::from_secs(30);
const SECOND: Duration = Duration::from_secs(1);
const KEY: NotificationKey = NotificationKey { event: 7, channel: Channel::Sms };

fn run(shop: &mut Shop, command: NotificationCommand) -> Result<Answer, Refusal> {
    shop.run(Command::Notification(command))
}

/// Schedules a notification as its group does.
fn schedule(shop: &mut Shop) {
    let notification = Notification::new(KEY, ANN, Slot { shard: 0, seq: 1 }, shop.now());
    let effect = Some(Effect::Notifications(vec![notification]));
    let follow = Follow { group: Group::CouponNotifications, moves: vec![], effect };
    assert_eq!(shop.run(Command::Follow(Box::new(follow))), Ok(Answer::Done));
}

fn take(shop: &mut Shop) -> Option<Taken> {
    let until = shop.now() + LEASE;
    match run(shop, NotificationCommand::Take { keys: vec![KEY], until }) {
        Ok(Answer::NotificationsTaken { taken }) => taken.first().copied(),
        other => panic!("{other:?}"),
    }
}

fn sent(shop: &mut Shop) {
    assert_eq!(run(shop, NotificationCommand::Sent { key: KEY }), Ok(Answer::Done));
}

fn message(shop: &Shop) -> Message {
    let event = Event::PriceChanged(PriceChanged { product_id: ProductId(1), price: Money::won(1) });
    Message {
        topic: event.kind().topic(),
        partition: 0,
        offset: 1,
        id: EventId(KEY.event),
        key: event.key().into(),
        kind: event.kind().name().into(),
        payload: event.payload().into(),
        trace: None,
        at: shop.now(),
    }
}

/// Tries until the group's policy gives up.
fn give_up(shop: &mut Shop) {
    let group = Group::CouponNotifications;
    loop {
        let taken = take(shop).expect("it is due");
        let pause = group.pause_after(taken.tries);
        let next = pause.map_or(Next::Dead, |pause| Next::Again { at: shop.now() + pause });
        let error = "no answer".into();
        let failed = NotSent { key: KEY, attempt: taken.attempt, group, message: message(shop), error, next };
        run(shop, NotificationCommand::NotSent(Box::new(failed))).unwrap();
        match pause {
            Some(pause) => shop.clock.advance(pause),
            None => return,
        }
    }
}

fn waiting(shop: &Shop) -> Option<Notification> {
    shop.disk.read(|state| state.notifications.get(&KEY).cloned())
}

fn letters(shop: &Shop) -> Vec<DeadLetter> {
    shop.disk.read(|state| state.letters.values().cloned().collect())
}

#[test]
fn a_choice_is_kept_for_each_user() {
    for executor in EXECUTORS {
        let mut shop = Shop::open(executor);
        let choice =
            Choice { phone: None, push_token: None, language: Language::Korean, channels: vec![Channel::Email] };
        run(&mut shop, NotificationCommand::Choose { user: ANN, choice: Box::new(choice) }).unwrap();
        let settings = shop.disk.read(|state| state.notification_settings.clone());
        assert_eq!(settings.len(), 1);
        assert!(settings[&ANN].wants(Channel::Email, shop.now()) && settings[&ANN].sms_since.is_none());
    }
}

#[test]
fn two_processes_never_send_a_notification_at_once() {
    for executor in EXECUTORS {
        let mut shop = Shop::open(executor);
        schedule(&mut shop);
        let mut second = shop.second_process();
        assert!(take(&mut shop).is_some());
        assert_eq!(take(&mut second), None);
        sent(&mut shop);
        assert_eq!(take(&mut second), None);
        assert_eq!(waiting(&shop), None, "what was sent leaves no row");
        sent(&mut second);
    }
}

/// The process dies after the notification was scheduled, and after it was taken.
#[test]
fn a_crash_at_any_point_loses_no_notification() {
    for executor in EXECUTORS {
        for is_taken in [false, true] {
            let mut shop = Shop::open(executor);
            schedule(&mut shop);
            if is_taken {
                assert!(take(&mut shop).is_some());
            }
            let mut shop = shop.crash();
            shop.clock.advance(LEASE);
            assert!(take(&mut shop).is_some(), "it is due again");
            sent(&mut shop);
            assert_eq!(waiting(&shop), None);
        }
    }
}

#[test]
fn a_notification_is_sent_again_until_its_letter_is_permanent() {
    for executor in EXECUTORS {
        let mut shop = Shop::open(executor);
        schedule(&mut shop);
        for round in 1..=RESENDS_MAX + 1 {
            give_up(&mut shop);
            assert_eq!(waiting(&shop).map(|row| row.state), Some(State::DeadLetter));
            let letters = letters(&shop);
            assert_eq!(letters.len() as i64, round, "each round has a letter");
            let letter = letters.last().unwrap();
            assert_eq!((letter.group, letter.trouble.attempts), (Group::CouponNotifications, 4));
            let is_last = round == RESENDS_MAX + 1;
            let expected = if is_last { DeadLetterStatus::Permanent } else { DeadLetterStatus::Scheduled };
            assert_eq!(letter.status, expected, "round {round}");
            let resent = FailedDelivery::resend(letter, "the gateway is back", &CODEC);
            shop.run(resent).unwrap();
            shop.clock.advance(SECOND);
        }
        take(&mut shop).expect("also after the last one");
        sent(&mut shop);
        assert!(letters(&shop).iter().all(|letter| letter.status == DeadLetterStatus::Handled));
    }
}
