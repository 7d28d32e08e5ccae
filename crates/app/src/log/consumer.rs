//! The log executor's consumer: delivers events to each group in order, from its last committed offset on.

use std::collections::BTreeMap;
use std::ops::Range;

use domain::ids::Codec;

use crate::commands::{Command, FailedDelivery, Source};
use crate::engine::Job;
use crate::events::outbox::parse_uuid;
use crate::log::reactions::{self, Group};
use crate::log::relay::Outgoing;
use crate::log::versions::Gap;
use crate::ports::{Delivery, EventLog, StoreError};
use crate::state::rows::{EventId, Message, OffsetKey};

/// A group's offsets in one partition, as this process sees them.
#[derive(Clone, Copy, Debug)]
struct Offsets {
    /// The group's offset in the store once all delivered events are committed.
    handed_out: i64,
    /// Where the next read begins; events of other topics lie between.
    looked_at: i64,
}

/// Reads the log for all groups of a process.
pub struct Consumer {
    log: Box<dyn EventLog>,
    codec: Codec,
    offsets: BTreeMap<OffsetKey, Offsets>,
}

impl Consumer {
    pub fn new(log: Box<dyn EventLog>, codec: Codec) -> Consumer {
        Consumer { log, codec, offsets: BTreeMap::new() }
    }

    /// Returns the next events of all groups as jobs, at most `limit` of each partition. Empty when there are none.
    pub async fn consume_once(&mut self, limit: usize) -> Result<Vec<Job>, StoreError> {
        let mut jobs = vec![];
        for group in Group::ALL {
            let partitions = self.log.partitions(*group).await?;
            // A process that gets a partition back must read the offset again: others may have advanced it.
            self.offsets.retain(|key, _| key.group != *group || partitions.contains(&key.partition));
            for partition in partitions {
                self.take(OffsetKey { group: *group, partition }, limit, &mut jobs).await?;
            }
        }
        Ok(jobs)
    }

    /// Forgets a group's offset, because another worker moved it: it is read from the store again.
    pub fn lose(&mut self, key: OffsetKey) {
        self.offsets.remove(&key);
    }

    /// Reads the offsets of all groups, and forgets those that have been moved by others: an idle group would not
    /// notice it otherwise. Call it only while no delivered event is undecided.
    pub async fn look_again(&mut self) -> Result<(), StoreError> {
        let stored: BTreeMap<OffsetKey, i64> = self.log.positions().await?.into_iter().collect();
        self.offsets.retain(|key, offset| stored.get(key).copied().unwrap_or_default() == offset.handed_out);
        Ok(())
    }

    /// Returns jobs that move groups past events that they do not handle: then an idle group has no lag, and the next
    /// process need not read those events again.
    pub fn pass_over(&mut self) -> Vec<Job> {
        let behind = self.offsets.iter_mut().filter(|(_, offset)| offset.looked_at > offset.handed_out);
        let pass = |(key, offset): (&OffsetKey, &mut Offsets)| {
            let source = Source { offset: *key, from: offset.handed_out, next: offset.looked_at, event: EventId(0) };
            offset.handed_out = offset.looked_at;
            Job::new(Command::Skip, Box::new(|_| ())).from_log(source)
        };
        behind.map(pass).collect()
    }

    async fn take(&mut self, key: OffsetKey, limit: usize, jobs: &mut Vec<Job>) -> Result<(), StoreError> {
        let mut offset = match self.offsets.get(&key) {
            Some(offset) => *offset,
            None => {
                let stored = self.log.position(key).await?;
                Offsets { handed_out: stored, looked_at: stored }
            }
        };
        let fetched = self.log.fetch(key, offset.looked_at, limit).await?;
        for delivery in fetched.deliveries {
            let next = delivery.offset + 1;
            if let Some(gap) = &delivery.gap {
                jobs.extend(self.heal((key, offset.handed_out), &delivery, gap).await?);
            }
            jobs.push(self.job(key, offset.handed_out..next, delivery));
            offset.handed_out = next;
        }
        offset.looked_at = fetched.next;
        self.offsets.insert(key, offset);
        Ok(())
    }

    /// Returns the events of a gap from the store. The group skips those that it has already handled.
    async fn heal(
        &mut self,
        (key, from): (OffsetKey, i64),
        shown_by: &Delivery,
        gap: &Gap,
    ) -> Result<Vec<Job>, StoreError> {
        let Some(order) = self.codec.order_id(gap.order.as_str()) else { return Ok(vec![]) };
        let is_missing = |missed: &Outgoing| {
            let kind = missed.event.kind();
            missed.version.is_some_and(|version| gap.after < version && version < gap.before)
                && key.partition.topic.is_none_or(|topic| topic == kind.topic())
                && key.group.subscribes_to(kind)
        };
        let missed: Vec<Outgoing> = self.log.events_of(order).await?.into_iter().filter(is_missing).collect();
        let brought = missed.into_iter().filter_map(|Outgoing { id, event, trace, at, .. }| {
            let id = EventId(parse_uuid(&id)?);
            Some(Delivery { id, event: Ok(event), trace, at, gap: None, ..shown_by.clone() })
        });
        Ok(brought.map(|delivery| self.job(key, from..from, delivery).healing()).collect())
    }

    /// Returns the job of an event. An event that is unreadable, or has codes of another shop, is dead-lettered at
    /// once.
    fn job(&self, key: OffsetKey, offsets: Range<i64>, delivery: Delivery) -> Job {
        let source = Source { offset: key, from: offsets.start, next: offsets.end, event: delivery.id };
        if delivery.event.as_ref().is_ok_and(|event| !key.group.subscribes_to(event.kind())) {
            // It only showed that others are missing.
            return Job::new(Command::Skip, Box::new(|_| ())).from_log(source);
        }
        let reaction = match &delivery.event {
            Ok(event) => reactions::command(key.group, event, delivery.at, &self.codec)
                .ok_or_else(|| "the group has no reaction to it, or its codes belong to another shop".to_owned()),
            Err(poison) => Err(poison.error.clone()),
        };
        match reaction {
            Ok(reaction) => Job::new(Command::React(reaction), Box::new(|_| ())).from_log(source).carrying(delivery),
            Err(error) => {
                let message = Box::new(Message::of(&delivery));
                let dead_letter = FailedDelivery::Bury { group: key.group, message, error: error.into() };
                Job::new(Command::FailedDelivery(dead_letter), Box::new(|_| ())).from_log(source).traced(delivery.trace)
            }
        }
    }
}
