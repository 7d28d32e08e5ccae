//! The relay: brings what was committed to where others read it, in order, and at least once.
//!
//! Each shard of the outbox has a cursor. Whoever holds the shard's lease publishes what lies behind the cursor and moves it
//! when everything is acknowledged; a lease has an epoch, under which alone a cursor moves. So of several relays one
//! works on a shard, and one that was stopped and resumes can only repeat what has been published.

use std::time::Duration;

use domain::time::Timestamp;

use crate::events::event::Event;
use crate::events::topic::{Spread, Topic};
use crate::events::trace::TraceParent;
use crate::ports::{BoxFuture, Clock, StoreError};

mod dead_letters;
mod movements;
mod records;

pub(crate) use records::records;

/// Leases are kept for so long; a relay that says nothing for longer is replaced.
pub const LEASE: Duration = Duration::from_secs(10);
/// Leases are renewed, and free ones looked for, so often.
const RENEW_EVERY: Duration = Duration::from_secs(3);

/// An event in its place in the outbox.
#[derive(Clone, Debug, PartialEq)]
pub struct Outgoing {
    pub shard: usize,
    pub seq: i64,
    pub id: String,
    pub event: Event,
    /// The order's version after it; only events of an order's own have one.
    pub version: Option<i64>,
    /// The trace of the request that caused it.
    pub trace: Option<TraceParent>,
    pub at: Timestamp,
}

/// The right to move a shard's cursor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lease {
    pub shard: usize,
    /// Counts who held it; only the latest holder moves the cursor.
    pub epoch: i64,
    /// The last number that is published.
    pub cursor: i64,
}

/// The store as a relay sees it.
pub trait Outbox {
    /// Takes the shards that nobody holds, each under a new epoch, for [`LEASE`]; none while relays are to stand still.
    fn take_free(&mut self) -> BoxFuture<'_, Result<Vec<Lease>, StoreError>>;

    /// What lies behind the cursor of each of the leases, in order, at most `limit` of each shard.
    fn read<'a>(&'a mut self, leases: &'a [Lease], limit: usize) -> BoxFuture<'a, Result<Vec<Outgoing>, StoreError>>;

    /// Over how many partitions keys are spread. Topics of which nothing was settled yet are settled as they were found. What is
    /// settled changes only while nobody holds a lease (`docs/decisions/0025`).
    fn pin_partition_count<'a>(&'a mut self, found: &'a Spread) -> BoxFuture<'a, Result<Spread, StoreError>>;

    /// Writes the cursors down and renews the leases, but for those that somebody else has taken; answers with the shards
    /// that are still held. While relays are to stand still, the leases are given back, and none is held. When it returns,
    /// everything that was read before survives a power cut.
    fn keep<'a>(&'a mut self, leases: &'a [Lease]) -> BoxFuture<'a, Result<Vec<usize>, StoreError>>;
}

/// An event on its way to a topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    pub topic: Topic,
    /// It goes to the dead letters of the topic.
    pub is_dead_letter: bool,
    pub key: String,
    pub value: String,
    pub attributes: Vec<(&'static str, String)>,
}

/// Some of what was to be published may not have been.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not everything could be published: {0}")]
pub struct PublishError(pub String);

/// Where others read.
pub trait Publisher {
    /// Asks anew how many partitions the topics have; those that are not there are left out.
    fn sizes(&mut self) -> BoxFuture<'_, Result<Spread, PublishError>>;

    /// Publishes the records, those of one key in their order, in the partition that the key has among so many. `Ok`: each of
    /// them is there for good.
    fn publish<'a>(&'a mut self, records: &'a [Record], spread: &'a Spread) -> BoxFuture<'a, Result<(), PublishError>>;
}

/// Why a round of the relay came to nothing; the next one tries it again.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Publish(#[from] PublishError),
}

/// One process's part in relaying.
pub struct Relay {
    outbox: Box<dyn Outbox>,
    publisher: Box<dyn Publisher>,
    leases: Vec<Lease>,
    /// Over how many partitions keys are spread; as good as the leases under which it was asked.
    spread: Option<Spread>,
    /// Cursors have moved since they were written down.
    has_moved: bool,
    renewed: Option<Timestamp>,
}

impl Relay {
    pub fn new(outbox: Box<dyn Outbox>, publisher: Box<dyn Publisher>) -> Relay {
        Relay { outbox, publisher, leases: vec![], spread: None, has_moved: false, renewed: None }
    }

    /// Publishes what is committed and not published, at most `limit` events of each shard. How many; none means quiet.
    pub async fn relay_once(&mut self, limit: usize, clock: &dyn Clock) -> Result<usize, Error> {
        self.renew(clock.now()).await?;
        let mut events = self.outbox.read(&self.leases, limit).await?;
        let mut ahead = self.leases.clone();
        // A number is given out under its shard's lock, so there is none missing; and if there were, it must not be passed
        // over.
        events.retain(|event| {
            let lease = ahead.iter_mut().find(|lease| lease.shard == event.shard && lease.cursor + 1 == event.seq);
            lease.map(|lease| lease.cursor = event.seq).is_some()
        });
        if self.spread.is_none() && !events.is_empty() {
            // Before the leases are confirmed: as long as they are held, it stays so.
            self.spread = Some(self.ask_spread().await?);
        }
        if self.has_moved || !events.is_empty() {
            self.keep().await?;
        }
        ahead.retain(|lease| self.leases.iter().any(|held| held.shard == lease.shard));
        events.retain(|event| ahead.iter().any(|held| held.shard == event.shard));
        let records: Vec<Record> = events.iter().flat_map(records).collect();
        let Some(spread) = self.spread.as_ref().filter(|_| !records.is_empty()) else { return Ok(0) };
        let done = self.publisher.publish(&records, spread).await;
        if done.is_err() {
            // A topic may have been missing that is made now.
            self.spread = None;
        }
        done?;
        self.leases = ahead;
        self.has_moved = true;
        Ok(events.len())
    }

    async fn renew(&mut self, now: Timestamp) -> Result<(), StoreError> {
        let is_fresh = |renewed: Timestamp| {
            let age = now.micros().abs_diff(renewed.micros());
            u128::from(age) < RENEW_EVERY.as_micros()
        };
        if self.renewed.is_some_and(is_fresh) {
            return Ok(());
        }
        if !self.leases.is_empty() {
            self.keep().await?;
        }
        let taken = self.outbox.take_free().await?;
        if !taken.is_empty() {
            self.spread = None;
        }
        self.leases.retain(|lease| taken.iter().all(|new| new.shard != lease.shard));
        self.leases.extend(taken);
        self.renewed = Some(now);
        Ok(())
    }

    async fn ask_spread(&mut self) -> Result<Spread, Error> {
        let found = self.publisher.sizes().await?;
        let spread = self.outbox.pin_partition_count(&found).await?;
        let is_short =
            |(topic, wanted): &(&Topic, &i32)| found.get(topic).is_some_and(|partitions| partitions < *wanted);
        match spread.iter().find(is_short) {
            None => Ok(spread),
            Some((topic, wanted)) => Err(PublishError(format!(
                "{} has lost partitions: its keys are spread over {wanted}; `doorbuster topics apply` makes what is missing",
                topic.name()
            ))
            .into()),
        }
    }

    async fn keep(&mut self) -> Result<(), StoreError> {
        let held = self.outbox.keep(&self.leases).await?;
        self.leases.retain(|lease| held.contains(&lease.shard));
        self.has_moved = false;
        Ok(())
    }
}

#[cfg(test)]
mod tests;
