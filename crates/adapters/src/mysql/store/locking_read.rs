//! Reads and locks rows of one table by their keys.

use std::hash::Hash;

use app::state::rows::Key;
use app::state::table::Table;
use mysql_async::Value;
use rustc_hash::FxHashMap;

use crate::mysql::cells::from_row;
use crate::mysql::failure::Result;
use crate::mysql::sql::{Literal, is_in, statement};
use crate::records::FromCells;

/// Builds a locking read from `SELECT … FROM table` and the index by which the rows are found and locked in its order.
/// Without an index the server would read a small table from its start, past rows that others have locked.
pub(super) fn locked(select: &str, index: &str, condition: &str, order: &str) -> String {
    format!("{select} FORCE INDEX ({index}) WHERE {condition} ORDER BY {order} FOR UPDATE")
}

/// Conditions on keys of two parts: `(a = 1 AND b IN (…)) OR (…)`.
pub(in crate::mysql) fn pairs<A: Literal + PartialEq, B: Literal>(
    first_column: &str,
    second_column: &str,
    keys: impl Iterator<Item = (A, B)>,
) -> String {
    let mut groups: Vec<(A, Vec<B>)> = vec![];
    for (first, second) in keys {
        match groups.last_mut() {
            Some((known, seconds)) if *known == first => seconds.push(second),
            _ => groups.push((first, vec![second])),
        }
    }
    let groups = groups.into_iter().map(|(first, seconds)| {
        statement(&format!("({} = ? AND ", first_column), &[&first]) + &is_in(second_column, seconds) + ")"
    });
    groups.collect::<Vec<_>>().join(" OR ")
}

/// Reads rows as entries by their keys.
pub(super) fn index<T: FromCells, K: Eq + Hash, V>(
    found: Vec<Vec<Value>>,
    entry: impl Fn(T) -> (K, V),
) -> Result<FxHashMap<K, V>> {
    found.into_iter().map(|row| from_row(row).map(&entry)).collect()
}

/// Reads rows that begin with their keys.
pub(super) fn entries<K: Eq + Hash, V>(found: Vec<Vec<Value>>) -> Result<FxHashMap<K, V>>
where
    (K, V): FromCells,
{
    index(found, |entry| entry)
}

/// Reads rows that end with their keys.
pub(super) fn entries_by_last<K: Eq + Hash, V>(found: Vec<Vec<Value>>) -> Result<FxHashMap<K, V>>
where
    (V, K): FromCells,
{
    index(found, |(value, key)| (key, value))
}

/// Loads the found row, or its absence, of every key into a table.
pub(super) fn loaded<K, V>(table: &mut Table<K, V>, keys: impl IntoIterator<Item = K>, mut found: FxHashMap<K, V>)
where
    K: Copy + Eq + Hash + Ord + Into<Key>,
    V: Clone,
{
    for key in keys {
        table.loaded(key, found.remove(&key));
    }
}
