//! A broker that loses an order's event: the version of the next one shows the gap, and the store has the event.

use std::collections::BTreeMap;

use app::commands::{Command, PlaceOrder};
use app::events::event::EventKind;
use app::events::outbox::uuid;
use app::events::topic::Topic;
use app::log::consumer::Consumer;
use app::log::reactions::Group;
use app::log::relay::Outgoing;
use app::log::versions::{Arrival, Versions};
use app::ports::{BoxFuture, Delivery, EventLog, Fetched, OutboxSlot, StoreError, StoredEvent};
use app::state::rows::{EventId, OffsetKey, Partition};
use app::state::settings::Executor;
use domain::ids::OrderId;
use domain::order::{Canceller, Outcome, Payment};
use sim::disk::Disk;
use sim::model_log::ModelLog;
use sim::ready::ready;

use crate::shop::{ANN, CODEC, Shop, order_of};

/// A consumer of the model's log, like a group member of a broker, that loses one kind of event.
struct Lossy {
    disk: Disk,
    log: ModelLog,
    loses: EventKind,
    versions: BTreeMap<OffsetKey, Versions>,
}

impl Lossy {
    fn judged(&mut self, key: OffsetKey, mut delivery: Delivery) -> Option<Delivery> {
        let event = delivery.event.as_ref().unwrap();
        if event.kind() == self.loses {
            return None;
        }
        let id = uuid(delivery.id.0);
        let version = self.disk.state().outbox.iter().find(|row| row.record.id == id).unwrap().version;
        let versions = self.versions.entry(key).or_default();
        if let Arrival::Behind(gap) = versions.judge(event.kind().topic(), event, version) {
            delivery.gap = Some(gap);
        }
        Some(delivery)
    }
}

impl EventLog for Lossy {
    fn partitions(&mut self, group: Group) -> BoxFuture<'_, Result<Vec<Partition>, StoreError>> {
        self.log.partitions(group)
    }

    fn position(&mut self, key: OffsetKey) -> BoxFuture<'_, Result<i64, StoreError>> {
        self.log.position(key)
    }

    fn events_of(&mut self, order: OrderId) -> BoxFuture<'_, Result<Vec<Outgoing>, StoreError>> {
        self.log.events_of(order)
    }

    fn written<'a>(&'a mut self, slots: &'a [OutboxSlot]) -> BoxFuture<'a, Result<Vec<StoredEvent>, StoreError>> {
        self.log.written(slots)
    }

    fn positions(&mut self) -> BoxFuture<'_, Result<Vec<(OffsetKey, i64)>, StoreError>> {
        self.log.positions()
    }

    fn fetch(&mut self, key: OffsetKey, from: i64, limit: usize) -> BoxFuture<'_, Result<Fetched, StoreError>> {
        let Fetched { deliveries, next } = ready(self.log.fetch(key, from, limit)).unwrap();
        let deliveries = deliveries.into_iter().filter_map(|delivery| self.judged(key, delivery)).collect();
        Box::pin(std::future::ready(Ok(Fetched { deliveries, next })))
    }
}

fn losing(shop: &Shop, loses: EventKind) -> Consumer {
    let disk = shop.disk.clone();
    let lossy = Lossy { log: ModelLog::open(&disk), disk, loses, versions: BTreeMap::new() };
    Consumer::new(Box::new(lossy), CODEC)
}

/// Cancels an order that awaits payment.
fn cancel(shop: &mut Shop) -> OrderId {
    let product = shop.product(10, 5);
    let order = shop.place_only(PlaceOrder { payment: Payment::Prepaid, ..order_of(ANN, product) });
    shop.quiet();
    assert_eq!(shop.order(order).outcome, Outcome::AwaitingPayment);
    shop.run(Command::CancelOrder { order, by: Canceller::Customer, note: None }).unwrap();
    assert_eq!(shop.order(order).outcome, Outcome::Cancelled);
    order
}

fn notices(shop: &Shop) -> Vec<String> {
    shop.state().notices.values().map(|notice| notice.kind.to_owned()).collect()
}

#[test]
fn a_lost_event_is_read_from_the_store_before_the_next_one() {
    let mut whole = Shop::open(Executor::Log);
    cancel(&mut whole);
    assert_eq!(notices(&whole).len(), 2);

    let mut shop = Shop::open(Executor::Log);
    shop.consumer = losing(&shop, EventKind::OrderAwaitingPayment);
    let order = cancel(&mut shop);
    assert_eq!(notices(&shop), notices(&whole), "in the order in which it happened");

    // The lost event arrives late, and is not handled twice.
    shop.consumer = Consumer::new(Box::new(ModelLog::open(&shop.disk)), CODEC);
    shop.disk.tamper(|state| state.offsets.retain(|key, _| key.group != Group::Notices));
    shop.quiet();
    assert_eq!(notices(&shop), notices(&whole));
    assert_eq!(shop.order(order).outcome, Outcome::Cancelled);
}

/// A new process does not count events as healed that the group has consumed before.
#[test]
fn only_what_was_missing_counts_as_healed() {
    let mut shop = Shop::open(Executor::Log);
    let order = cancel(&mut shop);
    let events = ready(ModelLog::open(&shop.disk).events_of(order)).unwrap();
    let last = events.iter().find(|event| event.event.kind() == EventKind::OrderCancelled).unwrap();
    assert_eq!(last.event.kind().topic(), Topic::OrderEvents);
    let healed = |shop: &mut Shop| {
        shop.consumer = losing(shop, EventKind::OrderAwaitingPayment);
        shop.disk.tamper(|state| state.offsets.retain(|key, _| key.group != Group::Notices));
        let jobs = shop.next_events();
        shop.batch(jobs).healed
    };
    assert_eq!(healed(&mut shop), []);
    let awaiting = events.iter().find(|event| event.event.kind() == EventKind::OrderAwaitingPayment).unwrap();
    let id = EventId(app::events::outbox::parse_uuid(&awaiting.id).unwrap());
    shop.disk.tamper(|state| state.inbox.retain(|key| key.event != id));
    shop.is_audited = false;
    assert_eq!(healed(&mut shop), [(Group::Notices, id)]);
}
