//! The tables that a move copies: all of the database's schema, with the columns that both stores have.

use std::collections::BTreeMap;

use mysql_async::Conn;
use mysql_async::prelude::Queryable as _;
use rusqlite::Connection;

use super::MoveError;
use crate::half_moved::MOVING;

/// A table whose rows are copied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Relation {
    pub(super) name: String,
    pub(super) columns: Vec<String>,
    /// The types that the columns have in a folder; a view there does not declare all of them.
    types: Vec<&'static str>,
    /// The primary key, which gives the order of copying.
    pub(super) key: Vec<String>,
}

/// Tables that are not copied row by row: those of this program's own, and those that a step of its own translates.
const NOT_COPIED: [&str; 6] =
    ["refinery_schema_history", MOVING, "meta", "consumer_offset", "scripted_deed", "scripted_script"];
/// Columns that a folder does without, with the value that they get in a database.
pub(super) const OF_DATABASE_ALONE: [(&str, &str, i64); 1] = [("relay_shard", "leased_until", 0)];

const COLUMNS: &str = "SELECT table_name, column_name, data_type FROM information_schema.columns
    WHERE table_schema = DATABASE() AND COALESCE(generation_expression, '') = '' ORDER BY table_name, ordinal_position";
const KEYS: &str = "SELECT table_name, column_name FROM information_schema.key_column_usage
    WHERE table_schema = DATABASE() AND constraint_name = 'PRIMARY' ORDER BY table_name, ordinal_position";

/// Returns the relations of a database with this program's schema, in the order of their names.
pub(super) async fn relations(connection: &mut Conn) -> Result<Vec<Relation>, MoveError> {
    let columns: Vec<(String, String, String)> = connection.query(COLUMNS).await?;
    let keys: Vec<(String, String)> = connection.query(KEYS).await?;
    let mut found: BTreeMap<String, Relation> = BTreeMap::new();
    for (name, column, data_type) in columns {
        let relation =
            found.entry(name.clone()).or_insert_with(|| Relation { name, columns: vec![], types: vec![], key: vec![] });
        relation.columns.push(column);
        relation.types.push(type_in_folder(&data_type));
    }
    for (name, column) in keys {
        found.entry(name).and_modify(|relation| relation.key.push(column));
    }
    Ok(found.into_values().filter(|relation| !NOT_COPIED.contains(&relation.name.as_str())).collect())
}

impl Relation {
    /// Returns the columns that a folder has, too, and their declared types there. The folder may have the relation as a view.
    pub(super) fn in_folder(&self, connection: &Connection) -> Result<Vec<(String, String)>, MoveError> {
        let mut info = connection.prepare("SELECT name, type FROM pragma_table_xinfo(?1)")?;
        let known: BTreeMap<String, String> =
            info.query_map([&self.name], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<Result<_, _>>()?;
        let mut shared = vec![];
        for (column, by_database) in self.columns.iter().zip(&self.types) {
            match known.get(column) {
                Some(declared) if declared.is_empty() => shared.push((column.clone(), (*by_database).to_owned())),
                Some(declared) => shared.push((column.clone(), declared.clone())),
                None if OF_DATABASE_ALONE.iter().any(|(table, name, _)| *table == self.name && name == column) => {}
                None => return Err(MoveError::Unlike(format!("{}.{column}", self.name))),
            }
        }
        Ok(shared)
    }
}

/// Returns the type of a folder's column for the type of a database's.
fn type_in_folder(data_type: &str) -> &'static str {
    match data_type.to_ascii_lowercase().as_str() {
        "tinyint" | "smallint" | "int" | "bigint" => "INTEGER",
        "binary" | "varbinary" | "blob" | "mediumblob" | "longblob" => "BLOB",
        _ => "TEXT",
    }
}

/// Returns names between quotes that both stores understand in their place.
pub(super) fn quoted(names: &[String], quote: char) -> String {
    names.iter().map(|name| format!("{quote}{name}{quote}")).collect::<Vec<_>>().join(", ")
}
