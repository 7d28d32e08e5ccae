//! Changes of the mode setting: each is a row of its own.

use app::state::rows::{ModesKey, Rows};
use rusqlite::{Connection, Result, params};

use crate::sqlite::cells::Run as _;
use crate::sqlite::store::put_all::put_all;

pub(super) fn changes(connection: &Connection, rows: &Rows) -> Result<()> {
    let sql = "INSERT INTO mode_change (version, choice, percent, choice_before, percent_before, changed_by, reason,
                   changed_at)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
    put_all(connection, &rows.modes, sql, |insert, ModesKey, change| {
        insert.run(params![
            change.version,
            change.modes.choice.name(),
            change.modes.percent,
            change.before.choice.name(),
            change.before.percent,
            change.by.map(|admin| admin.0),
            change.reason,
            change.at.micros(),
        ])
    })
}
