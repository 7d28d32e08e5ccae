//! What an audit reads of a store, whichever it is: rows of several tables side by side, each table in the order of one key, so
//! that what is about one thing meets without being held in memory.

pub(crate) mod campaigns;
pub(crate) mod customers;
pub(crate) mod orders;
pub(crate) mod products;
mod roots;

use std::cell::RefCell;

use crate::selects::select_answer;

pub(crate) use roots::{Roots, SELECT_EVENTS, SELECT_WHOLE_FROM, known_shard};

/// Rows that say something that this program does not understand. They are passed over, and told in the end.
pub(crate) type Unreadable = RefCell<Vec<String>>;

/// What is read of one table.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Source {
    pub(crate) select: &'static str,
    /// Names the key of a row that cannot be read.
    pub(crate) table: &'static str,
    /// The column by which the rows are in order.
    pub(crate) key_column: usize,
}

/// What was answered to whom, in no order.
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

    /// The key of the next row.
    fn key(&self) -> Option<i64> {
        self.head.as_ref().map(|(key, _)| *key)
    }

    /// The next row, if it has this key.
    fn one(&mut self, key: i64) -> Result<Option<T>, E> {
        if self.key() == Some(key) { self.any() } else { Ok(None) }
    }

    /// All rows of a key.
    fn all(&mut self, key: i64) -> Result<Vec<T>, E> {
        let mut all = vec![];
        while let Some(row) = self.one(key)? {
            all.push(row);
        }
        Ok(all)
    }

    /// The next row, whatever its key.
    pub(crate) fn any(&mut self) -> Result<Option<T>, E> {
        let next = self.rows.next().transpose()?;
        Ok(std::mem::replace(&mut self.head, next).map(|(_, row)| row))
    }
}

/// The next key of several streams.
fn least<const STREAMS: usize>(keys: [Option<i64>; STREAMS]) -> Option<i64> {
    keys.into_iter().flatten().min()
}
