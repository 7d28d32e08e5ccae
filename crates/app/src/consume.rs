//! The log executor's reader: brings each group the events it asks for, in order, from where its last commit left it.

use std::collections::BTreeMap;

use domain::ids::Codec;

use crate::command::{Command, Source};
use crate::engine::Job;
use crate::ports::{Delivery, EventLog, Poison, StoreError};
use crate::reactions::{self, Group};
use crate::rows::OffsetKey;

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
    poison: Vec<(Group, Poison)>,
}

impl Consumer {
    pub fn new(log: Box<dyn EventLog>, codec: Codec) -> Consumer {
        Consumer { log, codec, places: BTreeMap::new(), poison: vec![] }
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

    /// The records since the last call that are no events. They are passed over: nobody will ever be able to read them.
    pub fn poison(&mut self) -> Vec<(Group, Poison)> {
        std::mem::take(&mut self.poison)
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
            if let Some(job) = self.job(key, place.handed_out, &delivery) {
                place.handed_out = delivery.offset + 1;
                jobs.push(job);
            }
        }
        self.poison.extend(fetched.poison.into_iter().map(|poison| (key.group, poison)));
        place.looked_at = fetched.next;
        self.places.insert(key, place);
        Ok(())
    }

    fn job(&self, key: OffsetKey, from: i64, delivery: &Delivery) -> Option<Job> {
        let reaction = reactions::command(key.group, &delivery.event, delivery.at, &self.codec)?;
        let source = Source { offset: key, from, next: delivery.offset + 1, event: delivery.id };
        Some(Job::new(Command::React(reaction), Box::new(|_| ())).from_log(source))
    }
}
