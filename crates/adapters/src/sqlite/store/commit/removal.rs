//! Removes archived events, and the rows that refer to them.

use app::log::reactions::Group;
use app::state::rows::{Removal, Rows};
use rusqlite::{Connection, Result};

use crate::sqlite::cells::Run as _;

/// Orders are found by their events: runs have no index on positions.
pub(super) fn write(connection: &Connection, rows: &Rows) -> Result<()> {
    for Removal { through, events, before, archived } in &rows.removals {
        for group in Group::with_inbox() {
            let forget = "DELETE FROM inbox WHERE consumer_group = ?2
                          AND event_id IN (SELECT id FROM event WHERE position <= ?1)";
            connection.prepare_cached(forget)?.run((through, group.name()))?;
        }
        let orders = "order_id IN (SELECT order_id FROM event_row WHERE position <= ?1 AND order_id IS NOT NULL)";
        let whole = format!("DELETE FROM order_event_run WHERE {orders} AND last_position <= ?1");
        connection.prepare_cached(&whole)?.run([through])?;
        let part = format!(
            "UPDATE order_event_run SET first_position = ?1 + 1
             WHERE {orders} AND first_position <= ?1 AND last_position > ?1"
        );
        connection.prepare_cached(&part)?.run([through])?;
        connection.prepare_cached("DELETE FROM event_row WHERE position <= ?1")?.run([through])?;
        // A slower archiver that repeats an earlier step changes nothing.
        let keep = "INSERT INTO archive (archive_id, events, before_at, archived) VALUES (1, ?1, ?2, ?3)
                    ON CONFLICT DO UPDATE SET events = excluded.events, before_at = excluded.before_at,
                        archived = excluded.archived WHERE excluded.events >= events";
        connection.prepare_cached(keep)?.run((events, before.micros(), &**archived))?;
    }
    Ok(())
}
