//! Writes and deletes rows of one table.

use std::hash::Hash;

use app::state::rows::Key;
use app::state::table::{Change, Table};

use crate::mysql::sql::{Insert, Script};

/// How rows of a table are written: the head of the statement, and the update of rows that exist.
pub(super) struct Upsert {
    pub(super) head: &'static str,
    pub(super) update: &'static str,
}

/// The index by which rows of a table are found.
#[derive(Clone, Copy)]
pub(super) struct Index {
    pub(super) table: &'static str,
    pub(super) name: &'static str,
}

/// Writes every changed row of a table. A row that was read as absent must be new. Returns the keys of the rows to
/// delete.
pub(super) fn put_all<K, V>(
    script: &mut Script,
    table: &Table<K, V>,
    Upsert { head, update }: Upsert,
    mut put: impl FnMut(&mut Insert<'_>, K, &V),
) -> Vec<K>
where
    K: Copy + Eq + Hash + Ord + Into<Key>,
    V: Clone,
{
    let changes = table.changes();
    if changes.is_empty() {
        return vec![];
    }
    let count = |is_counted: fn(&Change<V>) -> bool| changes.iter().filter(|(_, change)| is_counted(change)).count();
    let mut insert = Insert::new(script, head, "").awaiting(count(|change| matches!(change, Change::Insert(_))));
    for (key, change) in &changes {
        if let Change::Insert(row) = change {
            put(&mut insert, *key, row);
        }
    }
    drop(insert);
    let mut insert = Insert::new(script, head, update).awaiting(count(|change| matches!(change, Change::Update(_))));
    for (key, change) in &changes {
        if let Change::Update(row) = change {
            put(&mut insert, *key, row);
        }
    }
    drop(insert);
    let gone = changes.into_iter().filter(|(_, change)| matches!(change, Change::Delete));
    gone.map(|(key, _)| key).collect()
}

/// Deletes rows by a condition on their keys. Written as a join, so that the index can be named: otherwise the server
/// would read a small table from its start, past rows that others have locked.
pub(super) fn delete(script: &mut Script, Index { table, name }: Index, condition: &str) {
    script.add(format!("DELETE gone FROM {table} AS gone FORCE INDEX ({name}) WHERE {condition}"));
}
