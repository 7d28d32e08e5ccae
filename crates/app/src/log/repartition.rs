//! Spreading the keys of topics over another number of partitions, while the shop runs (T7).
//!
//! Over how many partitions keys are spread is written in the store, and a relay counts by that alone: what a broker has
//! besides is not used. So a topic may grow first. Then the relays stand still, everything that they published is taken in,
//! and one commit writes the new number; they go on behind it. Whatever ends a switch before that commit leaves the shop as
//! it was: the standstill is a lease, and runs out (`docs/decisions/0025`).

use std::time::Duration;

use crate::events::topic::{Spread, Topic};
use crate::log::groups::{LogInspector, Standing, standings};
use crate::log::reactions::Group;
use crate::ports::views::Views;
use crate::ports::{BoxFuture, StoreError};

/// Relays stand still for so long when a switch says nothing more.
pub const STANDSTILL: Duration = Duration::from_secs(20);

/// The store as a switch sees it.
pub trait RepartitionStore {
    /// Over how many partitions the keys of topics are spread. Topics of which nothing was settled yet are settled as they were
    /// found.
    fn pin_partition_count<'a>(&'a mut self, found: &'a Spread) -> BoxFuture<'a, Result<Spread, StoreError>>;

    /// The same, as far as it is settled.
    fn spread(&mut self) -> BoxFuture<'_, Result<Spread, StoreError>> {
        static NOTHING: Spread = Spread::new();
        self.pin_partition_count(&NOTHING)
    }

    /// Has relays stand still for [`STANDSTILL`]. `false`: another switch does.
    fn halt(&mut self) -> BoxFuture<'_, Result<bool, StoreError>>;

    /// For [`STANDSTILL`] from now. `false`: the standstill has ended, and relays may have gone on.
    fn prolong(&mut self) -> BoxFuture<'_, Result<bool, StoreError>>;

    /// The shards that relays have not given back. If there are none, whoever held one before moves no cursor any more.
    /// A lease that ended by itself counts as given back when nothing can be in flight any more. `None`: the standstill
    /// has ended.
    fn fence(&mut self, in_flight: Duration) -> BoxFuture<'_, Result<Option<Vec<usize>>, StoreError>>;

    /// Writes the new numbers and ends the standstill, in one commit. `false`: it had ended before, and nothing is written.
    fn finish<'a>(&'a mut self, spread: &'a Spread) -> BoxFuture<'a, Result<bool, StoreError>>;

    /// Ends this switch's standstill, if it still stands.
    fn release(&mut self) -> BoxFuture<'_, Result<(), StoreError>>;
}

/// Where a switch is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress {
    /// Another switch is at work.
    Busy,
    /// The standstill ended before its time, because this process was away; it begins anew.
    Lapsed,
    /// Relays finish what they are publishing, in these shards.
    Halting(Vec<usize>),
    /// Groups take in what was published.
    Draining(Vec<Standing>),
    Done,
}

enum Stage {
    Begin,
    Halting,
    Draining,
}

/// One run of the procedure, step by step.
pub struct Repartition<'a> {
    board: &'a mut dyn RepartitionStore,
    log: (&'a dyn Views, &'a dyn LogInspector),
    /// The new numbers of the topics that change.
    to: Spread,
    /// For how long a record may be on its way to the broker.
    in_flight: Duration,
    stage: Stage,
}

impl<'a> Repartition<'a> {
    pub fn new(
        board: &'a mut dyn RepartitionStore,
        log: (&'a dyn Views, &'a dyn LogInspector),
        to: Spread,
        in_flight: Duration,
    ) -> Repartition<'a> {
        Repartition { board, log, to, in_flight, stage: Stage::Begin }
    }

    /// Goes as far as it gets without waiting.
    pub async fn step_once(&mut self) -> Result<Progress, StoreError> {
        if matches!(self.stage, Stage::Begin) {
            if !self.board.halt().await? {
                return Ok(Progress::Busy);
            }
            self.stage = Stage::Halting;
        }
        if !self.board.prolong().await? {
            return Ok(self.lapsed());
        }
        if matches!(self.stage, Stage::Halting) {
            match self.board.fence(self.in_flight).await? {
                None => return Ok(self.lapsed()),
                Some(held) if !held.is_empty() => return Ok(Progress::Halting(held)),
                Some(_) => self.stage = Stage::Draining,
            }
        }
        let behind = self.behind().await?;
        if !behind.is_empty() {
            return Ok(Progress::Draining(behind));
        }
        Ok(if self.board.finish(&self.to).await? { Progress::Done } else { self.lapsed() })
    }

    fn lapsed(&mut self) -> Progress {
        self.stage = Stage::Begin;
        Progress::Lapsed
    }

    /// Who has not taken in everything. Asking a broker may take its time: the standstill is prolonged meanwhile, and if it
    /// ends all the same, the last commit notices.
    async fn behind(&mut self) -> Result<Vec<Standing>, StoreError> {
        let topics: Vec<Topic> = self.to.keys().copied().collect();
        let mut behind = vec![];
        for group in readers(&topics) {
            self.board.prolong().await?;
            behind.extend(behind_in(group, &topics, self.log).await?);
        }
        Ok(behind)
    }
}

/// The groups that read any of these topics.
fn readers(topics: &[Topic]) -> impl Iterator<Item = Group> {
    Group::ALL.iter().copied().filter(move |group| group.topics().iter().any(|topic| topics.contains(topic)))
}

async fn behind_in(
    group: Group,
    topics: &[Topic],
    (views, book): (&dyn Views, &dyn LogInspector),
) -> Result<Vec<Standing>, StoreError> {
    let is_behind = |standing: &Standing| {
        standing.lag() > 0 && standing.key.partition.topic.is_some_and(|topic| topics.contains(&topic))
    };
    Ok(standings(group, views, book).await?.into_iter().filter(is_behind).collect())
}

/// What would have to be taken in before these topics could be switched.
pub async fn backlog(topics: &[Topic], log: (&dyn Views, &dyn LogInspector)) -> Result<Vec<Standing>, StoreError> {
    let mut behind = vec![];
    for group in readers(topics) {
        behind.extend(behind_in(group, topics, log).await?);
    }
    Ok(behind)
}
