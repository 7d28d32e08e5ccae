//! Rows as SQLite returns them. Words are compared without a copy.

use std::cell::Cell as Counter;
use std::fmt::Display;
use std::sync::Arc;

use app::ports::StoreError;
use rusqlite::types::{FromSql, Type, ValueRef};
use rusqlite::{CachedStatement, Connection, Error, Params, Result, Row};

use crate::left_out::{Found, describe};
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
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(params)?;
    let Some(row) = rows.next()? else { return Ok(None) };
    from_row(row).map(Some).map_err(|error| named(error, sql, row))
}

/// Reads every row of a statement that stays prepared.
pub(super) fn find_all<T: FromCells>(connection: &Connection, sql: &str, params: impl Params) -> Result<Vec<T>> {
    count();
    let mut statement = connection.prepare_cached(sql)?;
    let (mut rows, mut found) = (statement.query(params)?, vec![]);
    while let Some(row) = rows.next()? {
        found.push(from_row(row).map_err(|error| named(error, sql, row))?);
    }
    Ok(found)
}

/// Reads every row that can be read.
pub(super) fn find_readable<T: FromCells>(connection: &Connection, sql: &str, params: impl Params) -> Result<Found<T>> {
    count();
    let mut statement = connection.prepare_cached(sql)?;
    let (mut rows, mut found) = (statement.query(params)?, Found::default());
    while let Some(row) = rows.next()? {
        found.add(from_row(row).map_err(|error| named(error, sql, row)))?;
    }
    Ok(found)
}

impl<T> Found<T> {
    /// Adds a row, or the reason why it cannot be read.
    ///
    /// # Errors
    ///
    /// The store failed.
    pub(super) fn add(&mut self, row: Result<T>) -> Result<()> {
        match row.map_err(why_unreadable) {
            Ok(row) => self.rows.push(row),
            Err(Ok(why)) => self.unreadable.push(why),
            Err(Err(error)) => return Err(error),
        }
        Ok(())
    }
}

/// Calls `each` with every row that can be read, and describes the others.
pub(super) fn each_readable<T: FromCells>(
    connection: &Connection,
    sql: &str,
    mut each: impl FnMut(T),
) -> Result<Vec<String>> {
    let mut statement = connection.prepare(sql)?;
    let (mut rows, mut unreadable) = (statement.query([])?, vec![]);
    while let Some(row) = rows.next()? {
        match from_row(row).map_err(|error| why_unreadable(named(error, sql, row))) {
            Ok(row) => each(row),
            Err(Ok(why)) => unreadable.push(why),
            Err(Err(error)) => return Err(error),
        }
    }
    Ok(unreadable)
}

/// Names the row in the error of one of its cells.
fn named(error: Error, sql: &str, row: &Row<'_>) -> Error {
    let (column, why) = match cell_of(error) {
        Ok(cell) => cell,
        Err(other) => return other,
    };
    let key = row.get_ref(0).ok().and_then(|key| match key {
        ValueRef::Integer(key) => Some(key.to_string()),
        ValueRef::Text(key) => std::str::from_utf8(key).ok().map(str::to_owned),
        ValueRef::Null | ValueRef::Real(_) | ValueRef::Blob(_) => None,
    });
    unreadable(column, describe(sql, key.as_deref(), column, why))
}

/// Returns the column of the cell that cannot be read, and why. `Err`: the error is not about a cell.
pub(super) fn cell_of(error: Error) -> Result<(usize, String), Error> {
    #[expect(clippy::wildcard_enum_match_arm, reason = "every other error is of the statement, not of a cell")]
    match error {
        Error::FromSqlConversionFailure(column, _, why) => Ok((column, why.to_string())),
        Error::Utf8Error(column, why) => Ok((column, why.to_string())),
        Error::InvalidColumnType(column, _, found) => Ok((column, format!("it holds {found}"))),
        Error::IntegralValueOutOfRange(column, value) => Ok((column, format!("{value} is out of range"))),
        other => Err(other),
    }
}

/// Adds to the error of a row to whom the row belongs.
pub(super) fn with_owner(error: Error, owner: &str) -> Error {
    match cell_of(error) {
        Ok((column, why)) => unreadable(column, format!("{why} ({owner})")),
        Err(other) => other,
    }
}

/// Returns why a row cannot be read. `Err`: the store failed.
pub(super) fn why_unreadable(error: Error) -> Result<String, Error> {
    #[expect(clippy::wildcard_enum_match_arm, reason = "every other error is of the statement, not of a cell")]
    match error {
        Error::FromSqlConversionFailure(_, _, why) => Ok(why.to_string()),
        Error::Utf8Error(_, why) => Ok(why.to_string()),
        Error::InvalidColumnType(..) | Error::IntegralValueOutOfRange(..) => Ok(error.to_string()),
        other => Err(other),
    }
}

pub(super) fn store_error(error: Error) -> StoreError {
    match why_unreadable(error) {
        Ok(why) => StoreError::Unreadable(why),
        Err(error) => StoreError::Failed(error.to_string()),
    }
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
        // The client's own error would not name the column.
        let text = self.row.get_ref(self.next)?.as_str();
        let text = text.map_err(|error| unreadable(self.next, error.to_string()))?;
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
