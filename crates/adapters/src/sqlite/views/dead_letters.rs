//! Events that consumer groups could not handle.

use app::ports::views::{DeadLetterViews, Reading};
use app::state::rows::DeadLetter;
use domain::ids::DeadLetterId;

use super::SqliteViews;
use crate::selects::select_letter;
use crate::sqlite::cells::{find, find_all, find_readable};

impl DeadLetterViews for SqliteViews {
    fn letter(&self, id: DeadLetterId) -> Reading<'_, Option<DeadLetter>> {
        self.read(move |connection| find(connection, select_letter!("WHERE letter_id = ?1"), [id.0]))
    }

    fn letters(&self, is_open: bool, before: Option<DeadLetterId>, limit: usize) -> Reading<'_, Vec<DeadLetter>> {
        self.list(limit, move |connection, limit| {
            let sql = select_letter!(
                "WHERE letter_id < ?1 AND (NOT ?2 OR status IN ('SCHEDULED', 'PERMANENT')) \
                 ORDER BY letter_id DESC LIMIT ?3"
            );
            let before = before.map_or(i64::MAX, |before| before.0);
            find_readable(connection, sql, (before, is_open, limit))
        })
    }

    fn open_letters(&self) -> Reading<'_, Vec<(String, i64)>> {
        self.read(|connection| {
            // The condition of the partial index, word for word.
            let sql = "SELECT consumer_group, count(*) FROM dead_letter WHERE status IN ('SCHEDULED', 'PERMANENT') \
                 GROUP BY consumer_group ORDER BY consumer_group";
            find_all(connection, sql, [])
        })
    }
}
