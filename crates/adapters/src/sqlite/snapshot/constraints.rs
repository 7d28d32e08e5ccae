//! Rows that break a CHECK of their table.
//!
//! `PRAGMA integrity_check` finds them only over a connection that may write: SQLite does not even parse the CHECKs of a
//! database that is opened for reading.

use rusqlite::{Connection, Result};

/// The most rows of one constraint that are named.
const NAMED_MAX: usize = 20;

/// Returns an error text for each row that breaks a constraint.
pub(super) fn broken(connection: &Connection) -> Result<Vec<String>> {
    let mut tables = connection.prepare(
        "SELECT name, sql, (SELECT name FROM pragma_table_info(main.sqlite_schema.name) WHERE pk = 1) FROM main.sqlite_schema
         WHERE type = 'table' AND sql LIKE '%CHECK%' ORDER BY name",
    )?;
    let tables = tables.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    let mut problems = vec![];
    for table in tables {
        let (name, sql, key): (String, String, Option<String>) = table?;
        let key = key.as_deref().unwrap_or("rowid");
        for check in checks_of(&sql) {
            let select = format!("SELECT quote({key}) FROM main.{name} WHERE NOT ({check}) LIMIT {NAMED_MAX}");
            let mut rows = connection.prepare(&select)?;
            for row in rows.query_map([], |row| row.get::<_, String>(0))? {
                problems.push(format!("{name} with the {key} {}: breaks the constraint {check}", row?));
            }
        }
    }
    Ok(problems)
}

/// Returns the conditions of a table's CHECKs.
fn checks_of(sql: &str) -> Vec<String> {
    let plain: Vec<&str> = sql.lines().map(|line| line.split("--").next().unwrap_or_default().trim()).collect();
    let plain = plain.join(" ");
    let mut parts = plain.split("CHECK (");
    parts.next();
    parts.filter_map(|part| part.get(..closing(part)?)).map(str::to_owned).collect()
}

/// Returns the place of the bracket that closes one before the text.
fn closing(text: &str) -> Option<usize> {
    let (mut open, mut is_quoted) = (1, false);
    text.char_indices().find_map(|(place, letter)| {
        match letter {
            '\'' => is_quoted = !is_quoted,
            '(' if !is_quoted => open += 1,
            ')' if !is_quoted => open -= 1,
            _ => {}
        }
        (open == 0).then_some(place)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_are_found_in_a_table() {
        let sql = "CREATE TABLE t (\n  a INTEGER CHECK (a IN (0, 1)), -- not CHECK (a = 2)\n  b TEXT,\n  CHECK ((b = ')(') = (a IS NULL)\n    OR b = 'it''s)')\n) STRICT";
        assert_eq!(checks_of(sql), ["a IN (0, 1)", "(b = ')(') = (a IS NULL) OR b = 'it''s)'"]);
        assert!(checks_of("CREATE TABLE t (a INTEGER)").is_empty());
    }
}
