//! A row of the server's answer. Values are moved out, so each cell is read once.

use std::fmt::Display;
use std::sync::Arc;

use mysql_async::Value;

use super::failure::{Failure, Result, Unreadable};
use crate::left_out::Found;
use crate::records::{Cell, Cells, FromCells};

pub(super) struct MysqlCells {
    cells: std::vec::IntoIter<Value>,
    taken: usize,
}

impl MysqlCells {
    pub(super) fn of(row: Vec<Value>) -> MysqlCells {
        MysqlCells { cells: row.into_iter(), taken: 0 }
    }

    fn find<T: Copy>(&self, text: &str, all: &[T], name: impl Fn(T) -> &'static str) -> Result<T> {
        let found = all.iter().copied().find(|word| name(*word) == text);
        found.ok_or_else(|| self.broken(format!("{text:?} is unknown to this program")))
    }
}

/// Reads a whole row, starting at its first cell.
pub(super) fn from_row<T: FromCells>(row: Vec<Value>) -> Result<T> {
    T::from_cells(&mut MysqlCells::of(row))
}

/// Reads every row that can be read.
pub(super) fn readable<T: FromCells>(rows: Vec<Vec<Value>>, select: &str) -> Result<Found<T>> {
    let mut found = Found::default();
    for row in rows {
        let key = row.first().cloned();
        found.add_row(
            from_row(row).map_err(|failure: Failure| failure.named(select, key_text(key.as_ref()).as_deref())),
        )?;
    }
    Ok(found)
}

/// Returns a key as text, if it is text or a number.
pub(super) fn key_text(key: Option<&Value>) -> Option<String> {
    #[expect(clippy::wildcard_enum_match_arm, reason = "no other value is a key")]
    match key? {
        Value::Bytes(text) => String::from_utf8(text.clone()).ok(),
        Value::Int(number) => Some(number.to_string()),
        _ => None,
    }
}

impl<T> Found<T> {
    /// Adds a row, or the reason why it cannot be read.
    ///
    /// # Errors
    ///
    /// The store failed.
    pub(super) fn add_row(&mut self, row: Result<T>) -> Result<()> {
        match row {
            Ok(row) => self.rows.push(row),
            Err(Failure::Unreadable(why)) => self.unreadable.push(why.to_string()),
            Err(failure) => return Err(failure),
        }
        Ok(())
    }
}

impl Cells for MysqlCells {
    type Error = Failure;

    fn take<T: Cell>(&mut self) -> Result<T> {
        self.taken += 1;
        let cell = self.cells.next().ok_or_else(|| self.broken("the row has fewer columns"))?;
        T::from_value_opt(cell).map_err(|_| self.broken("the value is none of the column's type"))
    }

    fn text(&mut self) -> Result<Arc<str>> {
        self.take::<String>().map(Arc::from)
    }

    fn optional_text(&mut self) -> Result<Option<Arc<str>>> {
        Ok(self.take::<Option<String>>()?.map(Arc::from))
    }

    fn hash<const BYTES: usize>(&mut self) -> Result<[u8; BYTES]> {
        let bytes: Vec<u8> = self.take()?;
        bytes.try_into().map_err(|_| self.broken("the value is not a hash of the expected length"))
    }

    fn word<T: Copy>(&mut self, all: &[T], name: impl Fn(T) -> &'static str) -> Result<T> {
        let text: String = self.take()?;
        self.find(&text, all, name)
    }

    fn optional_word<T: Copy>(&mut self, all: &[T], name: impl Fn(T) -> &'static str) -> Result<Option<T>> {
        let Some(text) = self.take::<Option<String>>()? else { return Ok(None) };
        self.find(&text, all, name).map(Some)
    }

    fn broken(&self, why: impl Display) -> Failure {
        Failure::Unreadable(Unreadable::Cell { column: self.taken.saturating_sub(1), why: why.to_string() })
    }
}
