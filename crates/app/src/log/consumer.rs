//! The log executor's reader: brings each group the events it asks for, in order, from where its last commit left it.

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

/// Where a group is in one partition, as this process sees it.
#[derive(Clone, Copy, Debug)]
struct Offsets {
    /// Where the store will say it stands when everything handed out is committed.
    handed_out: i64,
    /// Where the next look begins; events of other topics lie between.
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

    /// The next events of all groups as jobs, at most `limit` of each partition. Empty means quiet.
    pub async fn consume_once(&mut self, limit: usize) -> Result<Vec<Job>, StoreError> {
        let mut jobs = vec![];
        for group in Group::ALL {
            let partitions = self.log.partitions(*group).await?;
            // Who gets a partition back must ask anew: others may have gone on in it.
            self.offsets.retain(|key, _| key.group != *group || partitions.contains(&key.partition));
            for partition in partitions {
                self.take(OffsetKey { group: *group, partition }, limit, &mut jobs).await?;
            }
        }
        Ok(jobs)
    }

    /// Forgets where a group stands, because another worker moved it: the store is asked again.
    pub fn lose(&mut self, key: OffsetKey) {
        self.offsets.remove(&key);
    }

    /// Asks where all groups stand, and forgets the places that somebody else has moved: a group that is quiet would not
    /// notice it otherwise. Only while nothing that was handed out is undecided.
    pub async fn look_again(&mut self) -> Result<(), StoreError> {
        let stored: BTreeMap<OffsetKey, i64> = self.log.positions().await?.into_iter().collect();
        self.offsets.retain(|key, offset| stored.get(key).copied().unwrap_or_default() == offset.handed_out);
        Ok(())
    }

    /// Jobs that bring the groups past what they looked at and do not ask for: so a group that has nothing to do stands
    /// at the end, for whoever asks how far behind it is, and for the next process, which need not look again.
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

    /// The events that a gap may have swallowed, from the store. Those that the group has taken in already it knows again.
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

    /// What an event leads to; what cannot be read, or carries codes that are not ours, is given up at once.
    fn job(&self, key: OffsetKey, offsets: Range<i64>, delivery: Delivery) -> Job {
        let source = Source { offset: key, from: offsets.start, next: offsets.end, event: delivery.id };
        if delivery.event.as_ref().is_ok_and(|event| !key.group.subscribes_to(event.kind())) {
            // It only showed that others are missing.
            return Job::new(Command::Skip, Box::new(|_| ())).from_log(source);
        }
        let reaction = match &delivery.event {
            Ok(event) => reactions::command(key.group, event, delivery.at, &self.codec)
                .ok_or_else(|| "it means nothing to this group, or its codes are not this shop's".to_owned()),
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
