//! Writes the rows of one table.

use std::hash::Hash;

use app::state::rows::Key;
use app::state::table::Table;
use rusqlite::{CachedStatement, Connection, Result};

/// Writes every changed row of a table without deletions.
pub(super) fn put_all<K, V>(
    connection: &Connection,
    table: &Table<K, V>,
    sql: &str,
    mut put: impl FnMut(&mut CachedStatement<'_>, K, &V) -> Result<usize>,
) -> Result<()>
where
    K: Copy + Eq + Hash + Ord + Into<Key>,
    V: Clone,
{
    let changes = table.changes();
    if changes.is_empty() {
        return Ok(());
    }
    let mut statement = connection.prepare_cached(sql)?;
    for (key, change) in changes {
        put(&mut statement, key, change.kept().0)?;
    }
    Ok(())
}
