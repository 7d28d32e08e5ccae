//! Consumer groups as operators see them: where each stands, what waits for it, and what moving it by hand would mean.

use std::ops::Range;

use domain::time::Timestamp;

use crate::events::event::EventKind;
use crate::events::topic::Topic;
use crate::log::reactions::{Group, REACTIONS};
use crate::ports::StoreError;
use crate::ports::views::{Reading, Views};
use crate::state::rows::{EventId, OffsetKey, OffsetMove, Partition};

/// Events that are looked at to say what a move skips or repeats; beyond it, the rest is estimated by offsets.
pub const COUNTED_MAX: usize = 10_000;
/// Events that are shown of them.
pub const SHOWN_MAX: usize = 20;

impl Group {
    /// The topics on which a group's events are at home.
    pub fn topics(self) -> Vec<Topic> {
        let mut topics: Vec<Topic> = self.kinds().map(EventKind::topic).collect();
        topics.sort_unstable();
        topics.dedup();
        topics
    }

    /// The events that it asks for.
    pub fn kinds(self) -> impl Iterator<Item = EventKind> {
        REACTIONS.iter().filter(move |(_, reader)| *reader == self).map(|(kind, _)| *kind)
    }
}

/// The log that groups read, as an operator asks about it, from any thread.
pub trait LogInspector: Send + Sync {
    /// Every partition that a group reads, and how far it reaches.
    fn extents(&self, group: Group) -> Reading<'_, Vec<Extent>>;

    /// The first offset of a partition that is not older than a moment; its end, if all are.
    fn offset_at(&self, partition: Partition, moment: Timestamp) -> Reading<'_, i64>;

    /// What a group would be given between two offsets: at most [`COUNTED_MAX`] are counted, [`SHOWN_MAX`] are shown.
    fn between(&self, key: OffsetKey, offsets: Range<i64>) -> Reading<'_, Passage>;

    /// Tells the tools of the log's own where a group stands now. Nobody begins there.
    fn tell(&self, moves: Vec<OffsetMove>) -> Reading<'_, ()>;
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extent {
    pub partition: Partition,
    /// The first offset that is still there.
    pub begin: i64,
    /// The offset after the last one.
    pub end: i64,
    /// Where the log's own tools believe the group to be; the store's own log has none.
    pub committed: Option<i64>,
}

/// What lies between two offsets for a group.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Passage {
    pub events: usize,
    /// Whether all of it was looked at.
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
    /// The order that it is about, as the wire shows it.
    pub order: Option<String>,
    pub at: Timestamp,
}

/// Where a group is in one partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    pub key: OffsetKey,
    /// As the store has it; a group that never committed stands at 0.
    pub offset: i64,
    pub extent: Extent,
}

impl Standing {
    /// Records that the group has not looked at.
    pub fn lag(&self) -> i64 {
        (self.extent.end - self.offset.max(self.extent.begin)).max(0)
    }

    /// Records that are gone, and that the group never saw.
    pub fn lost(&self) -> i64 {
        // A log that begins at 1 has lost nothing.
        let first = if self.key.partition.topic.is_some() { 0 } else { 1 };
        (self.extent.begin - self.offset.max(first)).max(0)
    }
}

/// Where a group stands everywhere.
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

/// Where a group is to be moved. There is no "to the latest": it would skip every event that waits (T8).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    Offset(i64),
    /// To the first event that is not older.
    Time(Timestamp),
    /// To where the log's own tools have set it.
    Committed,
}

/// What an operator wants of a group, and in which of its partitions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wanted {
    pub group: Group,
    pub to: Target,
    pub topic: Option<Topic>,
    pub partition: Option<i32>,
}

/// A move of one partition, with what it means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Planned {
    pub moved: OffsetMove,
    /// What is skipped, if it goes on, or handed over again, if it goes back.
    pub passage: Passage,
}

impl Planned {
    pub const fn skips(&self) -> bool {
        self.moved.to > self.moved.from
    }
}

/// Why a group cannot be moved there.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unplanned {
    #[error("the group reads no such partition")]
    NoPartition,
    #[error("an offset is of one partition: name topic and partition")]
    ManyPartitions,
    #[error("{topic} {partition} has offsets from {begin} to {end}", topic = .0.partition.topic.map_or("the log", Topic::name), partition = .0.partition.number, begin = .0.begin, end = .0.end)]
    Outside(Extent),
    #[error("the log has no tools of its own that could have set an offset: name an offset or a time")]
    NothingCommitted,
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What would become of a group: one plan for each partition in which it would move.
pub async fn plan(wanted: Wanted, views: &dyn Views, book: &dyn LogInspector) -> Result<Vec<Planned>, Unplanned> {
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

/// The offset that is meant, if the partition has one.
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
