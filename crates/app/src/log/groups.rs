//! Consumer groups for operators: the offset and lag of each, and the effect of moving it by hand.

use std::ops::Range;
use std::sync::Arc;

use domain::time::Timestamp;

use crate::commands::answer::moved::{EventPassed, PartitionMoved};
use crate::events::event::EventKind;
use crate::events::outbox::uuid;
use crate::events::topic::Topic;
use crate::log::group::Group;
use crate::log::reactions::REACTIONS;
use crate::ports::StoreError;
use crate::ports::views::{Reading, Views};
use crate::state::rows::{EventId, OffsetKey, OffsetMove, Partition};

/// The number of events that are counted for what a move skips or repeats; beyond it the rest is estimated by offsets.
pub const COUNTED_MAX: usize = 10_000;
/// The number of events that are shown of them.
pub const SHOWN_MAX: usize = 20;

impl Group {
    /// Returns the topics of a group's events.
    pub fn topics(self) -> Vec<Topic> {
        let mut topics: Vec<Topic> = self.kinds().map(EventKind::topic).collect();
        topics.sort_unstable();
        topics.dedup();
        topics
    }

    /// Returns the events that a group handles.
    pub fn kinds(self) -> impl Iterator<Item = EventKind> {
        REACTIONS.iter().filter(move |(_, reader)| *reader == self).map(|(kind, _)| *kind)
    }
}

/// The log of the groups for operators' questions, from any thread.
pub trait LogInspector: Send + Sync {
    /// Returns every partition that a group reads, and its extent.
    fn extents(&self, group: Group) -> Reading<'_, Vec<Extent>>;

    /// Returns every partition of the shop's topics, also of those that no group reads; none where the log has no topics.
    fn topics(&self) -> Reading<'_, Vec<Extent>> {
        Box::pin(std::future::ready(Ok(vec![])))
    }

    /// Returns a partition's first offset that is not older than a moment; its end, if all are.
    fn offset_at(&self, partition: Partition, moment: Timestamp) -> Reading<'_, i64>;

    /// Returns a group's events between two offsets: at most [`COUNTED_MAX`] are counted, [`SHOWN_MAX`] are shown.
    fn between(&self, key: OffsetKey, offsets: Range<i64>) -> Reading<'_, Passage>;

    /// Returns how many members of all processes a group has; `None` where the log has no members.
    fn members(&self, _group: Group) -> Reading<'_, Option<i64>> {
        Box::pin(std::future::ready(Ok(None)))
    }

    /// Publishes a group's offsets to the log's own tools. The shop itself does not start from them.
    fn publish_offsets(&self, moves: Vec<OffsetMove>) -> Reading<'_, ()>;
}

/// The logs of the groups where a broker carries the events: trailing groups read the store's own.
pub struct BesideBroker {
    pub broker: Arc<dyn LogInspector>,
    pub own: Arc<dyn LogInspector>,
}

impl BesideBroker {
    fn of(&self, is_own: bool) -> &dyn LogInspector {
        if is_own { self.own.as_ref() } else { self.broker.as_ref() }
    }
}

impl LogInspector for BesideBroker {
    fn extents(&self, group: Group) -> Reading<'_, Vec<Extent>> {
        self.of(group.is_trailing()).extents(group)
    }

    fn topics(&self) -> Reading<'_, Vec<Extent>> {
        self.broker.topics()
    }

    fn offset_at(&self, partition: Partition, moment: Timestamp) -> Reading<'_, i64> {
        self.of(partition.topic.is_none()).offset_at(partition, moment)
    }

    fn between(&self, key: OffsetKey, offsets: Range<i64>) -> Reading<'_, Passage> {
        self.of(key.group.is_trailing()).between(key, offsets)
    }

    fn members(&self, group: Group) -> Reading<'_, Option<i64>> {
        self.of(group.is_trailing()).members(group)
    }

    fn publish_offsets(&self, moves: Vec<OffsetMove>) -> Reading<'_, ()> {
        self.broker.publish_offsets(moves)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extent {
    pub partition: Partition,
    /// The first offset that is retained.
    pub begin: i64,
    /// The offset after the last one.
    pub end: i64,
    /// The group's offset in the log's own tools; the store's own log has none.
    pub committed: Option<i64>,
}

/// A group's events between two offsets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Passage {
    pub events: usize,
    /// True if all of them were counted.
    pub is_whole: bool,
    pub shown: Vec<Passed>,
}

/// An event that a move skips or repeats.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Passed {
    pub offset: i64,
    pub id: EventId,
    pub kind: EventKind,
    pub key: String,
    /// The order that it is about, by its public number.
    pub order: Option<String>,
    pub at: Timestamp,
}

/// A group's offset and extent in one partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    pub key: OffsetKey,
    /// The offset in the store; 0 for a group that has never committed.
    pub offset: i64,
    pub extent: Extent,
}

impl Standing {
    /// Returns the consumer lag: the number of records that the group has not read.
    pub fn lag(&self) -> i64 {
        (self.extent.end - self.offset.max(self.extent.begin)).max(0)
    }

    /// Returns the number of deleted records that the group never read.
    pub fn lost(&self) -> i64 {
        // A log that begins at 1 has lost nothing.
        let first = if self.key.partition.topic.is_some() { 0 } else { 1 };
        (self.extent.begin - self.offset.max(first)).max(0)
    }
}

/// Returns the offsets of a group in all partitions.
pub async fn standings(group: Group, views: &dyn Views, book: &dyn LogInspector) -> Result<Vec<Standing>, StoreError> {
    let positions = views.positions().await?;
    let extents = book.extents(group).await?;
    let standing = |extent: Extent| {
        let key = OffsetKey { group, partition: extent.partition };
        let stored = positions.iter().find(|(known, _)| *known == key);
        Standing { key, offset: stored.map_or(0, |(_, position)| *position), extent }
    };
    Ok(extents.into_iter().map(standing).collect())
}

/// The target of a move. There is no "latest": it would skip every waiting event (T8).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    Offset(i64),
    /// The first event that is not older.
    Time(Timestamp),
    /// The offset in the log's own tools.
    Committed,
}

/// An operator's request to move a group, and in which of its partitions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wanted {
    pub group: Group,
    pub to: Target,
    pub topic: Option<Topic>,
    pub partition: Option<i32>,
}

/// The planned move of one partition, with its effect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Planned {
    pub moved: OffsetMove,
    /// The events that are skipped by a move forward, or delivered again by a move back.
    pub passage: Passage,
}

impl From<Planned> for PartitionMoved {
    fn from(planned: Planned) -> PartitionMoved {
        let Planned { moved: OffsetMove { key, from, to }, passage } = planned;
        PartitionMoved {
            topic: key.partition.topic.map(|topic| topic.name().to_owned()),
            partition: key.partition.number,
            from,
            to,
            events: passage.events,
            is_whole: passage.is_whole,
            shown: passage.shown.into_iter().map(EventPassed::from).collect(),
        }
    }
}

impl From<Passed> for EventPassed {
    fn from(passed: Passed) -> EventPassed {
        EventPassed {
            offset: passed.offset,
            id: uuid(passed.id.0),
            kind: passed.kind.name().to_owned(),
            key: passed.key,
            order: passed.order,
            at: passed.at,
        }
    }
}

/// Why a group cannot be moved there.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unplanned {
    #[error(
        "the group follows the store's own events, and its effects are exact only if it digests each event once: it is not moved by hand"
    )]
    Trailing,
    #[error("the group does not read this partition")]
    NoPartition,
    #[error("an offset needs a topic and a partition")]
    ManyPartitions,
    #[error("{topic} {partition} has offsets from {begin} to {end}", topic = .0.partition.topic.map_or("the log", Topic::name), partition = .0.partition.number, begin = .0.begin, end = .0.end)]
    Outside(Extent),
    #[error("the embedded log has no committed offsets of its own: name an offset or a time")]
    NothingCommitted,
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Returns one plan for each partition in which the group would move.
pub async fn plan(wanted: Wanted, views: &dyn Views, book: &dyn LogInspector) -> Result<Vec<Planned>, Unplanned> {
    if wanted.group.is_trailing() {
        return Err(Unplanned::Trailing);
    }
    let is_meant = |standing: &Standing| {
        let Partition { topic, number } = standing.key.partition;
        wanted.topic.is_none_or(|wanted| topic == Some(wanted))
            && wanted.partition.is_none_or(|wanted| number == wanted)
    };
    let meant: Vec<Standing> = standings(wanted.group, views, book).await?.into_iter().filter(is_meant).collect();
    if meant.is_empty() {
        return Err(Unplanned::NoPartition);
    }
    if matches!(wanted.to, Target::Offset(_)) && meant.len() > 1 {
        return Err(Unplanned::ManyPartitions);
    }
    if wanted.to == Target::Committed && meant.iter().all(|standing| standing.extent.committed.is_none()) {
        return Err(Unplanned::NothingCommitted);
    }
    let mut planned = vec![];
    for standing in meant {
        let Some(to) = destination(&standing, wanted.to, book).await? else { continue };
        if to == standing.offset {
            continue;
        }
        let moved = OffsetMove { key: standing.key, from: standing.offset, to };
        let passed = moved.from.min(to)..moved.from.max(to);
        planned.push(Planned { moved, passage: book.between(standing.key, passed).await? });
    }
    Ok(planned)
}

/// Returns the target's offset, if the partition has one.
async fn destination(standing: &Standing, to: Target, book: &dyn LogInspector) -> Result<Option<i64>, Unplanned> {
    let extent = standing.extent;
    let offset = match to {
        Target::Offset(offset) => offset,
        Target::Time(moment) => book.offset_at(extent.partition, moment).await?,
        Target::Committed => match extent.committed {
            Some(offset) => offset,
            None => return Ok(None),
        },
    };
    if !(extent.begin..=extent.end).contains(&offset) {
        return Err(Unplanned::Outside(extent));
    }
    Ok(Some(offset))
}
