//! The log executor's reader: brings each group the events it asks for, in order, from where its last commit left it.

use std::collections::BTreeMap;

use domain::ids::Codec;

use crate::command::{Command, Source};
use crate::engine::Job;
use crate::ports::{Delivery, EventLog, StoreError};
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
}

impl Consumer {
    pub fn new(log: Box<dyn EventLog>, codec: Codec) -> Consumer {
        Consumer { log, codec, places: BTreeMap::new() }
    }

    /// The next events of all groups as jobs, at most `limit` of each partition. Empty means quiet.
    pub async fn consume_once(&mut self, limit: usize) -> Result<Vec<Job>, StoreError> {
        let mut jobs = vec![];
        for group in Group::ALL {
            for partition in self.log.partitions(*group).await? {
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
            if let Some(job) = self.job(key, place.handed_out, &delivery) {
                place.handed_out = delivery.offset + 1;
                jobs.push(job);
            }
        }
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
