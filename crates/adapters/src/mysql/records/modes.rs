//! A change of the mode setting in its row.

use app::rows::ModesChange;
use domain::ids::UserId;
use domain::order::{Choice, Modes};

use super::Cells;
use crate::mysql::failure::Result;

pub(in crate::mysql) fn modes_change(cells: &mut Cells) -> Result<ModesChange> {
    let version = cells.take()?;
    let (modes, before) = (modes(cells)?, modes(cells)?);
    let by = cells.take::<Option<i64>>()?.map(UserId);
    Ok(ModesChange { version, modes, before, by, reason: cells.text()?, at: cells.at()? })
}

fn modes(cells: &mut Cells) -> Result<Modes> {
    Ok(Modes { choice: cells.word(&Choice::ALL, Choice::name)?, percent: cells.take()? })
}
