//! Relays over an outbox in memory.

use std::cell::RefCell;
use std::future::ready;
use std::pin::pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use domain::ids::ProductId;

use crate::events::event::Event;
use crate::events::event::ProductRestocked;
use crate::events::outbox::{SHARDS, uuid};
use crate::log::relay::*;

/// The topic of all these events.
const TOPIC: Topic = Topic::ProductEvents;

#[derive(Default)]
struct Shard {
    events: Vec<i64>,
    cursor: i64,
    epoch: i64,
    holder: Option<usize>,
}

/// The store and the broker of all relays.
#[derive(Default)]
struct World {
    shards: [Shard; SHARDS],
    published: Vec<(String, i64)>,
    /// The partition count under which each of them was published.
    spreads: Vec<i32>,
    is_broker_down: bool,
    /// The broker's partition count, and the pinned one.
    partitions: i32,
    spread: Option<i32>,
    is_halted: bool,
    now: i64,
}

#[derive(Clone, Default)]
struct Shared(Rc<RefCell<World>>);

struct TestOutbox(Shared, usize);

struct TestPublisher(Shared);

struct TestClock(i64);

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.0)
    }
}

fn event(shard: usize, seq: i64) -> Outgoing {
    let event = Event::ProductRestocked(ProductRestocked { product_id: ProductId(shard as i64), available: seq });
    Outgoing { shard, seq, id: uuid(1), event, version: None, trace: None, at: Timestamp::default() }
}

impl Outbox for TestOutbox {
    fn take_free(&mut self) -> BoxFuture<'_, Result<Vec<Lease>, StoreError>> {
        let mut world = self.0.0.borrow_mut();
        let mut taken = vec![];
        if world.is_halted {
            return Box::pin(ready(Ok(taken)));
        }
        for (shard, state) in world.shards.iter_mut().enumerate().filter(|(_, state)| state.holder.is_none()) {
            state.holder = Some(self.1);
            state.epoch += 1;
            taken.push(Lease { shard, epoch: state.epoch, cursor: state.cursor });
        }
        Box::pin(ready(Ok(taken)))
    }

    fn read<'a>(&'a mut self, leases: &'a [Lease], limit: usize) -> BoxFuture<'a, Result<Vec<Outgoing>, StoreError>> {
        let world = self.0.0.borrow();
        let mut pages = vec![];
        for Lease { shard, cursor, .. } in leases {
            let later = world.shards[*shard].events.iter().filter(|seq| *seq > cursor).take(limit);
            pages.extend(later.map(|seq| event(*shard, *seq)));
        }
        Box::pin(ready(Ok(pages)))
    }

    fn pin_partition_count<'a>(&'a mut self, found: &'a Spread) -> BoxFuture<'a, Result<Spread, StoreError>> {
        let mut world = self.0.0.borrow_mut();
        let spread = *world.spread.get_or_insert(found[&TOPIC]);
        Box::pin(ready(Ok(Spread::from([(TOPIC, spread)]))))
    }

    fn keep<'a>(&'a mut self, leases: &'a [Lease]) -> BoxFuture<'a, Result<Vec<usize>, StoreError>> {
        let mut world = self.0.0.borrow_mut();
        let is_halted = world.is_halted;
        let mut held = vec![];
        for lease in leases {
            let state = &mut world.shards[lease.shard];
            if state.epoch == lease.epoch {
                state.cursor = lease.cursor;
                if is_halted {
                    state.holder = None;
                } else {
                    held.push(lease.shard);
                }
            }
        }
        Box::pin(ready(Ok(held)))
    }
}

impl Publisher for TestPublisher {
    fn sizes(&mut self) -> BoxFuture<'_, Result<Spread, PublishError>> {
        Box::pin(ready(Ok(Spread::from([(TOPIC, self.0.0.borrow().partitions)]))))
    }

    fn publish<'a>(&'a mut self, records: &'a [Record], spread: &'a Spread) -> BoxFuture<'a, Result<(), PublishError>> {
        let mut world = self.0.0.borrow_mut();
        // Half of the records arrived before the failure.
        let count = if world.is_broker_down { records.len() / 2 } else { records.len() };
        for record in &records[..count] {
            let value: serde_json::Value = serde_json::from_str(&record.value).unwrap();
            world.published.push((record.key.clone(), value["available"].as_i64().unwrap()));
            world.spreads.push(spread[&record.topic]);
        }
        let done = if world.is_broker_down { Err(PublishError("it is down".to_owned())) } else { Ok(()) };
        Box::pin(ready(done))
    }
}

impl Shared {
    fn relay(&self, number: usize) -> Relay {
        Relay::new(Box::new(TestOutbox(self.clone(), number)), Box::new(TestPublisher(self.clone())))
    }

    fn commit(&self, shard: usize, count: i64) {
        let events = &mut self.0.borrow_mut().shards[shard].events;
        let next = events.last().copied().unwrap_or(0) + 1;
        events.extend(next..next + count);
    }

    fn run(&self, relay: &mut Relay) -> Result<usize, Error> {
        let clock = TestClock(self.0.borrow().now);
        match pin!(relay.relay_once(10, &clock)).poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(done) => done,
            Poll::Pending => panic!("nothing in this test waits"),
        }
    }

    /// Lets enough time pass for renewing leases.
    fn wait(&self) {
        self.0.borrow_mut().now += RENEW_EVERY.as_micros() as i64;
    }

    fn expire(&self) {
        self.0.borrow_mut().shards.iter_mut().for_each(|shard| shard.holder = None);
    }

    /// Returns the published numbers of a shard, each at its first occurrence.
    fn first_seen(&self, shard: usize) -> Vec<i64> {
        let mut seen = vec![];
        for (_, seq) in self.0.borrow().published.iter().filter(|(key, _)| *key == shard.to_string()) {
            if !seen.contains(seq) {
                seen.push(*seq);
            }
        }
        seen
    }
}

#[test]
fn everything_is_published_once_and_in_order() {
    let world = Shared::default();
    let mut relay = world.relay(1);
    world.commit(0, 25);
    world.commit(7, 3);
    let mut published = vec![];
    loop {
        match world.run(&mut relay).unwrap() {
            0 => break,
            count => published.push(count),
        }
    }
    assert_eq!(published, [13, 10, 5], "at most ten of each shard per round");
    assert_eq!(world.first_seen(0), (1..=25).collect::<Vec<i64>>());
    assert_eq!(world.first_seen(7), [1, 2, 3]);
    assert_eq!(world.0.borrow().published.len(), 28);
    assert_eq!(world.0.borrow().shards[0].cursor, 25, "an idle relay has written its cursor");
}

#[test]
fn unacknowledged_events_are_published_again() {
    let world = Shared::default();
    let mut relay = world.relay(1);
    world.commit(3, 4);
    world.0.borrow_mut().is_broker_down = true;
    assert!(matches!(world.run(&mut relay), Err(Error::Publish(_))));
    world.0.borrow_mut().is_broker_down = false;
    assert_eq!(world.run(&mut relay), Ok(4));
    let published: Vec<i64> = world.0.borrow().published.iter().map(|(_, seq)| *seq).collect();
    assert_eq!(published, [1, 2, 1, 2, 3, 4]);
}

#[test]
fn a_new_relay_repeats_from_the_cursor_of_a_dead_one() {
    let world = Shared::default();
    world.commit(3, 4);
    world.run(&mut world.relay(1)).unwrap();
    world.expire();
    let mut next = world.relay(2);
    world.commit(3, 1);
    assert_eq!(world.run(&mut next), Ok(5), "the first relay did not write its cursor");
    assert_eq!(world.first_seen(3), [1, 2, 3, 4, 5]);
}

#[test]
fn a_relay_without_its_lease_moves_no_cursor_and_stops() {
    let world = Shared::default();
    let (mut old, mut new) = (world.relay(1), world.relay(2));
    world.commit(5, 2);
    assert_eq!(world.run(&mut old), Ok(2));
    world.expire();
    world.commit(5, 2);
    assert_eq!(world.run(&mut new), Ok(4));
    world.run(&mut new).unwrap();
    assert_eq!(world.0.borrow().shards[5].cursor, 4);
    world.commit(5, 1);
    assert_eq!(world.run(&mut old), Ok(0), "its lease is gone");
    assert_eq!(world.0.borrow().shards[5].cursor, 4);
    assert_eq!(world.run(&mut new), Ok(1));
    world.wait();
    assert_eq!(world.run(&mut old), Ok(0), "no shard is free");
    assert_eq!(world.first_seen(5), [1, 2, 3, 4, 5]);
}

#[test]
fn a_missing_number_is_not_skipped() {
    let world = Shared::default();
    let mut relay = world.relay(1);
    world.0.borrow_mut().shards[2].events = vec![1, 2, 4];
    assert_eq!(world.run(&mut relay), Ok(2));
    assert_eq!(world.run(&mut relay), Ok(0));
    world.0.borrow_mut().shards[2].events = vec![1, 2, 3, 4];
    assert_eq!(world.run(&mut relay), Ok(2));
    assert_eq!(world.first_seen(2), [1, 2, 3, 4]);
}

#[test]
fn keys_are_spread_by_the_recorded_partition_count() {
    let world = Shared::default();
    world.0.borrow_mut().partitions = 3;
    let mut relay = world.relay(1);
    world.commit(4, 2);
    assert_eq!(world.run(&mut relay), Ok(2));
    world.0.borrow_mut().partitions = 6;
    world.commit(4, 1);
    assert_eq!(world.run(&mut relay), Ok(1));
    // A later relay does not either.
    world.expire();
    world.commit(4, 1);
    assert_eq!(world.run(&mut world.relay(2)), Ok(2));
    assert_eq!(world.0.borrow().spreads, [3; 5]);
}

#[test]
fn halted_relays_give_leases_back_and_continue_by_the_new_count() {
    let world = Shared::default();
    world.0.borrow_mut().partitions = 6;
    world.0.borrow_mut().spread = Some(3);
    let mut relay = world.relay(1);
    world.commit(4, 2);
    assert_eq!(world.run(&mut relay), Ok(2));
    world.0.borrow_mut().is_halted = true;
    world.commit(4, 3);
    assert_eq!(world.run(&mut relay), Ok(0));
    assert_eq!((world.0.borrow().shards[4].cursor, world.0.borrow().shards[4].holder), (2, None));
    world.0.borrow_mut().spread = Some(6);
    world.0.borrow_mut().is_halted = false;
    world.wait();
    assert_eq!(world.run(&mut relay), Ok(3));
    assert_eq!(world.0.borrow().spreads, [3, 3, 6, 6, 6]);
    assert_eq!(world.first_seen(4), [1, 2, 3, 4, 5]);
}

#[test]
fn a_topic_with_too_few_partitions_is_an_error() {
    let world = Shared::default();
    world.0.borrow_mut().partitions = 3;
    world.0.borrow_mut().spread = Some(6);
    world.commit(4, 1);
    let mut relay = world.relay(1);
    assert!(matches!(world.run(&mut relay), Err(Error::Publish(PublishError(why))) if why.contains("topics apply")));
    world.0.borrow_mut().partitions = 6;
    assert_eq!(world.run(&mut relay), Ok(1));
}
