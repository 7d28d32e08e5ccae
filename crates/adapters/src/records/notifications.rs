//! Settings of notifications, and what is on its way.

use app::state::rows::EventId;
use domain::ids::UserId;
use domain::notification::{Channel, Language, Notification, NotificationKey, Settings, State};
use domain::webhook::Slot;

use super::{Cells, FromCells};

impl FromCells for Settings {
    fn from_cells<C: Cells>(cells: &mut C) -> Result<Settings, C::Error> {
        Ok(Settings {
            user: UserId(cells.take()?),
            phone: cells.optional_text()?,
            push_token: cells.optional_text()?,
            language: cells.word(&Language::ALL, Language::name)?,
            email_since: cells.optional_at()?,
            push_since: cells.optional_at()?,
            sms_since: cells.optional_at()?,
            updated_at: cells.at()?,
        })
    }
}

impl FromCells for Notification {
    fn from_cells<C: Cells>(cells: &mut C) -> Result<Notification, C::Error> {
        let event = EventId::from_cells(cells)?.0;
        let channel = cells.word(&Channel::ALL, Channel::name)?;
        Ok(Notification {
            key: NotificationKey { event, channel },
            user: UserId(cells.take()?),
            slot: Slot { shard: cells.take()?, seq: cells.take()? },
            state: cells.word(&State::ALL, State::name)?,
            tries: cells.take()?,
            attempts: cells.take()?,
            due: cells.optional_at()?,
            error: cells.optional_text()?,
            created_at: cells.at()?,
        })
    }
}
