//! A row of the server's answer. Values are moved out, so each cell is read once.

use std::fmt::Display;
use std::sync::Arc;

use mysql_async::Value;

use super::failure::{Failure, Result};
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

impl Cells for MysqlCells {
    type Error = Failure;

    fn take<T: Cell>(&mut self) -> Result<T> {
        self.taken += 1;
        let cell = self.cells.next().ok_or_else(|| self.broken("the row has fewer columns"))?;
        T::from_value_opt(cell).map_err(|error| self.broken(error))
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
        Failure::Unreadable(format!("column {}: {why}", self.taken))
    }
}
