//! The history of the mode setting.

use app::ports::views::{ModeViews, Reading};
use app::state::rows::ModesChange;

use super::MysqlViews;
use crate::mysql::sql::statement;
use crate::selects::select_mode_change;

impl ModeViews for MysqlViews {
    fn mode_changes(&self, before: Option<i64>, limit: usize) -> Reading<'_, Vec<ModesChange>> {
        let which = "WHERE version < ? ORDER BY version DESC";
        let which = statement(which, &[&before.unwrap_or(i64::MAX)]);
        self.list(limit, move |limit| format!("{}{which} LIMIT {limit}", select_mode_change!("")))
    }
}
