//! The log executor's consumer: delivers events to each group in order, from its last committed offset on.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use domain::ids::Codec;

use crate::commands::{Command, FailedDelivery, Source};
use crate::engine::Job;
use crate::events::event::Event;
use crate::events::outbox::parse_uuid;
use crate::events::outgoing::Outgoing;
use crate::log::group::Group;
use crate::log::reactions;
use crate::log::versions::Gap;
use crate::ports::{Delivery, EventLog, Origin, OutboxSlot, StoreError, StoredEvent};
use crate::state::rows::{DISBELIEVED, EventId, Message, OffsetKey, Partition};

/// A group's offsets in one partition, as this process sees them.
#[derive(Clone, Copy, Debug)]
struct Offsets {
    /// The group's offset in the store once all delivered events are committed.
    delivered: i64,
    /// Where the next read begins; events of other topics lie between.
    read_up_to: i64,
}

/// Reads the log for all groups of a process.
pub struct Consumer {
    log: Box<dyn EventLog>,
    codec: Codec,
    offsets: BTreeMap<OffsetKey, Offsets>,
    /// The groups' offsets in the store's own log, while a broker carries the events; `None` before they are read.
    handled_before: Option<BTreeMap<OffsetKey, i64>>,
}

impl Consumer {
    pub fn new(log: Box<dyn EventLog>, codec: Codec) -> Consumer {
        Consumer { log, codec, offsets: BTreeMap::new(), handled_before: None }
    }

    /// Returns the next events of all groups as jobs, at most `limit` of each partition. Empty when there are none.
    pub async fn consume_once(&mut self, limit: usize) -> Result<Vec<Job>, StoreError> {
        let mut delivered = vec![];
        for group in Group::carried() {
            let partitions = self.log.partitions(group).await?;
            // A process that gets a partition back must read the offset again: others may have advanced it.
            self.offsets.retain(|key, _| key.group != group || partitions.contains(&key.partition));
            for partition in partitions {
                self.take(OffsetKey { group, partition }, limit, &mut delivered).await?;
            }
        }
        self.compare_with_store(&mut delivered).await?;
        Ok(delivered.into_iter().map(|delivered| self.job(delivered)).collect())
    }

    /// Forgets a group's offset, because another worker moved it: it is read from the store again.
    pub fn forget_offset(&mut self, key: OffsetKey) {
        self.offsets.remove(&key);
    }

    /// Reads the offsets of all groups, and forgets those that have been moved by others: an idle group would not
    /// notice it otherwise. Call it only while no delivered event is undecided.
    pub async fn refresh_offsets(&mut self) -> Result<(), StoreError> {
        let stored: BTreeMap<OffsetKey, i64> = self.log.positions().await?.into_iter().collect();
        self.offsets.retain(|key, offset| stored.get(key).copied().unwrap_or_default() == offset.delivered);
        Ok(())
    }

    /// Returns jobs that move groups past events that they do not handle: then an idle group has no lag, and the next
    /// process need not read those events again.
    pub fn skip_unhandled(&mut self) -> Vec<Job> {
        let behind = self.offsets.iter_mut().filter(|(_, offset)| offset.read_up_to > offset.delivered);
        let pass = |(key, offset): (&OffsetKey, &mut Offsets)| {
            let source = Source { offset: *key, from: offset.delivered, next: offset.read_up_to, event: EventId::NONE };
            offset.delivered = offset.read_up_to;
            Job::new(Command::Skip, Box::new(|_| ())).from_log(source)
        };
        behind.map(pass).collect()
    }

    async fn take(&mut self, key: OffsetKey, limit: usize, to: &mut Vec<Delivered>) -> Result<(), StoreError> {
        let mut offset = match self.offsets.get(&key) {
            Some(offset) => *offset,
            None => {
                let stored = self.log.position(key).await?;
                Offsets { delivered: stored, read_up_to: stored }
            }
        };
        let fetched = self.log.fetch(key, offset.read_up_to, limit).await?;
        for delivery in fetched.deliveries {
            let next = delivery.offset + 1;
            if let Some(gap) = &delivery.gap {
                to.extend(self.heal(key, offset.delivered, &delivery, gap).await?);
            }
            if let Origin::Record(slot) = delivery.origin
                && self.is_handled_before(key.group, slot).await?
            {
                continue;
            }
            let (offsets, is_healing, is_forged) = (offset.delivered..next, false, false);
            to.push(Delivered { key, offsets, delivery, is_healing, is_forged });
            offset.delivered = next;
        }
        offset.read_up_to = fetched.next;
        self.offsets.insert(key, offset);
        Ok(())
    }

    /// Returns true if a group handled an event before the broker took over: inline, or from the store's own log. Its
    /// offset there stands where the broker began, and a relay that worked before may have published earlier events.
    async fn is_handled_before(&mut self, group: Group, slot: OutboxSlot) -> Result<bool, StoreError> {
        let Ok(number) = i32::try_from(slot.shard) else { return Ok(false) };
        if self.handled_before.is_none() {
            let positions = self.log.positions().await?.into_iter();
            self.handled_before = Some(positions.filter(|(key, _)| key.partition.topic.is_none()).collect());
        }
        let key = OffsetKey { group, partition: Partition { topic: None, number } };
        let begun = self.handled_before.as_ref().and_then(|offsets| offsets.get(&key));
        Ok(begun.is_some_and(|begun| slot.seq < *begun))
    }

    /// Returns the events of a gap from the store. The group skips those that it has already handled.
    async fn heal(
        &mut self,
        key: OffsetKey,
        from: i64,
        shown_by: &Delivery,
        gap: &Gap,
    ) -> Result<Vec<Delivered>, StoreError> {
        let Some(order) = self.codec.order_id(gap.order.as_str()) else { return Ok(vec![]) };
        let is_missing = |missed: &Outgoing| {
            let kind = missed.event.kind();
            missed.version.is_some_and(|version| gap.after < version && version < gap.before)
                && key.partition.topic.is_none_or(|topic| topic == kind.topic())
                && key.group.subscribes_to(kind)
        };
        let mut missed = vec![];
        for event in self.log.events_of(order).await?.into_iter().filter(is_missing) {
            let slot = OutboxSlot { shard: event.shard as i64, seq: event.seq };
            if !self.is_handled_before(key.group, slot).await? {
                missed.push(event);
            }
        }
        let delivered = missed.into_iter().filter_map(|Outgoing { id, event, trace, at, .. }| {
            let id = EventId(parse_uuid(&id)?);
            let origin = Origin::Store;
            let delivery = Delivery { id, event: Ok(event), trace, at, gap: None, origin, ..shown_by.clone() };
            Some(Delivered { key, offsets: from..from, delivery, is_healing: true, is_forged: false })
        });
        Ok(delivered.collect())
    }

    /// Compares the records that need it with the store's own events, in one read.
    async fn compare_with_store(&mut self, delivered: &mut [Delivered]) -> Result<(), StoreError> {
        let slots: BTreeSet<OutboxSlot> = delivered.iter().filter_map(Delivered::to_compare).collect();
        let written =
            if slots.is_empty() { vec![] } else { self.log.written(&slots.into_iter().collect::<Vec<_>>()).await? };
        let written: BTreeMap<OutboxSlot, StoredEvent> =
            written.into_iter().map(|written| (written.slot, written)).collect();
        for delivered in delivered {
            if let Some(slot) = delivered.to_compare() {
                delivered.is_forged = !written.get(&slot).is_some_and(|written| delivered.is(written));
            }
        }
        Ok(())
    }

    /// Returns the job of an event. An event that is unreadable, has codes of another shop, or is not in the store is dead-lettered
    /// at once.
    fn job(&self, Delivered { key, offsets, delivery, is_healing, is_forged }: Delivered) -> Job {
        let source = Source { offset: key, from: offsets.start, next: offsets.end, event: delivery.id };
        if delivery.event.as_ref().is_ok_and(|event| !key.group.subscribes_to(event.kind())) {
            // It only showed that others are missing.
            return Job::new(Command::Skip, Box::new(|_| ())).from_log(source);
        }
        let reaction = match &delivery.event {
            Ok(_) if is_forged => Err(format!("{DISBELIEVED}: the store has no such event in the record's place")),
            Ok(event) => reactions::command(key.group, event, delivery.at, &self.codec)
                .ok_or_else(|| "the group has no reaction to it, or its codes belong to another shop".to_owned()),
            Err(poison) => Err(poison.error.clone()),
        };
        match reaction {
            Ok(reaction) => {
                let job = Job::new(Command::React(reaction), Box::new(|_| ())).from_log(source).carrying(delivery);
                if is_healing { job.healing() } else { job }
            }
            Err(error) => {
                let message = Box::new(Message::of(&delivery));
                let dead_letter = FailedDelivery::GiveUp { group: key.group, message, error: error.into() };
                Job::new(Command::FailedDelivery(dead_letter), Box::new(|_| ())).from_log(source).traced(delivery.trace)
            }
        }
    }
}

/// A delivered event before it becomes a job.
struct Delivered {
    key: OffsetKey,
    /// The group's offset before and after it.
    offsets: Range<i64>,
    delivery: Delivery,
    /// It was read from the store, because the broker lost it.
    is_healing: bool,
    is_forged: bool,
}

impl Delivered {
    /// Returns the place where the store must have the event, if the group requires proof.
    fn to_compare(&self) -> Option<OutboxSlot> {
        let Origin::Record(slot) = self.delivery.origin else { return None };
        let kind = self.delivery.event.as_ref().ok()?.kind();
        (self.key.group.subscribes_to(kind) && self.key.group.needs_proof()).then_some(slot)
    }

    fn is(&self, written: &StoredEvent) -> bool {
        let Delivery { id, event: Ok(event), .. } = &self.delivery else { return false };
        written.id == *id
            && written.kind == event.kind().name()
            && Event::parse(event.kind(), &written.payload).is_ok_and(|written| written == *event)
    }
}
