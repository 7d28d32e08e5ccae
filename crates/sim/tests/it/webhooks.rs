//! Deliveries of webhooks: scheduled once, taken by one process at a time, and repeated after a crash at any point.

use std::sync::Arc;
use std::time::Duration;

use app::commands::answer::{Answer, PartEnd, Refusal};
use app::commands::{Command, DeliveryAnswered, NewWebhook, Replay, Replayed, WebhookCommand};
use app::state::rows::EventId;
use app::webhooks::fan_out::{FanOut, Outbound};
use domain::ids::WebhookId;
use domain::time::Timestamp;
use domain::webhook::{Attempt, Change, Delivery, DeliveryKey, Next, Slot, State, Taken};

use crate::shop::{EXECUTORS, Shop};

const LEASE: Duration = Duration::from_secs(30);
const SECOND: Duration = Duration::from_secs(1);

fn run(shop: &mut Shop, command: WebhookCommand) -> Result<Answer, Refusal> {
    shop.run(Command::Webhook(command))
}

fn endpoint(shop: &mut Shop, types: &[&str]) -> WebhookId {
    let new = NewWebhook {
        url: "https://example.com/hook".into(),
        description: "".into(),
        event_types: types.iter().map(|name| Arc::from(*name)).collect(),
        secret: "whsec_a".into(),
        ordered: false,
        rate_per_second: None,
    };
    run(shop, WebhookCommand::Create(Box::new(new))).unwrap();
    let id = shop.disk.read(|state| *state.webhooks.keys().last().unwrap());
    shop.clock.advance(SECOND);
    id
}

fn event(shop: &Shop, number: u128) -> Outbound {
    let slot = Slot { shard: 0, seq: 1 };
    Outbound { id: EventId(number), event_type: "order.completed", key: "1".into(), slot, at: shop.now() }
}

/// Schedules an event as the group does.
fn fan_out(shop: &mut Shop, events: Vec<Outbound>) -> Result<Answer, Refusal> {
    let endpoints = shop.disk.read(|state| state.webhooks.keys().copied().collect());
    run(shop, WebhookCommand::FanOut(Arc::new(FanOut { endpoints, events, known: vec![] })))
}

fn take(shop: &mut Shop, key: DeliveryKey) -> Option<Taken> {
    let until = shop.now() + LEASE;
    match run(shop, WebhookCommand::Take { deliveries: vec![key], until }) {
        Ok(Answer::WebhooksTaken { taken }) => taken.first().copied(),
        other => panic!("{other:?}"),
    }
}

fn answer(shop: &mut Shop, taken: Taken, next: Next) -> Result<Answer, Refusal> {
    let at = shop.now();
    let attempt = Attempt { at, response_status: Some(200), response_body: None, error: None, duration_ms: 1 };
    let key = DeliveryKey { webhook: taken.webhook, number: taken.number };
    let answered = DeliveryAnswered { key, number: taken.attempt, attempt, next, disable_after: 100 * SECOND };
    run(shop, WebhookCommand::Answered(Box::new(answered)))
}

fn delivery(shop: &Shop, key: DeliveryKey) -> Delivery {
    shop.disk.read(|state| state.deliveries[&key].clone())
}

fn first(webhook: WebhookId) -> DeliveryKey {
    DeliveryKey { webhook, number: 1 }
}

#[test]
fn an_event_is_scheduled_for_those_who_were_subscribed_when_it_happened() {
    for executor in EXECUTORS {
        let mut shop = Shop::open(executor);
        let (all, other) = (endpoint(&mut shop, &[]), endpoint(&mut shop, &["product.sold_out"]));
        let disabled = endpoint(&mut shop, &[]);
        let early = event(&shop, 1);
        shop.clock.advance(SECOND);
        let change = Box::new(Change { is_enabled: Some(false), ..Change::default() });
        run(&mut shop, WebhookCommand::Change { webhook: disabled, change }).unwrap();
        shop.clock.advance(SECOND);
        let (late, later) = (event(&shop, 2), endpoint(&mut shop, &[]));
        assert_eq!(fan_out(&mut shop, vec![early, late]), Ok(Answer::WebhooksScheduled { count: 3, end: None }));
        let count = |id| shop.disk.read(|state| state.webhooks[&id].deliveries);
        assert_eq!([all, other, disabled, later].map(count), [2, 0, 1, 0]);
    }
}

#[test]
fn two_processes_never_send_a_delivery_at_once() {
    for executor in EXECUTORS {
        let mut shop = Shop::open(executor);
        let webhook = endpoint(&mut shop, &[]);
        let only = event(&shop, 1);
        fan_out(&mut shop, vec![only]).unwrap();
        let mut second = shop.second_process();
        let taken = take(&mut shop, first(webhook)).unwrap();
        assert_eq!(take(&mut second, first(webhook)), None);
        answer(&mut shop, taken, Next::Done).unwrap();
        assert_eq!(take(&mut second, first(webhook)), None);
        assert_eq!(delivery(&shop, first(webhook)).state, State::Completed);
    }
}

/// The process dies after the delivery was scheduled, after it was taken, and after it was sent.
#[test]
fn a_crash_at_any_point_loses_no_delivery() {
    for executor in EXECUTORS {
        for dies_after in 0..3 {
            let mut shop = Shop::open(executor);
            let webhook = endpoint(&mut shop, &[]);
            let only = event(&shop, 1);
            fan_out(&mut shop, vec![only]).unwrap();
            let mut sent = 0;
            if dies_after > 0 {
                take(&mut shop, first(webhook)).unwrap();
                sent = dies_after - 1;
            }
            let mut shop = shop.crash();
            shop.clock.advance(LEASE);
            let taken = take(&mut shop, first(webhook)).expect("the delivery is due again");
            sent += 1;
            answer(&mut shop, taken, Next::Done).unwrap();
            let done = delivery(&shop, first(webhook));
            assert_eq!((done.state, done.event), (State::Completed, 1), "dies after {dies_after}");
            assert!((1..=2).contains(&sent), "at least once, under one id");
        }
    }
}

#[test]
fn a_commit_that_is_lost_loses_no_delivery() {
    for executor in EXECUTORS {
        let mut shop = Shop::open(executor);
        let webhook = endpoint(&mut shop, &[]);
        let only = event(&shop, 1);
        fan_out(&mut shop, vec![only.clone()]).unwrap();
        // The event comes again, as after a crash before the group's offset was committed.
        assert!(fan_out(&mut shop, vec![only]).is_err(), "the store refuses a second delivery of one event");
        assert_eq!(shop.disk.read(|state| state.deliveries.len()), 1);
        let _ = webhook;
    }
}

#[test]
fn a_replay_has_the_same_ids() {
    for executor in EXECUTORS {
        let mut shop = Shop::open(executor);
        let webhook = endpoint(&mut shop, &[]);
        let (known, unknown) = (event(&shop, 1), event(&shop, 2));
        fan_out(&mut shop, vec![known.clone()]).unwrap();
        let taken = take(&mut shop, first(webhook)).unwrap();
        answer(&mut shop, taken, Next::Done).unwrap();
        let events = vec![Replayed { event: known, number: Some(1) }, Replayed { event: unknown, number: None }];
        let end = PartEnd { next: None, until: shop.now(), archived: 0 };
        let replay = || WebhookCommand::Replay(Box::new(Replay { webhook, events: events.clone(), end }));
        assert_eq!(run(&mut shop, replay()), Ok(Answer::WebhooksScheduled { count: 2, end: Some(end) }));
        let ids = shop.disk.read(|state| state.deliveries.values().map(|one| one.event).collect::<Vec<_>>());
        assert_eq!(ids, [1, 2]);
        assert_eq!(delivery(&shop, first(webhook)).state, State::Pending);
    }
}

#[test]
fn an_endpoint_that_only_fails_is_disabled_and_this_is_an_event() {
    for executor in EXECUTORS {
        let mut shop = Shop::open(executor);
        let webhook = endpoint(&mut shop, &[]);
        let only = event(&shop, 1);
        fan_out(&mut shop, vec![only]).unwrap();
        for _ in 0..5 {
            let taken = take(&mut shop, first(webhook)).unwrap();
            let at: Timestamp = shop.now() + 30 * SECOND;
            answer(&mut shop, taken, Next::Again { at }).unwrap();
            shop.clock.advance(30 * SECOND);
        }
        let endpoint = shop.disk.read(|state| state.webhooks[&webhook].clone());
        assert!(!endpoint.is_enabled());
        let told =
            shop.disk.read(|state| state.outbox.iter().filter(|row| row.record.kind == "WebhookDisabled").count());
        assert_eq!(told, 1);
    }
}

#[test]
fn nothing_is_scheduled_for_a_removed_endpoint() {
    for executor in EXECUTORS {
        let mut shop = Shop::open(executor);
        let webhook = endpoint(&mut shop, &[]);
        let before = event(&shop, 1);
        shop.clock.advance(SECOND);
        run(&mut shop, WebhookCommand::Remove { webhook }).unwrap();
        // The group had read the endpoint before it was removed.
        assert_eq!(fan_out(&mut shop, vec![before]), Ok(Answer::WebhooksScheduled { count: 0, end: None }));
        assert_eq!(shop.disk.read(|state| state.deliveries.len()), 0);
    }
}

#[test]
fn an_event_that_is_gone_is_no_failure_of_the_receiver() {
    for executor in EXECUTORS {
        let mut shop = Shop::open(executor);
        let webhook = endpoint(&mut shop, &[]);
        let only = event(&shop, 1);
        fan_out(&mut shop, vec![only]).unwrap();
        let taken = take(&mut shop, first(webhook)).unwrap();
        let attempt = Attempt::without_event(shop.now());
        let (key, next) = (first(webhook), Next::Dead);
        let answered = DeliveryAnswered { key, number: taken.attempt, attempt, next, disable_after: SECOND };
        run(&mut shop, WebhookCommand::Answered(Box::new(answered))).unwrap();
        assert_eq!(delivery(&shop, first(webhook)).state, State::DeadLetter);
        assert_eq!(shop.disk.read(|state| state.webhooks[&webhook].failing_since), None);
    }
}
