//! The figures of the statistics.

use app::ports::views::{Reading, StatisticsViews, WantedFigures};
use app::state::rows::{Added, Resolution};

use super::{MysqlViews, each};
use crate::mysql::sql::{Literal, statement};
use crate::selects::{SELECT_FIGURES, SELECT_TOTALS};

impl StatisticsViews for MysqlViews {
    fn figures(&self, wanted: WantedFigures) -> Reading<'_, Vec<Added>> {
        let WantedFigures { counted, resolution, subject, range } = wanted;
        let values: [&dyn Literal; 5] = [&counted.name(), &resolution.name(), &subject, &range.start, &range.end];
        self.read([statement(SELECT_FIGURES, &values)], each)
    }

    fn totals(&self, wanted: WantedFigures) -> Reading<'_, Vec<(String, i64)>> {
        let WantedFigures { counted, subject, .. } = wanted;
        let values: [&dyn Literal; 3] = [&counted.name(), &Resolution::Day.name(), &subject];
        self.read([statement(SELECT_TOTALS, &values)], each)
    }
}
