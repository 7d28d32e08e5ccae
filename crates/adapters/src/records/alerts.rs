//! Alerts.

use domain::alert::{Alert, Code, Measure, Severity};
use domain::ids::AlertId;
use domain::time::Timestamp;

use super::{Cells, FromCells};

impl FromCells for Alert {
    fn from_cells<C: Cells>(cells: &mut C) -> Result<Alert, C::Error> {
        let moment = |cells: &mut C| Ok(cells.take::<Option<i64>>()?.map(Timestamp::from_micros));
        Ok(Alert {
            id: AlertId(cells.take()?),
            code: cells.word(&Code::ALL, Code::name)?,
            scope: cells.text()?,
            subject: cells.text()?,
            severity: cells.word(&Severity::ALL, Severity::name)?,
            value: Measure::thousandths(cells.take()?),
            threshold: Measure::thousandths(cells.take()?),
            since: cells.at()?,
            cleared_at: moment(cells)?,
            reporter: cells.take()?,
            reported_until: moment(cells)?,
            next_try: moment(cells)?,
        })
    }
}
