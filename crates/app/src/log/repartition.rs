//! Changes the partition counts of topics while the shop runs (T7).
//!
//! The store records the number of partitions over which keys are spread, and relays use only this number, whatever the
//! broker has. So a topic may grow first. Then the relays are halted, all published events are handled, and one commit
//! writes the new number; the relays continue after it. A repartition that ends before that commit changes nothing: the
//! halt is a lease and expires (`docs/decisions/0025`).

use std::time::Duration;

use crate::events::topic::{Spread, Topic};
use crate::log::group::Group;
use crate::log::groups::{LogInspector, Standing, standings};
use crate::ports::views::Views;
use crate::ports::{BoxFuture, StoreError};

/// The life of a halt that is not prolonged.
pub const STANDSTILL: Duration = Duration::from_secs(20);

/// The store for a repartition.
pub trait RepartitionStore {
    /// Returns each topic's partition count; pins the count found where none was recorded.
    fn pin_partition_count<'a>(&'a mut self, found: &'a Spread) -> BoxFuture<'a, Result<Spread, StoreError>>;

    /// Returns the recorded partition counts.
    fn spread(&mut self) -> BoxFuture<'_, Result<Spread, StoreError>> {
        static NOTHING: Spread = Spread::new();
        self.pin_partition_count(&NOTHING)
    }

    /// Halts the relays for [`STANDSTILL`]. `false`: another repartition has halted them.
    fn halt(&mut self) -> BoxFuture<'_, Result<bool, StoreError>>;

    /// Prolongs the halt to [`STANDSTILL`] from now. `false`: the halt has expired, and relays may have continued.
    fn prolong(&mut self) -> BoxFuture<'_, Result<bool, StoreError>>;

    /// Returns the shards that relays have not given back. If it is empty, no earlier holder can move a cursor. An
    /// expired lease counts as given back when nothing can be in flight any more. `None`: the halt has expired.
    fn fence(&mut self, in_flight: Duration) -> BoxFuture<'_, Result<Option<Vec<usize>>, StoreError>>;

    /// Writes the new counts and ends the halt, in one commit. `false`: the halt had expired, and nothing is written.
    fn finish<'a>(&'a mut self, spread: &'a Spread) -> BoxFuture<'a, Result<bool, StoreError>>;

    /// Ends this repartition's halt, if it is still in force.
    fn release(&mut self) -> BoxFuture<'_, Result<(), StoreError>>;
}

/// The state of a repartition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress {
    /// Another repartition is running.
    Busy,
    /// The halt expired, because this process was stopped for too long; the procedure starts again.
    Lapsed,
    /// Relays finish what they are publishing, in these shards.
    Halting(Vec<usize>),
    /// Groups handle what was published; these lag.
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
    views: &'a dyn Views,
    inspector: &'a dyn LogInspector,
    /// The new counts of the topics that change.
    to: Spread,
    /// The longest time that a record may be on its way to the broker.
    in_flight: Duration,
    stage: Stage,
    /// False: no group of the shop reads the topics.
    are_read: bool,
}

impl<'a> Repartition<'a> {
    pub fn new(
        board: &'a mut dyn RepartitionStore,
        views: &'a dyn Views,
        inspector: &'a dyn LogInspector,
        to: Spread,
        in_flight: Duration,
    ) -> Repartition<'a> {
        Repartition { board, views, inspector, to, in_flight, stage: Stage::Begin, are_read: true }
    }

    /// Waits for no group: reactions run inline, and only readers outside of the shop read the topics.
    #[must_use]
    pub const fn without_groups(mut self) -> Repartition<'a> {
        self.are_read = false;
        self
    }

    /// Runs the procedure until it must wait.
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

    /// Returns the groups with lag. A broker's answer may take long: the halt is prolonged meanwhile, and if it expires
    /// all the same, the last commit detects it.
    async fn behind(&mut self) -> Result<Vec<Standing>, StoreError> {
        let topics: Vec<Topic> = self.to.keys().copied().collect();
        let mut behind = vec![];
        for group in readers(&topics).filter(|_| self.are_read) {
            self.board.prolong().await?;
            behind.extend(behind_in(group, &topics, self.views, self.inspector).await?);
        }
        Ok(behind)
    }
}

/// Returns the groups that read any of these topics.
fn readers(topics: &[Topic]) -> impl Iterator<Item = Group> {
    Group::carried().filter(move |group| group.topics().iter().any(|topic| topics.contains(topic)))
}

async fn behind_in(
    group: Group,
    topics: &[Topic],
    views: &dyn Views,
    inspector: &dyn LogInspector,
) -> Result<Vec<Standing>, StoreError> {
    let is_behind = |standing: &Standing| {
        standing.lag() > 0 && standing.key.partition.topic.is_some_and(|topic| topics.contains(&topic))
    };
    Ok(standings(group, views, inspector).await?.into_iter().filter(is_behind).collect())
}

/// Returns the lag that must be handled before these topics can be repartitioned.
pub async fn backlog(
    topics: &[Topic],
    views: &dyn Views,
    inspector: &dyn LogInspector,
) -> Result<Vec<Standing>, StoreError> {
    let mut behind = vec![];
    for group in readers(topics) {
        behind.extend(behind_in(group, topics, views, inspector).await?);
    }
    Ok(behind)
}
