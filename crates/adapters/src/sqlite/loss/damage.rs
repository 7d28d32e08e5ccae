//! Pages of the file that were changed while the store was closed. The checksums are deleted when the store is opened, so what they
//! showed is kept in the table `maintenance` until an operator accepts it.

use rusqlite::Connection;

/// Records that the file was changed while it was closed.
pub(in crate::sqlite) fn record_damage(writer: &Connection, changed: &[String]) -> rusqlite::Result<()> {
    for what in changed {
        tracing::error!("{what}: the disk is damaged, or the file was edited; run `doorbuster audit`.");
        let note = "INSERT INTO maintenance (kind, law, what, happened_at)
             VALUES ('DAMAGE_FOUND', 20, ?1, CAST(unixepoch('subsec') * 1000000 AS INTEGER))";
        writer.execute(note, [what])?;
    }
    Ok(())
}

/// Records that an operator accepts the changes found so far.
pub(in crate::sqlite) fn accept_damage(writer: &Connection) -> rusqlite::Result<()> {
    let found = unaccepted_damage(writer)?;
    if found.is_empty() {
        return Ok(());
    }
    tracing::warn!("Accepted: {}", found.join("; "));
    let note = "INSERT INTO maintenance (kind, law, what, happened_at)
         VALUES ('DAMAGE_ACCEPTED', 20, ?1, CAST(unixepoch('subsec') * 1000000 AS INTEGER))";
    writer.execute(note, [found.join("; ")]).map(drop)
}

/// Returns the changes that no operator has accepted.
pub(in crate::sqlite) fn unaccepted_damage(connection: &Connection) -> rusqlite::Result<Vec<String>> {
    let found = "SELECT DISTINCT what FROM maintenance WHERE kind = 'DAMAGE_FOUND' AND maintenance_id >
             (SELECT coalesce(max(maintenance_id), 0) FROM maintenance WHERE kind = 'DAMAGE_ACCEPTED')
         ORDER BY what LIMIT 20";
    connection.prepare(found)?.query_map([], |row| row.get(0))?.collect()
}
