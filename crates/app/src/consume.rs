//! The log executor's reader: brings each group the events it asks for, in order, from where its last commit left it.

use std::collections::BTreeMap;

use domain::ids::Codec;

use crate::command::{Command, Source, Undelivered};
use crate::engine::Job;
use crate::ports::{Delivery, EventLog, StoreError};
use crate::reactions::{self, Group};
use crate::rows::{Message, OffsetKey};

/// Where a group is in one partition, as this process sees it.
#[derive(Clone, Copy, Debug)]
struct Place {
    /// Where the store will say it stands when everything handed out is committed.
    handed_out: i64,
    /// Where the next look begins; events of other topics lie between.
    looked_at: i64,
}

/// Reads the log for all groups of a process.
pub struct Consumer {
    log: Box<dyn EventLog>,
    codec: Codec,
    places: BTreeMap<OffsetKey, Place>,
}

impl Consumer {
    pub fn new(log: Box<dyn EventLog>, codec: Codec) -> Consumer {
        Consumer { log, codec, places: BTreeMap::new() }
    }

    /// The next events of all groups as jobs, at most `limit` of each partition. Empty means quiet.
    pub async fn consume_once(&mut self, limit: usize) -> Result<Vec<Job>, StoreError> {
        let mut jobs = vec![];
        for group in Group::ALL {
            let partitions = self.log.partitions(*group).await?;
            // Who gets a partition back must ask anew: others may have gone on in it.
            self.places.retain(|key, _| key.group != *group || partitions.contains(&key.partition));
            for partition in partitions {
                self.take(OffsetKey { group: *group, partition }, limit, &mut jobs).await?;
            }
        }
        Ok(jobs)
    }

    /// Forgets where a group stands, because another worker moved it: the store is asked again.
    pub fn lose(&mut self, key: OffsetKey) {
        self.places.remove(&key);
    }

    async fn take(&mut self, key: OffsetKey, limit: usize, jobs: &mut Vec<Job>) -> Result<(), StoreError> {
        let mut place = match self.places.get(&key) {
            Some(place) => *place,
            None => {
                let stored = self.log.position(key).await?;
                Place { handed_out: stored, looked_at: stored }
            }
        };
        let fetched = self.log.fetch(key, place.looked_at, limit).await?;
        for delivery in fetched.deliveries {
            let next = delivery.offset + 1;
            jobs.push(self.job(key, place.handed_out, delivery));
            place.handed_out = next;
        }
        place.looked_at = fetched.next;
        self.places.insert(key, place);
        Ok(())
    }

    /// What an event leads to; what cannot be read, or carries codes that are not ours, is given up at once.
    fn job(&self, key: OffsetKey, from: i64, delivery: Delivery) -> Job {
        let source = Source { offset: key, from, next: delivery.offset + 1, event: delivery.id };
        let reaction = match &delivery.event {
            Ok(event) => reactions::command(key.group, event, delivery.at, &self.codec)
                .ok_or_else(|| "it means nothing to this group, or its codes are not this shop's".to_owned()),
            Err(poison) => Err(poison.error.clone()),
        };
        match reaction {
            Ok(reaction) => Job::new(Command::React(reaction), Box::new(|_| ())).from_log(source).carrying(delivery),
            Err(error) => {
                let message = Box::new(Message::of(&delivery));
                let bury = Undelivered::Bury { group: key.group, message, error: error.into() };
                Job::new(Command::Undelivered(bury), Box::new(|_| ())).from_log(source)
            }
        }
    }
}
