//! Figures of the statistics.

use app::state::rows::{Added, Counted, FigureKey, Resolution};

use super::{Cells, FromCells};

impl FromCells for Added {
    fn from_cells<C: Cells>(cells: &mut C) -> Result<Added, C::Error> {
        let key = FigureKey {
            counted: cells.word(Counted::ALL, Counted::name)?,
            resolution: cells.word(Resolution::ALL, Resolution::name)?,
            subject: cells.take()?,
            began_at: cells.at()?,
            figure: cells.text()?,
        };
        Ok(Added { key, amount: cells.take()? })
    }
}
