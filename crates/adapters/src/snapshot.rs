//! The audit's reads, the same for every store: rows of several tables side by side, each table in the order of one
//! key, so that rows of one thing meet without being held in memory.

pub(crate) mod archive;
pub(crate) mod campaigns;
pub(crate) mod customers;
pub(crate) mod drops;
pub(crate) mod further;
pub(crate) mod log;
pub(crate) mod orders;
pub(crate) mod products;
mod roots;
pub(crate) mod statistics;
pub(crate) mod webhooks;

use std::cell::RefCell;

use crate::records::FromCells;
use crate::selects::select_answer;

pub use further::{embedded_tables, shared_tables};
pub(crate) use roots::{Roots, SELECT_EVENTS, SELECT_WHOLE_FROM, known_shard};

/// A connection that reads the rows of a statement.
pub(crate) trait Asked {
    type Error;

    /// Returns all rows; one that cannot be read is an error.
    fn rows<T: FromCells>(&mut self, select: &str) -> Result<Vec<T>, Self::Error>;

    /// Calls `each` with every row that can be read, and describes the others.
    fn readable<T: FromCells>(&mut self, select: &str, each: impl FnMut(T)) -> Result<Vec<String>, Self::Error>;
}

/// Rows that this program does not understand. They are skipped, and reported in the end.
pub(crate) type Unreadable = RefCell<Vec<String>>;

/// The rows of one table.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Source {
    pub(crate) select: &'static str,
    /// Names the table in the report of an unreadable row.
    pub(crate) table: &'static str,
    /// The column that the rows are sorted by.
    pub(crate) key_column: usize,
}

/// The stored answers to requests, in no order.
pub(crate) const ANSWERS: Source = Source { select: select_answer!(""), table: "idempotency", key_column: 4 };

/// The rows of one source.
pub(crate) struct Stream<'s, T, E> {
    rows: Box<dyn Iterator<Item = Result<(i64, T), E>> + 's>,
    head: Option<(i64, T)>,
}

impl<'s, T, E> Stream<'s, T, E> {
    pub(crate) fn new(rows: impl Iterator<Item = Result<(i64, T), E>> + 's) -> Result<Stream<'s, T, E>, E> {
        let mut stream = Stream { rows: Box::new(rows), head: None };
        stream.head = stream.rows.next().transpose()?;
        Ok(stream)
    }

    /// Returns the key of the next row.
    fn key(&self) -> Option<i64> {
        self.head.as_ref().map(|(key, _)| *key)
    }

    /// Returns the next row, if it has this key.
    fn one(&mut self, key: i64) -> Result<Option<T>, E> {
        if self.key() == Some(key) { self.any() } else { Ok(None) }
    }

    /// Returns all rows of a key.
    fn all(&mut self, key: i64) -> Result<Vec<T>, E> {
        let mut all = vec![];
        while let Some(row) = self.one(key)? {
            all.push(row);
        }
        Ok(all)
    }

    /// Returns the next row, whatever its key.
    pub(crate) fn any(&mut self) -> Result<Option<T>, E> {
        let next = self.rows.next().transpose()?;
        Ok(std::mem::replace(&mut self.head, next).map(|(_, row)| row))
    }
}

/// Returns the lowest next key of several streams.
fn least<const STREAMS: usize>(keys: [Option<i64>; STREAMS]) -> Option<i64> {
    keys.into_iter().flatten().min()
}
