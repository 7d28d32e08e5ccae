//! A change of the mode setting in its row.

use std::sync::Arc;

use app::rows::ModesChange;
use domain::ids::UserId;
use domain::order::{Choice, Modes};
use rusqlite::{Result, Row};

use super::Cells;

pub(in crate::embedded) fn modes_change(row: &Row<'_>) -> Result<ModesChange> {
    let mut cells = Cells::of(row);
    let version = cells.take()?;
    let (modes, before) = (modes(&mut cells)?, modes(&mut cells)?);
    let by = cells.take::<Option<i64>>()?.map(UserId);
    let reason: Arc<str> = cells.take()?;
    Ok(ModesChange { version, modes, before, by, reason, at: cells.at()? })
}

fn modes(cells: &mut Cells<'_>) -> Result<Modes> {
    Ok(Modes { choice: cells.word(&Choice::ALL, Choice::name)?, percent: cells.take()? })
}
