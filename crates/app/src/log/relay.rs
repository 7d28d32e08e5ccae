//! The relay: publishes committed events in order, at least once.
//!
//! Each shard of the outbox has a cursor. The holder of the shard's lease publishes the events after the cursor and
//! moves it when all are acknowledged. A lease has an epoch, which is compared when the cursor moves. So one relay at a
//! time works on a shard, and one that was stopped and resumes can only repeat what has been published.

use std::time::Duration;

use domain::time::Timestamp;

use crate::events::topic::{Spread, Topic};
use crate::ports::{BoxFuture, Clock, StoreError};

mod dead_letters;
pub(crate) mod movements;
mod records;

pub use crate::events::outgoing::Outgoing;
pub(crate) use records::records;

/// The life of a lease; a relay that does not renew it in this time is replaced.
pub const LEASE: Duration = Duration::from_secs(10);
/// The interval of renewing leases and looking for free ones.
const RENEW_EVERY: Duration = Duration::from_secs(3);

/// The right to move a shard's cursor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lease {
    pub shard: usize,
    /// Counts the holders; only the latest one moves the cursor.
    pub epoch: i64,
    /// The last published number.
    pub cursor: i64,
}

/// The store for a relay.
pub trait Outbox {
    /// Takes the free shards, each under a new epoch, for [`LEASE`]; none while relays are halted.
    fn take_free(&mut self) -> BoxFuture<'_, Result<Vec<Lease>, StoreError>>;

    /// Reads the events after the cursor of each lease, in order, at most `limit` of each shard.
    fn read<'a>(&'a mut self, leases: &'a [Lease], limit: usize) -> BoxFuture<'a, Result<Vec<Outgoing>, StoreError>>;

    /// Returns each topic's partition count; pins the count found where none was recorded. A recorded count changes
    /// only while no lease is held (`docs/decisions/0025`).
    fn pin_partition_count<'a>(&'a mut self, found: &'a Spread) -> BoxFuture<'a, Result<Spread, StoreError>>;

    /// Writes the cursors and renews the leases that have not been taken over; returns the shards that are still held.
    /// While relays are halted, it gives the leases back and holds none. When it returns, everything that was read
    /// before is durable.
    fn keep<'a>(&'a mut self, leases: &'a [Lease]) -> BoxFuture<'a, Result<Vec<usize>, StoreError>>;
}

/// An event on its way to a topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    pub topic: Topic,
    /// The record goes to the topic's dead-letter topic.
    pub is_dead_letter: bool,
    pub key: String,
    pub value: String,
    pub attributes: Vec<(&'static str, String)>,
}

/// Some of the records may not have been published.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("some records were not published: {0}")]
pub struct PublishError(pub String);

/// The broker for a relay.
pub trait Publisher {
    /// Reads the topics' partition counts again; missing topics are left out.
    fn sizes(&mut self) -> BoxFuture<'_, Result<Spread, PublishError>>;

    /// Publishes the records, those of one key in their order, each in its key's partition by `spread`. `Ok`: all of
    /// them are durable.
    fn publish<'a>(&'a mut self, records: &'a [Record], spread: &'a Spread) -> BoxFuture<'a, Result<(), PublishError>>;
}

/// Why a round of the relay failed; the next round retries it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Publish(#[from] PublishError),
}

/// The relay of one process.
pub struct Relay {
    outbox: Box<dyn Outbox>,
    publisher: Box<dyn Publisher>,
    leases: Vec<Lease>,
    /// The recorded partition counts; valid as long as the leases under which they were read.
    spread: Option<Spread>,
    /// True if cursors have moved since they were written.
    has_moved: bool,
    renewed: Option<Timestamp>,
}

impl Relay {
    pub fn new(outbox: Box<dyn Outbox>, publisher: Box<dyn Publisher>) -> Relay {
        Relay { outbox, publisher, leases: vec![], spread: None, has_moved: false, renewed: None }
    }

    /// Publishes committed events, at most `limit` of each shard. Returns their number; zero when there are none.
    pub async fn relay_once(&mut self, limit: usize, clock: &dyn Clock) -> Result<usize, Error> {
        self.renew(clock.now()).await?;
        let mut events = self.outbox.read(&self.leases, limit).await?;
        let mut ahead = self.leases.clone();
        // Numbers are assigned under the shard's lock, so none is missing; if one were, it must not be skipped.
        events.retain(|event| {
            let lease = ahead.iter_mut().find(|lease| lease.shard == event.shard && lease.cursor + 1 == event.seq);
            lease.map(|lease| lease.cursor = event.seq).is_some()
        });
        if self.spread.is_none() && !events.is_empty() {
            // Read before the leases are confirmed: it cannot change while they are held.
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
            // A topic may have been missing that exists now.
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
                "{} has too few partitions; its keys need {wanted}: run `doorbuster topics apply`",
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
