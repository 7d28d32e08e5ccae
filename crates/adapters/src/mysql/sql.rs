//! Statements as text, and rows as values of prepared statements. Every value from outside becomes a literal that cannot
//! end early, or a value.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use domain::money::Money;
use domain::time::Timestamp;
use mysql_async::Value;

/// An insert is split into several statements beyond this length.
const STATEMENT_BYTES: usize = 256 * 1024;
/// The most keys in one statement. MariaDB turns longer lists into a subquery, which locks in another order.
pub(super) const KEYS_MAX: usize = 500;

/// Rows of one prepared statement: the largest first. Fewer rows are cheaper as text, with other statements in a message.
pub(super) const BOUND_ROWS: [usize; 4] = [256, 128, 64, 32];

/// A value that can be written into a statement, or sent beside it.
pub(super) trait Literal {
    fn write(&self, sql: &mut String);

    fn value(&self) -> Value;
}

impl Literal for i64 {
    fn write(&self, sql: &mut String) {
        // Writing to a string cannot fail.
        let _ = write!(sql, "{self}");
    }

    fn value(&self) -> Value {
        Value::Int(*self)
    }
}

impl Literal for u32 {
    fn write(&self, sql: &mut String) {
        i64::from(*self).write(sql);
    }

    fn value(&self) -> Value {
        Value::Int(i64::from(*self))
    }
}

impl Literal for i32 {
    fn write(&self, sql: &mut String) {
        i64::from(*self).write(sql);
    }

    fn value(&self) -> Value {
        Value::Int(i64::from(*self))
    }
}

impl Literal for bool {
    fn write(&self, sql: &mut String) {
        sql.push(if *self { '1' } else { '0' });
    }

    fn value(&self) -> Value {
        Value::Int(i64::from(*self))
    }
}

impl Literal for Timestamp {
    fn write(&self, sql: &mut String) {
        self.micros().write(sql);
    }

    fn value(&self) -> Value {
        self.micros().value()
    }
}

impl Literal for Money {
    fn write(&self, sql: &mut String) {
        self.amount().write(sql);
    }

    fn value(&self) -> Value {
        self.amount().value()
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

    fn value(&self) -> Value {
        Value::Bytes(self.as_bytes().to_vec())
    }
}

impl Literal for String {
    fn write(&self, sql: &mut String) {
        self.as_str().write(sql);
    }

    fn value(&self) -> Value {
        self.as_str().value()
    }
}

impl Literal for Arc<str> {
    fn write(&self, sql: &mut String) {
        (&**self).write(sql);
    }

    fn value(&self) -> Value {
        (&**self).value()
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

    fn value(&self) -> Value {
        Value::Bytes(self.to_vec())
    }
}

impl Literal for [u8] {
    fn write(&self, sql: &mut String) {
        Literal::write(&self, sql);
    }

    fn value(&self) -> Value {
        Value::Bytes(self.to_vec())
    }
}

impl Literal for [u8; 32] {
    fn write(&self, sql: &mut String) {
        self.as_slice().write(sql);
    }

    fn value(&self) -> Value {
        self.as_slice().value()
    }
}

impl<T: Literal> Literal for Option<T> {
    fn write(&self, sql: &mut String) {
        match self {
            Some(value) => value.write(sql),
            None => sql.push_str("NULL"),
        }
    }

    fn value(&self) -> Value {
        self.as_ref().map_or(Value::NULL, Literal::value)
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

/// Rows that a prepared statement writes.
#[derive(Debug)]
pub(super) struct Bound {
    pub(super) head: &'static str,
    pub(super) tail: &'static str,
    pub(super) rows: usize,
    pub(super) values: Vec<Value>,
}

impl Bound {
    /// Returns the statement with a placeholder for each value.
    pub(super) fn text(&self) -> String {
        let columns = self.values.len() / self.rows.max(1);
        let row = format!("({})", vec!["?"; columns].join(","));
        format!("{}{}{}", self.head, vec![row.as_str(); self.rows].join(","), self.tail)
    }
}

/// Statements that are sent together.
#[derive(Debug, Default)]
pub(super) struct Script {
    pub(super) statements: Vec<String>,
    /// Statements that are prepared, by the index of their empty text.
    pub(super) bound: BTreeMap<usize, Bound>,
}

impl Script {
    pub(super) const fn of(statements: Vec<String>) -> Script {
        Script { statements, bound: BTreeMap::new() }
    }

    /// Adds a statement and returns the index of its answer.
    pub(super) fn add(&mut self, statement: impl Into<String>) -> usize {
        self.statements.push(statement.into());
        self.statements.len() - 1
    }

    fn bind(&mut self, bound: Bound) {
        let index = self.add("");
        self.bound.insert(index, bound);
    }

    /// Appends writes of different rows, the prepared ones first: then all others share a message.
    pub(super) fn append(&mut self, writes: Script) {
        let Script { statements, bound } = writes;
        let texts: Vec<String> =
            (0..).zip(statements).filter(|(index, _)| !bound.contains_key(index)).map(|(_, text)| text).collect();
        bound.into_values().for_each(|bound| self.bind(bound));
        self.statements.extend(texts);
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
    /// Rows that were announced and have not come yet.
    awaited: usize,
    values: Vec<Value>,
    /// Rows in `values`, of how many, and their bytes.
    rows: usize,
    rows_max: usize,
    bytes: usize,
}

impl<'s> Insert<'s> {
    /// `head` ends where the rows begin; `tail` says what happens to rows that exist already.
    pub(super) const fn new(script: &'s mut Script, head: &'static str, tail: &'static str) -> Insert<'s> {
        Insert { script, head, tail, text: String::new(), awaited: 0, values: vec![], rows: 0, rows_max: 0, bytes: 0 }
    }

    /// Announces the number of rows. The server need not parse many rows if they are values of a prepared statement.
    #[must_use]
    pub(super) const fn awaiting(mut self, rows: usize) -> Insert<'s> {
        self.awaited = rows;
        self
    }

    pub(super) fn row(&mut self, cells: &[&dyn Literal]) {
        if self.rows_max == 0 {
            self.rows_max = BOUND_ROWS.into_iter().find(|rows| *rows <= self.awaited).unwrap_or(0);
        }
        self.awaited = self.awaited.saturating_sub(1);
        if self.rows_max > 0 { self.bind(cells) } else { self.write(cells) }
    }

    fn bind(&mut self, cells: &[&dyn Literal]) {
        for cell in cells {
            let value = cell.value();
            self.bytes += if let Value::Bytes(bytes) = &value { bytes.len() } else { 8 };
            self.values.push(value);
        }
        self.rows += 1;
        if self.rows == self.rows_max || self.bytes > STATEMENT_BYTES {
            self.close();
        }
    }

    fn write(&mut self, cells: &[&dyn Literal]) {
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
        if self.rows > 0 {
            let (rows, values) = (self.rows, std::mem::take(&mut self.values));
            self.script.bind(Bound { head: self.head, tail: self.tail, rows, values });
            (self.rows, self.rows_max, self.bytes) = (0, 0, 0);
        }
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

    #[test]
    fn many_rows_are_values_of_prepared_statements() {
        let mut script = Script::default();
        let mut insert = Insert::new(&mut script, "INSERT INTO t VALUES ", "").awaiting(450);
        (0..450_i64).for_each(|number| insert.row(&[&number, &None::<i64>, &"a'"]));
        drop(insert);
        let rows: Vec<usize> = script.bound.values().map(|bound| bound.rows).collect();
        assert_eq!(rows, [256, 128, 64]);
        assert_eq!(script.statements[..3], ["", "", ""]);
        assert_eq!(
            script.statements[3],
            "INSERT INTO t VALUES (448,NULL,_utf8mb4 X'6127'),(449,NULL,_utf8mb4 X'6127')"
        );
        let last = &script.bound[&2];
        assert_eq!(last.values[..3], [Value::Int(384), Value::NULL, Value::Bytes(b"a'".to_vec())]);
        assert!(last.text().starts_with("INSERT INTO t VALUES (?,?,?),(?,?,?)") && last.text().ends_with("(?,?,?)"));
        let mut whole = Script::of(vec!["START TRANSACTION".to_owned()]);
        let writes = Script { statements: vec!["UPDATE".to_owned()], ..Script::default() };
        whole.append(writes);
        whole.append(script);
        assert_eq!(whole.bound.keys().copied().collect::<Vec<_>>(), [2, 3, 4]);
        assert_eq!(whole.statements[..3], ["START TRANSACTION", "UPDATE", ""]);
    }
}
