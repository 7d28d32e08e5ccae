//! Statements as text. Every value from outside becomes a literal that cannot end early.

use std::fmt::Write as _;
use std::sync::Arc;

use domain::money::Money;
use domain::time::Timestamp;

/// An insert is split into several statements beyond this length.
const STATEMENT_BYTES: usize = 256 * 1024;
/// The most keys in one statement. MariaDB turns longer lists into a subquery, which locks in another order.
pub(super) const KEYS_MAX: usize = 500;

/// A value that can be written into a statement.
pub(super) trait Literal {
    fn write(&self, sql: &mut String);
}

impl Literal for i64 {
    fn write(&self, sql: &mut String) {
        // Writing to a string cannot fail.
        let _ = write!(sql, "{self}");
    }
}

impl Literal for u32 {
    fn write(&self, sql: &mut String) {
        i64::from(*self).write(sql);
    }
}

impl Literal for i32 {
    fn write(&self, sql: &mut String) {
        i64::from(*self).write(sql);
    }
}

impl Literal for bool {
    fn write(&self, sql: &mut String) {
        sql.push(if *self { '1' } else { '0' });
    }
}

impl Literal for Timestamp {
    fn write(&self, sql: &mut String) {
        self.micros().write(sql);
    }
}

impl Literal for Money {
    fn write(&self, sql: &mut String) {
        self.amount().write(sql);
    }
}

/// A text that could end its own literal in any mode of the server is written as its bytes.
impl Literal for &str {
    fn write(&self, sql: &mut String) {
        if self.bytes().any(|byte| matches!(byte, b'\'' | b'\\' | 0)) {
            sql.push_str("_utf8mb4 ");
            return self.as_bytes().write(sql);
        }
        sql.push('\'');
        sql.push_str(self);
        sql.push('\'');
    }
}

impl Literal for String {
    fn write(&self, sql: &mut String) {
        self.as_str().write(sql);
    }
}

impl Literal for Arc<str> {
    fn write(&self, sql: &mut String) {
        (&**self).write(sql);
    }
}

impl Literal for &[u8] {
    fn write(&self, sql: &mut String) {
        sql.push_str("X'");
        for byte in *self {
            sql.push(char::from(b"0123456789abcdef"[usize::from(byte >> 4)]));
            sql.push(char::from(b"0123456789abcdef"[usize::from(byte & 15)]));
        }
        sql.push('\'');
    }
}

impl Literal for [u8] {
    fn write(&self, sql: &mut String) {
        Literal::write(&self, sql);
    }
}

impl Literal for [u8; 32] {
    fn write(&self, sql: &mut String) {
        self.as_slice().write(sql);
    }
}

impl<T: Literal> Literal for Option<T> {
    fn write(&self, sql: &mut String) {
        match self {
            Some(value) => value.write(sql),
            None => sql.push_str("NULL"),
        }
    }
}

/// Replaces each `?` of a statement by the next value.
pub(super) fn statement(text: &str, values: &[&dyn Literal]) -> String {
    let mut sql = String::with_capacity(text.len() + 16 * values.len());
    let mut values = values.iter();
    for (place, part) in text.split('?').enumerate() {
        if place > 0 {
            values.next().expect("each placeholder has a value").write(&mut sql);
        }
        sql.push_str(part);
    }
    debug_assert!(values.next().is_none(), "a value has no placeholder: {text}");
    sql
}

/// `column IN (…)`.
pub(super) fn is_in<T: Literal>(column: &str, values: impl IntoIterator<Item = T>) -> String {
    let mut sql = format!("{column} IN (");
    for (place, value) in values.into_iter().enumerate() {
        if place > 0 {
            sql.push(',');
        }
        value.write(&mut sql);
    }
    sql.push(')');
    sql
}

/// Statements that are sent together.
#[derive(Debug, Default)]
pub(super) struct Script {
    pub(super) statements: Vec<String>,
}

impl Script {
    /// Adds a statement and returns the index of its answer.
    pub(super) fn add(&mut self, statement: impl Into<String>) -> usize {
        self.statements.push(statement.into());
        self.statements.len() - 1
    }

    pub(super) fn is_empty(&self) -> bool {
        self.statements.is_empty()
    }
}

/// Rows of one table that are added to a script in as few statements as their size allows.
pub(super) struct Insert<'s> {
    script: &'s mut Script,
    head: &'static str,
    tail: &'static str,
    text: String,
}

impl<'s> Insert<'s> {
    /// `head` ends where the rows begin; `tail` says what happens to rows that exist already.
    pub(super) const fn new(script: &'s mut Script, head: &'static str, tail: &'static str) -> Insert<'s> {
        Insert { script, head, tail, text: String::new() }
    }

    pub(super) fn row(&mut self, cells: &[&dyn Literal]) {
        self.text.push_str(if self.text.is_empty() { self.head } else { "," });
        self.text.push('(');
        for (place, cell) in cells.iter().enumerate() {
            if place > 0 {
                self.text.push(',');
            }
            cell.write(&mut self.text);
        }
        self.text.push(')');
        if self.text.len() > STATEMENT_BYTES {
            self.close();
        }
    }

    fn close(&mut self) {
        if !self.text.is_empty() {
            self.text.push_str(self.tail);
            self.script.add(std::mem::take(&mut self.text));
        }
    }
}

impl Drop for Insert<'_> {
    fn drop(&mut self) {
        self.close();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(value: &dyn Literal, expected: &str) {
        let mut sql = String::new();
        value.write(&mut sql);
        assert_eq!(sql, expected);
    }

    #[test]
    fn no_text_ends_its_own_literal() {
        check(&"plain", "'plain'");
        check(&"한정", "'한정'");
        check(&"", "''");
        check(&"a' OR 1", "_utf8mb4 X'6127204f522031'");
        check(&"\\", "_utf8mb4 X'5c'");
        check(&"\0", "_utf8mb4 X'00'");
        check(&Some(String::from("\"?\"")), "'\"?\"'");
    }

    #[test]
    fn values_take_their_places() {
        assert_eq!(statement("a = ? AND b = ?", &[&1_i64, &"?"]), "a = 1 AND b = '?'");
        assert_eq!(is_in("a", [1_i64, -2]), "a IN (1,-2)");
        check(&None::<i64>, "NULL");
        check(&true, "1");
    }

    #[test]
    fn rows_share_a_statement_until_it_is_long() {
        let mut script = Script::default();
        let mut insert = Insert::new(&mut script, "INSERT INTO t VALUES ", " ON DUPLICATE KEY UPDATE a = 1");
        insert.row(&[&1_i64, &2_i64]);
        insert.row(&[&3_i64, &4_i64]);
        insert.row(&["x".repeat(STATEMENT_BYTES).as_str()].iter().map(|text| text as &dyn Literal).collect::<Vec<_>>());
        insert.row(&[&5_i64]);
        drop(insert);
        assert_eq!(script.statements.len(), 2);
        assert!(script.statements[0].starts_with("INSERT INTO t VALUES (1,2),(3,4),('xx"));
        assert_eq!(script.statements[1], "INSERT INTO t VALUES (5) ON DUPLICATE KEY UPDATE a = 1");
        drop(Insert::new(&mut script, "INSERT", ""));
        assert_eq!(script.statements.len(), 2);
    }
}
