//! Adds to the figures of the statistics, and deletes old ones.

use app::state::rows::{Added, Cut, FigureKey, Rows};
use rusqlite::{Connection, Result};

use crate::sqlite::cells::Run as _;

pub(super) fn write(connection: &Connection, rows: &Rows) -> Result<()> {
    for Added { key, amount } in &rows.figures {
        let sql = "INSERT INTO statistic (counted, resolution, subject, began_at, figure, amount)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO UPDATE SET amount = amount + excluded.amount";
        let FigureKey { counted, resolution, subject, began_at, figure } = key;
        let cells = (counted.name(), resolution.name(), subject, began_at.micros(), &**figure, amount);
        connection.prepare_cached(sql)?.run(cells)?;
    }
    for Cut { counted, resolution, before, limit } in &rows.cuts {
        let sql = "DELETE FROM statistic WHERE (counted, resolution, subject, began_at, figure) IN
             (SELECT counted, resolution, subject, began_at, figure FROM statistic INDEXED BY statistic_age
              WHERE counted = ?1 AND resolution = ?2 AND began_at < ?3 ORDER BY began_at LIMIT ?4)";
        connection.prepare_cached(sql)?.run((counted.name(), resolution.name(), before.micros(), limit))?;
    }
    Ok(())
}
