//! Events that a group could not handle.

use app::events::topic::Topic;
use app::log::reactions::Group;
use app::state::rows::{DeadLetter, DeadLetterStatus, EventId, Message, ParkKey, ParkedEventKey, ParkedKey, Trouble};
use domain::ids::DeadLetterId;

use super::{Cells, FromCells};

impl FromCells for ParkKey {
    fn from_cells<C: Cells>(cells: &mut C) -> Result<ParkKey, C::Error> {
        Ok(ParkKey {
            group: cells.word(Group::ALL, Group::name)?,
            topic: cells.word(Topic::ALL, Topic::name)?,
            key: cells.hash()?,
        })
    }
}

impl FromCells for ParkedKey {
    fn from_cells<C: Cells>(cells: &mut C) -> Result<ParkedKey, C::Error> {
        Ok(ParkedKey {
            key: cells.text()?,
            due: cells.at()?,
            first: cells.take()?,
            next: cells.take()?,
            run: cells.take()?,
            trouble: trouble(cells)?,
        })
    }
}

fn trouble<C: Cells>(cells: &mut C) -> Result<Option<Trouble>, C::Error> {
    let attempts = cells.take()?;
    let error = cells.optional_text()?;
    let (first_failed, last_failed) = (cells.optional_at()?, cells.optional_at()?);
    let (Some(error), Some(first_failed), Some(last_failed)) = (error, first_failed, last_failed) else {
        return Ok(None);
    };
    Ok(Some(Trouble { attempts, error, first_failed, last_failed }))
}

/// The message's topic is that of its key.
impl FromCells for (ParkedEventKey, Message) {
    fn from_cells<C: Cells>(cells: &mut C) -> Result<(ParkedEventKey, Message), C::Error> {
        let park = ParkKey::from_cells(cells)?;
        let number = cells.take()?;
        Ok((ParkedEventKey { park, number }, message(cells, park.topic)?))
    }
}

fn message<C: Cells>(cells: &mut C, topic: Topic) -> Result<Message, C::Error> {
    Ok(Message {
        topic,
        partition: cells.take()?,
        offset: cells.take()?,
        id: EventId::from_cells(cells)?,
        key: cells.text()?,
        kind: cells.text()?,
        payload: cells.text()?,
        trace: cells.trace()?,
        at: cells.at()?,
    })
}

impl FromCells for DeadLetter {
    fn from_cells<C: Cells>(cells: &mut C) -> Result<DeadLetter, C::Error> {
        let id = DeadLetterId(cells.take()?);
        let group = cells.word(Group::ALL, Group::name)?;
        let topic = cells.word(Topic::ALL, Topic::name)?;
        Ok(DeadLetter {
            id,
            group,
            message: message(cells, topic)?,
            status: cells.word(&DeadLetterStatus::ALL, DeadLetterStatus::name)?,
            trouble: Trouble {
                attempts: cells.take()?,
                error: cells.text()?,
                first_failed: cells.at()?,
                last_failed: cells.at()?,
            },
            resends: cells.take()?,
            due: cells.optional_at()?,
            acts: cells.json()?,
        })
    }
}
