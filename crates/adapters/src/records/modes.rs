//! A change of the mode setting.

use app::state::rows::ModesChange;
use domain::ids::UserId;
use domain::order::{Choice, Modes};

use super::{Cells, FromCells};

impl FromCells for ModesChange {
    fn from_cells<C: Cells>(cells: &mut C) -> Result<ModesChange, C::Error> {
        let version = cells.take()?;
        let (modes, before) = (modes(cells)?, modes(cells)?);
        let by = cells.take::<Option<i64>>()?.map(UserId);
        Ok(ModesChange { version, modes, before, by, reason: cells.text()?, at: cells.at()? })
    }
}

fn modes<C: Cells>(cells: &mut C) -> Result<Modes, C::Error> {
    Ok(Modes { choice: cells.word(&Choice::ALL, Choice::name)?, percent: cells.take()? })
}
