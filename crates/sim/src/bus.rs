//! A model broker: a relay copies the outbox to partitions of topics, late and more than once.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use app::events::event::{Event, EventKind};
use app::events::outbox::parse_uuid;
use app::events::topic::Topic;
use app::log::reactions::{Group, REACTIONS};
use app::log::received::Received;
use app::log::relay::Outgoing;
use app::ports::{BoxFuture, Delivery, EventLog, Fetched, Origin, OutboxSlot, StoreError, StoredEvent};
use app::state::rows::{EventId, Message, OffsetKey, Partition};
use domain::ids::OrderId;

use crate::disk::{Disk, OutboxRow, State};
use crate::forgery::record::Record;
use crate::model_log::{events_of, poison, written};

/// The broker. It survives crashes of processes; clones share it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Bus(Arc<Mutex<Broker>>);

#[derive(Debug, Default)]
struct Broker {
    /// In the order of delivery.
    partitions: BTreeMap<Partition, Vec<Stored>>,
    /// Records of another shop that a group skipped.
    foreign: u64,
    relayed: usize,
    /// The tick until which a partition delivers nothing.
    delayed: BTreeMap<Partition, u64>,
    silent: BTreeMap<Group, u64>,
    /// The process that owns all partitions, and former owners that do not know yet that they lost them.
    owners: BTreeSet<usize>,
    tick: u64,
}

/// A record in a partition.
#[derive(Clone, Debug)]
enum Stored {
    /// An event of the shop, by its index in the outbox. It may occur more than once.
    Own(usize),
    /// A forged record.
    Forged(Arc<Record>),
}

impl Bus {
    fn lock(&self) -> MutexGuard<'_, Broker> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Copies the events committed since the last tick, and begins a tick.
    pub(crate) fn relay(&self, state: &State, tick: u64) {
        let mut broker = self.lock();
        broker.tick = tick;
        for place in broker.relayed..state.outbox.len() {
            broker.append(&state.outbox[place], place);
        }
        broker.relayed = state.outbox.len();
    }

    /// Copies some events again, like a relay that was stopped before it recorded its position.
    pub(crate) fn repeat(&self, state: &State, places: impl IntoIterator<Item = usize>) {
        let mut broker = self.lock();
        places.into_iter().for_each(|place| broker.append(&state.outbox[place], place));
    }

    /// Appends a forged record.
    pub(crate) fn forge(&self, record: Record) {
        let partition = record.partition();
        self.lock().partitions.entry(partition).or_default().push(Stored::Forged(Arc::new(record)));
    }

    /// Returns the forged record of a dead letter, if it has one.
    pub(crate) fn forged(&self, message: &Message) -> Option<Arc<Record>> {
        let partition = Partition { topic: Some(message.topic), number: message.partition };
        let place = usize::try_from(message.offset).ok()?.checked_sub(1)?;
        match self.lock().partitions.get(&partition)?.get(place)? {
            Stored::Own(_) => None,
            Stored::Forged(record) => Some(Arc::clone(record)),
        }
    }

    /// Returns every forged record with its partition and offset.
    pub(crate) fn all_forged(&self) -> Vec<(Partition, i64, Arc<Record>)> {
        let broker = self.lock();
        let mut found = vec![];
        for (partition, lying) in &broker.partitions {
            for (place, lying) in (1..).zip(lying) {
                if let Stored::Forged(record) = lying {
                    found.push((*partition, place, Arc::clone(record)));
                }
            }
        }
        found
    }

    /// Number of times that a group skipped a record of another shop.
    pub(crate) fn foreign(&self) -> u64 {
        self.lock().foreign
    }

    /// Number of events copied so far. Only these can be copied again.
    pub(crate) fn relayed(&self) -> usize {
        self.lock().relayed
    }

    pub(crate) fn partitions(&self) -> Vec<Partition> {
        self.lock().partitions.keys().copied().collect()
    }

    pub(crate) fn delay(&self, partition: Partition, until: u64) {
        self.lock().delayed.insert(partition, until);
    }

    pub(crate) fn silence(&self, group: Group, until: u64) {
        self.lock().silent.insert(group, until);
    }

    pub(crate) fn heal(&self) {
        let mut broker = self.lock();
        broker.delayed.clear();
        broker.silent.clear();
    }

    pub(crate) fn own(&self, process: usize) {
        self.lock().owners.insert(process);
    }

    pub(crate) fn disown(&self, process: usize) {
        self.lock().owners.remove(&process);
    }

    pub(crate) fn is_owner(&self, process: usize) -> bool {
        self.lock().owners.contains(&process)
    }

    /// Returns whether every group has consumed all its events.
    pub(crate) fn is_quiet(&self, state: &State) -> bool {
        !Group::CARRIED.iter().any(|group| self.has_backlog(state, *group))
    }

    /// Returns whether every group that is not silent has consumed all its events.
    pub(crate) fn is_at_rest(&self, state: &State) -> bool {
        let silent: Vec<Group> = self.lock().silent.keys().copied().collect();
        Group::CARRIED.iter().all(|group| silent.contains(group) || !self.has_backlog(state, *group))
    }

    /// Returns whether a group has events left to consume.
    pub(crate) fn has_backlog(&self, state: &State, group: Group) -> bool {
        let broker = self.lock();
        broker.relayed < state.outbox.len()
            || broker.partitions.iter().any(|(partition, places)| {
                let stands = state.offsets.get(&OffsetKey { group, partition: *partition }).copied().unwrap_or(0);
                partition.topic.is_some_and(|topic| reads(group, topic))
                    && places.iter().skip(unseen(stands)).any(|lying| lying.is_for(group, state))
            })
    }
}

impl Broker {
    fn append(&mut self, row: &OutboxRow, place: usize) {
        let number = i32::try_from(row.record.shard).expect("there are few shards");
        let partition = Partition { topic: Some(row.record.topic), number };
        self.partitions.entry(partition).or_default().push(Stored::Own(place));
    }
}

impl Stored {
    fn is_for(&self, group: Group, state: &State) -> bool {
        match self {
            Stored::Own(place) => wants(group, &state.outbox[*place]),
            Stored::Forged(record) => record.is_for(group),
        }
    }
}

fn unseen(offset: i64) -> usize {
    usize::try_from(offset.max(1) - 1).unwrap_or(usize::MAX)
}

fn wants(group: Group, row: &OutboxRow) -> bool {
    EventKind::from_name(row.record.kind).is_some_and(|kind| group.subscribes_to(kind))
}

fn reads(group: Group, topic: Topic) -> bool {
    REACTIONS.iter().any(|(kind, reader)| *reader == group && kind.topic() == topic)
}

/// One process's consumer of the broker.
pub(crate) struct BusLog {
    pub(crate) bus: Bus,
    pub(crate) disk: Disk,
    pub(crate) process: usize,
    /// A mistake that is made on purpose: records are taken for what was read in the store.
    pub(crate) believes: bool,
}

impl BusLog {
    /// Forged records come along, and are none of those that are asked for: so they change nothing about who meets whom.
    fn read(&self, key: OffsetKey, from: i64, limit: usize) -> Result<Fetched, StoreError> {
        let mut broker = self.bus.lock();
        let mut fetched = Fetched { next: from, ..Fetched::default() };
        let is_delayed = broker.delayed.get(&key.partition).is_some_and(|until| broker.tick < *until);
        let Some(lying) = broker.partitions.get(&key.partition).filter(|_| !is_delayed) else { return Ok(fetched) };
        let state = self.disk.lock();
        let (mut own, mut foreign) = (0, 0);
        for (index, lying) in lying.iter().enumerate().skip(unseen(from)) {
            if own == limit {
                break;
            }
            let offset = i64::try_from(index + 1).expect("a partition is short");
            fetched.next = offset + 1;
            foreign += u64::from(matches!(lying, Stored::Forged(record) if record.is_foreign()));
            if !lying.is_for(key.group, &state) {
                continue;
            }
            fetched.deliveries.push(match lying {
                Stored::Own(place) => {
                    own += 1;
                    delivery(key.partition, offset, &state.outbox[*place])?
                }
                Stored::Forged(record) => match record.received(offset) {
                    Received::Delivery { delivery, .. } if self.believes => {
                        Delivery { origin: Origin::Store, ..*delivery }
                    }
                    Received::Delivery { delivery, .. } => *delivery,
                    Received::Foreign(_) | Received::Nothing => continue,
                },
            });
        }
        broker.foreign += foreign;
        Ok(fetched)
    }
}

fn delivery(partition: Partition, offset: i64, row: &OutboxRow) -> Result<Delivery, StoreError> {
    let broken = |what: &str| StoreError::Failed(format!("{what} of event {} cannot be read", row.record.id));
    let kind = EventKind::from_name(row.record.kind).ok_or_else(|| broken("the type"))?;
    let shard = i64::try_from(row.record.shard).map_err(|_| broken("the shard"))?;
    Ok(Delivery {
        partition,
        offset,
        id: EventId(parse_uuid(&row.record.id).ok_or_else(|| broken("the identity"))?),
        event: Event::parse(kind, &row.record.payload).map_err(|error| poison(row, &error.to_string())),
        trace: row.trace(),
        at: row.at,
        gap: None,
        origin: Origin::Record(OutboxSlot { shard, seq: row.record.seq }),
    })
}

impl EventLog for BusLog {
    fn partitions(&mut self, group: Group) -> BoxFuture<'_, Result<Vec<Partition>, StoreError>> {
        let broker = self.bus.lock();
        let is_silent = broker.silent.get(&group).is_some_and(|until| broker.tick < *until);
        let is_ours = broker.owners.contains(&self.process) && !is_silent;
        let all = broker.partitions.keys().copied();
        let of_group = |partition: &Partition| is_ours && partition.topic.is_some_and(|topic| reads(group, topic));
        let partitions = all.filter(of_group).collect();
        Box::pin(std::future::ready(Ok(partitions)))
    }

    fn position(&mut self, key: OffsetKey) -> BoxFuture<'_, Result<i64, StoreError>> {
        let position = self.disk.lock().offsets.get(&key).copied().unwrap_or(0);
        Box::pin(std::future::ready(Ok(position)))
    }

    fn events_of(&mut self, order: OrderId) -> BoxFuture<'_, Result<Vec<Outgoing>, StoreError>> {
        Box::pin(std::future::ready(events_of(&self.disk, order)))
    }

    fn written<'a>(&'a mut self, slots: &'a [OutboxSlot]) -> BoxFuture<'a, Result<Vec<StoredEvent>, StoreError>> {
        Box::pin(std::future::ready(written(&self.disk, slots)))
    }

    fn positions(&mut self) -> BoxFuture<'_, Result<Vec<(OffsetKey, i64)>, StoreError>> {
        let positions = self.disk.lock().offsets.iter().map(|(key, position)| (*key, *position)).collect();
        Box::pin(std::future::ready(Ok(positions)))
    }

    fn fetch(&mut self, key: OffsetKey, from: i64, limit: usize) -> BoxFuture<'_, Result<Fetched, StoreError>> {
        let fetched = self.read(key, from, limit);
        Box::pin(std::future::ready(fetched))
    }
}
