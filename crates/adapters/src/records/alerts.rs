//! Alerts.

use domain::alert::{Alert, Code, Measure, Severity};
use domain::ids::AlertId;

use super::{Cells, FromCells};

impl FromCells for Alert {
    fn from_cells<C: Cells>(cells: &mut C) -> Result<Alert, C::Error> {
        Ok(Alert {
            id: AlertId(cells.take()?),
            code: cells.word(&Code::ALL, Code::name)?,
            scope: cells.text()?,
            subject: cells.text()?,
            severity: cells.word(&Severity::ALL, Severity::name)?,
            value: Measure::thousandths(cells.take()?),
            threshold: Measure::thousandths(cells.take()?),
            since: cells.at()?,
            cleared_at: cells.optional_at()?,
            reporter: cells.take()?,
            reported_until: cells.optional_at()?,
            next_try: cells.optional_at()?,
        })
    }
}
