//! The trail of admin acts.

use app::state::rows::{Deed, Recorded, Role};
use domain::ids::{ApiKeyId, UserId};

use super::{Cells, FromCells};

impl FromCells for Recorded {
    fn from_cells<C: Cells>(cells: &mut C) -> Result<Recorded, C::Error> {
        let id = cells.take()?;
        let deed = Deed {
            by: UserId(cells.take()?),
            role: cells.word(&Role::ALL, Role::name)?,
            key: cells.take::<Option<i64>>()?.map(ApiKeyId),
            action: cells.text()?,
            subject: cells.text()?,
            reason: cells.optional_text()?,
            change: cells.optional_text()?,
        };
        Ok(Recorded { id, deed, at: cells.at()? })
    }
}
