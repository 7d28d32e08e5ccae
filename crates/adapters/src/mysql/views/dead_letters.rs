//! Events that consumer groups could not handle.

use app::ports::views::{DeadLetterViews, Reading};
use app::state::rows::DeadLetter;
use domain::ids::DeadLetterId;

use super::{MysqlViews, by_id, each, first};
use crate::mysql::sql::statement;
use crate::selects::select_letter;

impl DeadLetterViews for MysqlViews {
    fn letter(&self, id: DeadLetterId) -> Reading<'_, Option<DeadLetter>> {
        self.read(by_id(select_letter!(""), "letter_id", id.0), first)
    }

    fn letters(&self, is_open: bool, before: Option<DeadLetterId>, limit: usize) -> Reading<'_, Vec<DeadLetter>> {
        let before = before.map_or(i64::MAX, |before| before.0);
        let which = "WHERE letter_id < ? AND (NOT ? OR status IN ('SCHEDULED', 'PERMANENT'))
            ORDER BY letter_id DESC";
        let which = statement(which, &[&before, &is_open]);
        self.list(limit, move |limit| format!("{}{which} LIMIT {limit}", select_letter!("")))
    }

    fn open_letters(&self) -> Reading<'_, Vec<(String, i64)>> {
        let count = "SELECT consumer_group, count(*) FROM dead_letter WHERE status IN ('SCHEDULED', 'PERMANENT')
            GROUP BY consumer_group ORDER BY consumer_group";
        self.read([count.to_owned()], each)
    }
}
