//! The figures of the statistics.

use app::ports::views::{Reading, Since, StatisticsViews, WantedFigures, WantedTotals};
use app::state::rows::Added;

use super::SqliteViews;
use crate::selects::{SELECT_FIGURES, SELECT_TOTALS};
use crate::sqlite::cells::find_all;

impl StatisticsViews for SqliteViews {
    fn figures(&self, wanted: WantedFigures) -> Reading<'_, Vec<Added>> {
        self.read(move |connection| {
            let WantedFigures { counted, resolution, subject, range } = wanted;
            let range = (range.start.micros(), range.end.micros());
            find_all(connection, SELECT_FIGURES, (counted.name(), resolution.name(), subject, range.0, range.1))
        })
    }

    fn totals(&self, wanted: WantedTotals) -> Reading<'_, Vec<(String, i64)>> {
        self.read(move |connection| {
            let WantedTotals { counted, subject, since, less } = wanted;
            let (counted, less) = (counted.name(), less.unwrap_or(Since::END));
            let (of_since, since) = (since.resolution.name(), since.moment.micros());
            let (of_less, less) = (less.resolution.name(), less.moment.micros());
            let cells = (counted, of_since, subject, since, counted, of_less, subject, less);
            find_all(connection, SELECT_TOTALS, cells)
        })
    }
}
