//! The history of the mode setting.

use app::ports::views::{ModeViews, Reading};
use app::state::rows::ModesChange;

use super::SqliteViews;
use crate::selects::select_mode_change;
use crate::sqlite::cells::find_readable;

impl ModeViews for SqliteViews {
    fn mode_changes(&self, before: Option<i64>, limit: usize) -> Reading<'_, Vec<ModesChange>> {
        self.list(limit, move |connection, limit| {
            let sql = select_mode_change!("WHERE version < ?1 ORDER BY version DESC LIMIT ?2");
            find_readable(connection, sql, (before.unwrap_or(i64::MAX), limit))
        })
    }
}
