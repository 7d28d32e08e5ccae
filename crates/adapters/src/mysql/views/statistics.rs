//! The figures of the statistics.

use app::ports::views::{Reading, Since, StatisticsViews, WantedFigures, WantedTotals};
use app::state::rows::Added;

use super::{MysqlViews, each};
use crate::mysql::sql::{Literal, statement};
use crate::selects::{SELECT_FIGURES, SELECT_TOTALS};

impl StatisticsViews for MysqlViews {
    fn figures(&self, wanted: WantedFigures) -> Reading<'_, Vec<Added>> {
        let WantedFigures { counted, resolution, subject, range } = wanted;
        let values: [&dyn Literal; 5] = [&counted.name(), &resolution.name(), &subject, &range.start, &range.end];
        self.read([statement(SELECT_FIGURES, &values)], each)
    }

    fn totals(&self, wanted: WantedTotals) -> Reading<'_, Vec<(String, i64)>> {
        let WantedTotals { counted, subject, since, less } = wanted;
        let (counted, less) = (counted.name(), less.unwrap_or(Since::END));
        let (of_since, of_less) = (since.resolution.name(), less.resolution.name());
        let since: [&dyn Literal; 4] = [&counted, &of_since, &subject, &since.moment];
        let less: [&dyn Literal; 4] = [&counted, &of_less, &subject, &less.moment];
        self.read([statement(SELECT_TOTALS, &[since, less].concat())], each)
    }
}
