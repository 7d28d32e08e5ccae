//! The figures of the statistics.

use app::ports::views::{Reading, StatisticsViews, WantedFigures};
use app::state::rows::{Added, Resolution};

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

    fn totals(&self, wanted: WantedFigures) -> Reading<'_, Vec<(String, i64)>> {
        self.read(move |connection| {
            let WantedFigures { counted, subject, .. } = wanted;
            find_all(connection, SELECT_TOTALS, (counted.name(), Resolution::Day.name(), subject))
        })
    }
}
