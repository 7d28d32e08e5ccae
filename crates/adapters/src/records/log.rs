//! Events in their places, and the offsets of groups.

use app::events::event::{Event, EventKind};
use app::events::outbox::{ShardHead, parse_uuid};
use app::log::groups::Passed;
use app::log::reactions::Group;
use app::log::relay::Outgoing;
use app::ports::events::{EventFailure, FailureStage, WrittenEvent};
use app::ports::views::ShardPlace;
use app::ports::{Delivery, Origin, OutboxSlot, Poison, StoredEvent};
use app::state::rows::{DeadLetterStatus, EventId, OffsetKey, Partition};
use domain::ids::{DeadLetterId, OrderId};

use super::{Cells, FromCells};
use crate::words::offset_key;

/// Reads an event behind the cells of its place and kind: its id, JSON, time, key and trace.
pub(crate) fn delivery<C: Cells>(
    partition: Partition,
    offset: i64,
    kind: EventKind,
    cells: &mut C,
) -> Result<Delivery, C::Error> {
    let id = EventId::from_cells(cells)?;
    let payload: String = cells.take()?;
    let at = cells.at()?;
    let key: String = cells.take()?;
    let trace = cells.trace()?;
    let poison = |error: serde_json::Error| {
        let (topic, kind, error) = (kind.topic(), kind.name().to_owned(), error.to_string());
        Poison { topic, key, kind, payload: payload.clone(), error }
    };
    let event = Event::parse(kind, &payload).map_err(poison);
    Ok(Delivery { partition, offset, id, event, trace, at, gap: None, origin: Origin::Store })
}

impl FromCells for EventId {
    fn from_cells<C: Cells>(cells: &mut C) -> Result<EventId, C::Error> {
        let id: String = cells.take()?;
        parse_uuid(&id).map(EventId).ok_or_else(|| cells.broken("the event's id is not a UUID"))
    }
}

impl FromCells for Outgoing {
    fn from_cells<C: Cells>(cells: &mut C) -> Result<Outgoing, C::Error> {
        let (shard, seq, id) = (shard(cells)?, cells.take()?, cells.take()?);
        let (event, version, trace) = (cells.event()?, cells.take()?, cells.trace()?);
        Ok(Outgoing { shard, seq, id, event, version, trace, at: cells.at()? })
    }
}

impl FromCells for StoredEvent {
    fn from_cells<C: Cells>(cells: &mut C) -> Result<StoredEvent, C::Error> {
        let slot = OutboxSlot { shard: cells.take()?, seq: cells.take()? };
        Ok(StoredEvent { slot, id: EventId::from_cells(cells)?, kind: cells.take()?, payload: cells.take()? })
    }
}

impl FromCells for WrittenEvent {
    fn from_cells<C: Cells>(cells: &mut C) -> Result<WrittenEvent, C::Error> {
        Ok(WrittenEvent {
            position: cells.take()?,
            slot: OutboxSlot { shard: cells.take()?, seq: cells.take()? },
            id: EventId::from_cells(cells)?,
            kind: cells.take()?,
            topic: cells.take()?,
            key: cells.take()?,
            order: cells.take::<Option<i64>>()?.map(OrderId),
            version: cells.take()?,
            cause: cells.take()?,
            trace: cells.trace()?,
            at: cells.at()?,
            payload: cells.take()?,
        })
    }
}

/// A failure; `None` if this program does not know the group.
impl FromCells for Option<EventFailure> {
    fn from_cells<C: Cells>(cells: &mut C) -> Result<Option<EventFailure>, C::Error> {
        let group = Group::from_name(&cells.take::<String>()?);
        let event = EventId::from_cells(cells)?;
        let (attempts, error) = (cells.take()?, cells.optional_text()?);
        let due = cells.optional_at()?;
        let letter = cells.take::<Option<i64>>()?.map(DeadLetterId);
        let status = cells.optional_word(&DeadLetterStatus::ALL, DeadLetterStatus::name)?;
        let stage = match letter.zip(status) {
            Some((id, status)) => FailureStage::DeadLetter { id, status },
            None => FailureStage::Parked,
        };
        Ok(group.map(|group| EventFailure { group, event, stage, attempts, error, due }))
    }
}

impl FromCells for ShardPlace {
    fn from_cells<C: Cells>(cells: &mut C) -> Result<ShardPlace, C::Error> {
        let (shard, end, relayed) = (shard(cells)?, cells.take()?, cells.take()?);
        let waiting_since = cells.optional_at()?;
        Ok(ShardPlace { shard, end, relayed, waiting_since })
    }
}

fn shard<C: Cells>(cells: &mut C) -> Result<usize, C::Error> {
    let shard: i64 = cells.take()?;
    usize::try_from(shard).map_err(|_| cells.broken("the shard does not exist"))
}

impl FromCells for ShardHead {
    fn from_cells<C: Cells>(cells: &mut C) -> Result<ShardHead, C::Error> {
        Ok(ShardHead { seq: cells.take()?, hash: cells.hash()? })
    }
}

/// The offset of a group; `None` if this program does not know the group or topic.
impl FromCells for Option<(OffsetKey, i64)> {
    fn from_cells<C: Cells>(cells: &mut C) -> Result<Option<(OffsetKey, i64)>, C::Error> {
        let (group, topic): (String, String) = (cells.take()?, cells.take()?);
        let (number, position) = (cells.take()?, cells.take()?);
        Ok(offset_key(&group, &topic, number).map(|key| (key, position)))
    }
}

impl FromCells for Passed {
    fn from_cells<C: Cells>(cells: &mut C) -> Result<Passed, C::Error> {
        let (offset, id) = (cells.take()?, EventId::from_cells(cells)?);
        let kind = cells.word(EventKind::ALL, EventKind::name)?;
        let key = cells.take()?;
        let (aggregate, about): (String, String) = (cells.take()?, cells.take()?);
        let order = (aggregate == "order").then_some(about);
        Ok(Passed { offset, id, kind, key, order, at: cells.at()? })
    }
}
