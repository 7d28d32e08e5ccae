//! Rows as SQLite returns them. Words are compared without a copy.

use std::cell::Cell as Counter;
use std::fmt::Display;
use std::sync::Arc;

use rusqlite::types::{FromSql, Type, ValueRef};
use rusqlite::{CachedStatement, Connection, Error, OptionalExtension as _, Params, Result, Row};

use crate::records::{Cell, Cells, FromCells};

pub(super) struct SqliteCells<'r> {
    row: &'r Row<'r>,
    next: usize,
}

impl<'r> SqliteCells<'r> {
    pub(super) const fn of(row: &'r Row<'r>) -> SqliteCells<'r> {
        SqliteCells { row, next: 0 }
    }

    fn get<T: FromSql>(&mut self) -> Result<T> {
        let value = self.row.get(self.next)?;
        self.next += 1;
        Ok(value)
    }
}

/// Reads a whole row, starting at its first cell.
pub(super) fn from_row<T: FromCells>(row: &Row<'_>) -> Result<T> {
    T::from_cells(&mut SqliteCells::of(row))
}

thread_local! {
    static STATEMENTS: Counter<u64> = const { Counter::new(0) };
}

/// Returns the number of statements that this thread has run since the last call.
pub(super) fn take_statements() -> u64 {
    STATEMENTS.take()
}

fn count() {
    STATEMENTS.set(STATEMENTS.get() + 1);
}

/// A counted statement that writes.
pub(super) trait Run {
    /// Returns the number of changed rows.
    fn run(&mut self, params: impl Params) -> Result<usize>;
}

impl Run for CachedStatement<'_> {
    fn run(&mut self, params: impl Params) -> Result<usize> {
        count();
        self.execute(params)
    }
}

/// Reads a row by its key, if it exists. The statement stays prepared.
pub(super) fn find<T: FromCells>(connection: &Connection, sql: &str, params: impl Params) -> Result<Option<T>> {
    count();
    connection.prepare_cached(sql)?.query_row(params, from_row).optional()
}

/// Reads every row of a statement that stays prepared.
pub(super) fn find_all<T: FromCells>(connection: &Connection, sql: &str, params: impl Params) -> Result<Vec<T>> {
    count();
    connection.prepare_cached(sql)?.query_map(params, from_row)?.collect()
}

impl Cells for SqliteCells<'_> {
    type Error = Error;

    fn take<T: Cell>(&mut self) -> Result<T> {
        self.get()
    }

    fn text(&mut self) -> Result<Arc<str>> {
        self.get()
    }

    fn optional_text(&mut self) -> Result<Option<Arc<str>>> {
        self.get()
    }

    fn hash<const BYTES: usize>(&mut self) -> Result<[u8; BYTES]> {
        self.get()
    }

    fn word<T: Copy>(&mut self, all: &[T], name: impl Fn(T) -> &'static str) -> Result<T> {
        let text = self.row.get_ref(self.next)?.as_str()?;
        let found = all.iter().copied().find(|word| name(*word) == text);
        let found = found.ok_or_else(|| unreadable(self.next, format!("{text:?} is unknown to this program")))?;
        self.next += 1;
        Ok(found)
    }

    fn optional_word<T: Copy>(&mut self, all: &[T], name: impl Fn(T) -> &'static str) -> Result<Option<T>> {
        if self.row.get_ref(self.next)? == ValueRef::Null {
            self.next += 1;
            return Ok(None);
        }
        self.word(all, name).map(Some)
    }

    fn broken(&self, why: impl Display) -> Error {
        unreadable(self.next.saturating_sub(1), why.to_string())
    }
}

fn unreadable(column: usize, why: String) -> Error {
    Error::FromSqlConversionFailure(column, Type::Text, why.into())
}
