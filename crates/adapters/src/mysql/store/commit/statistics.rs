//! Adds to the figures of the statistics, and deletes old ones.

use app::state::rows::{Added, Cut, Rows};

use crate::mysql::sql::{Insert, Script, statement};

pub(super) fn write(script: &mut Script, rows: &Rows) {
    let mut insert = Insert::new(
        script,
        "INSERT INTO statistic (counted, resolution, subject, began_at, figure, amount) VALUES ",
        " ON DUPLICATE KEY UPDATE amount = amount + VALUES(amount)",
    );
    for Added { key, amount } in &rows.figures {
        insert.row(&[&key.counted.name(), &key.resolution.name(), &key.subject, &key.began_at, &key.figure, amount]);
    }
    drop(insert);
    for Cut { counted, resolution, before, limit } in &rows.cuts {
        let delete =
            "DELETE FROM statistic WHERE counted = ? AND resolution = ? AND began_at < ? ORDER BY began_at LIMIT ?";
        script.add(statement(delete, &[&counted.name(), &resolution.name(), before, limit]));
    }
}
