//! A model of the embedded event log: the outbox, read shard by shard.

use app::events::event::{Event, EventKind};
use app::events::outbox::{SHARDS, parse_uuid};
use app::log::reactions::Group;
use app::log::relay::Outgoing;
use app::ports::{BoxFuture, Delivery, EventLog, Fetched, Origin, OutboxSlot, Poison, StoreError, StoredEvent};
use app::state::rows::{EventId, OffsetKey, Partition};
use domain::ids::OrderId;

use crate::disk::{Disk, OutboxRow};

/// An event log over the outbox of a disk.
#[derive(Debug)]
pub struct ModelLog {
    disk: Disk,
}

impl ModelLog {
    pub fn open(disk: &Disk) -> ModelLog {
        ModelLog { disk: disk.clone() }
    }

    fn read(&self, key: OffsetKey, from: i64, limit: usize) -> Result<Fetched, StoreError> {
        let state = self.disk.lock();
        let shard = usize::try_from(key.partition.number).ok().and_then(|shard| state.shards.get(shard));
        let shard = shard.ok_or_else(|| StoreError::Failed(format!("there is no partition {:?}", key.partition)))?;
        let mut fetched = Fetched { next: from, ..Fetched::default() };
        let unseen = usize::try_from(from.max(1) - 1).unwrap_or(usize::MAX);
        for place in shard.iter().skip(unseen) {
            if fetched.deliveries.len() == limit {
                break;
            }
            let row = &state.outbox[*place];
            fetched.next = row.record.seq + 1;
            fetched.deliveries.extend(delivery(key, row)?);
        }
        Ok(fetched)
    }
}

/// A record whose payload cannot be read.
pub(crate) fn poison(row: &OutboxRow, error: &str) -> Poison {
    let record = &row.record;
    Poison {
        topic: record.topic,
        key: record.key.clone(),
        kind: record.kind.to_owned(),
        payload: record.payload.clone(),
        error: error.to_owned(),
    }
}

/// Returns all events of an order, oldest first.
pub(crate) fn events_of(disk: &Disk, order: OrderId) -> Result<Vec<Outgoing>, StoreError> {
    let state = disk.lock();
    let of_order = state.outbox.iter().filter(|row| row.order == Some(order));
    of_order.map(outgoing).collect()
}

/// Returns the events in these slots.
pub(crate) fn written(disk: &Disk, slots: &[OutboxSlot]) -> Result<Vec<StoredEvent>, StoreError> {
    let state = disk.lock();
    let row = |slot: &OutboxSlot| {
        let shard = state.shards.get(usize::try_from(slot.shard).ok()?)?;
        let row = &state.outbox[*shard.get(usize::try_from(slot.seq).ok()?.checked_sub(1)?)?];
        Some((*slot, row))
    };
    let written = |(slot, row): (OutboxSlot, &OutboxRow)| {
        let id = parse_uuid(&row.record.id)
            .ok_or_else(|| StoreError::Failed(format!("event {} has no id", row.record.id)))?;
        let (kind, payload) = (row.record.kind.to_owned(), row.record.payload.clone());
        Ok(StoredEvent { slot, id: EventId(id), kind, payload })
    };
    slots.iter().filter_map(row).map(written).collect()
}

/// Returns an outbox row as the relay reads it.
pub(crate) fn outgoing(row: &OutboxRow) -> Result<Outgoing, StoreError> {
    let record = &row.record;
    let broken = || StoreError::Failed(format!("event {} cannot be read", record.id));
    let kind = EventKind::from_name(record.kind).ok_or_else(broken)?;
    let event = Event::parse(kind, &record.payload).map_err(|_| broken())?;
    let (shard, seq, id) = (record.shard, record.seq, record.id.clone());
    Ok(Outgoing { shard, seq, id, event, version: row.version, trace: row.trace(), at: row.at })
}

fn delivery(key: OffsetKey, row: &OutboxRow) -> Result<Option<Delivery>, StoreError> {
    let broken = |what: &str| StoreError::Failed(format!("{what} of event {} cannot be read", row.record.id));
    let kind = EventKind::from_name(row.record.kind).ok_or_else(|| broken("the type"))?;
    if !key.group.subscribes_to(kind) {
        return Ok(None);
    }
    delivered(key.partition, row.record.seq, row).map(Some)
}

/// Returns an outbox row as a group receives it from the store.
pub(crate) fn delivered(partition: Partition, offset: i64, row: &OutboxRow) -> Result<Delivery, StoreError> {
    let broken = |what: &str| StoreError::Failed(format!("{what} of event {} cannot be read", row.record.id));
    let kind = EventKind::from_name(row.record.kind).ok_or_else(|| broken("the type"))?;
    Ok(Delivery {
        partition,
        offset,
        id: EventId(parse_uuid(&row.record.id).ok_or_else(|| broken("the identity"))?),
        event: Event::parse(kind, &row.record.payload).map_err(|error| poison(row, &error.to_string())),
        trace: row.trace(),
        at: row.at,
        gap: None,
        origin: Origin::Store,
    })
}

impl EventLog for ModelLog {
    fn partitions(&mut self, _group: Group) -> BoxFuture<'_, Result<Vec<Partition>, StoreError>> {
        let numbers = 0..i32::try_from(SHARDS).expect("there are few shards");
        let partitions = numbers.map(|number| Partition { topic: None, number }).collect();
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
