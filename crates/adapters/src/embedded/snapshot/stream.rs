//! Rows of several tables side by side, each in the order of one key, so that what is about one thing meets without
//! being held in memory.

use std::cell::RefCell;

use rusqlite::{Result, Row, Rows, Statement};

/// Rows that say something that this program does not understand. They are passed over, and told in the end.
pub(super) type Unreadable = RefCell<Vec<String>>;

/// The rows of one statement, in the order of the key that stands in one of its columns.
pub(super) struct Stream<'s, T> {
    rows: Rows<'s>,
    table: &'static str,
    key_column: usize,
    read: fn(&Row<'_>) -> Result<T>,
    head: Option<(i64, T)>,
    unreadable: &'s Unreadable,
}

impl<'s, T> Stream<'s, T> {
    pub(super) fn new(
        statement: &'s mut Statement<'_>,
        (table, key_column): (&'static str, usize),
        read: fn(&Row<'_>) -> Result<T>,
        unreadable: &'s Unreadable,
    ) -> Result<Stream<'s, T>> {
        let rows = statement.query([])?;
        let mut stream = Stream { rows, table, key_column, read, head: None, unreadable };
        stream.advance()?;
        Ok(stream)
    }

    /// The key of the next row.
    pub(super) fn key(&self) -> Option<i64> {
        self.head.as_ref().map(|(key, _)| *key)
    }

    /// The next row, if it has this key.
    pub(super) fn one(&mut self, key: i64) -> Result<Option<T>> {
        if self.key() == Some(key) { self.any() } else { Ok(None) }
    }

    /// All rows of a key.
    pub(super) fn all(&mut self, key: i64) -> Result<Vec<T>> {
        let mut all = vec![];
        while let Some(row) = self.one(key)? {
            all.push(row);
        }
        Ok(all)
    }

    /// The next row, whatever its key.
    pub(super) fn any(&mut self) -> Result<Option<T>> {
        let Some((_, row)) = self.head.take() else { return Ok(None) };
        self.advance()?;
        Ok(Some(row))
    }

    fn advance(&mut self) -> Result<()> {
        while let Some(row) = self.rows.next()? {
            let key = row.get(self.key_column)?;
            match (self.read)(row) {
                Ok(read) => {
                    self.head = Some((key, read));
                    return Ok(());
                }
                Err(error) => self.unreadable.borrow_mut().push(format!("{} {key}: {error}", self.table)),
            }
        }
        Ok(())
    }
}

/// The next key of several streams.
pub(super) fn least<const STREAMS: usize>(keys: [Option<i64>; STREAMS]) -> Option<i64> {
    keys.into_iter().flatten().min()
}
