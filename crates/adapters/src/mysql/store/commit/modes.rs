//! Changes of the mode setting: each is a row of its own.

use app::state::rows::Rows;

use crate::mysql::sql::{Insert, Script};

pub(super) fn changes(script: &mut Script, rows: &Rows) {
    const HEAD: &str = "INSERT INTO mode_change (version, choice, percent, choice_before, percent_before, changed_by, \
                        reason, changed_at) VALUES ";
    let mut insert = Insert::new(script, HEAD, "");
    for (_, change) in rows.modes.changes() {
        let (change, _) = change.kept();
        insert.row(&[
            &change.version,
            &change.modes.choice.name(),
            &i64::from(change.modes.percent),
            &change.before.choice.name(),
            &i64::from(change.before.percent),
            &change.by.map(|admin| admin.0),
            &change.reason,
            &change.at,
        ]);
    }
}
