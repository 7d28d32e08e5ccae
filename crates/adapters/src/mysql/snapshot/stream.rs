//! Rows of several tables side by side, each in the order of one key, so that what is about one thing meets without
//! being held in memory. A connection reads one table after the other, so rows wait in a temporary file.

use std::cell::RefCell;
use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read as _, Seek as _, Write};

use mysql_async::Value;

use super::Reader;
use crate::mysql::failure::Result;
use crate::mysql::records::Cells;

/// Rows that say something that this program does not understand. They are passed over, and told in the end.
pub(super) type Unreadable = RefCell<Vec<String>>;

/// The rows of one statement, in the order of the key that stands in one of its columns.
pub(super) struct Stream<'s, T> {
    rows: BufReader<File>,
    left: usize,
    table: &'static str,
    key_column: usize,
    read: fn(&mut Cells) -> Result<T>,
    head: Option<(i64, T)>,
    unreadable: &'s Unreadable,
}

impl<'s, T> Stream<'s, T> {
    pub(super) fn new(
        reader: &mut Reader,
        select: &str,
        (table, key_column): (&'static str, usize),
        read: fn(&mut Cells) -> Result<T>,
        unreadable: &'s Unreadable,
    ) -> Result<Stream<'s, T>> {
        let mut file = BufWriter::new(tempfile::tempfile()?);
        let mut left = 0;
        reader.each(select, |row| {
            left += 1;
            Ok(write_row(&mut file, &row)?)
        })?;
        let mut file = file.into_inner().map_err(io::IntoInnerError::into_error)?;
        file.rewind()?;
        let rows = BufReader::new(file);
        let mut stream = Stream { rows, left, table, key_column, read, head: None, unreadable };
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
        while self.left > 0 {
            self.left -= 1;
            let row = read_row(&mut self.rows)?;
            let key = row.get(self.key_column).cloned();
            let key: i64 = Cells::of(key.into_iter().collect()).take()?;
            match (self.read)(&mut Cells::of(row)) {
                Ok(read) => {
                    self.head = Some((key, read));
                    return Ok(());
                }
                Err(failure) => self.unreadable.borrow_mut().push(format!("{} {key}: {}", self.table, failure.text())),
            }
        }
        Ok(())
    }
}

/// The next key of several streams.
pub(super) fn least<const STREAMS: usize>(keys: [Option<i64>; STREAMS]) -> Option<i64> {
    keys.into_iter().flatten().min()
}

/// A cell's length, then its bytes; NULL has the length that no cell can have.
const NULL: u32 = u32::MAX;

fn write_row(file: &mut impl Write, row: &[Value]) -> io::Result<()> {
    file.write_all(&length(row.len())?)?;
    for cell in row {
        match cell {
            Value::Bytes(bytes) => {
                file.write_all(&length(bytes.len())?)?;
                file.write_all(bytes)?;
            }
            Value::NULL => file.write_all(&NULL.to_le_bytes())?,
            Value::Int(_) | Value::UInt(_) | Value::Float(_) | Value::Double(_) | Value::Date(..) | Value::Time(..) => {
                return Err(io::Error::other("the server answers statements that are text with text"));
            }
        }
    }
    Ok(())
}

fn length(length: usize) -> io::Result<[u8; 4]> {
    u32::try_from(length).map(u32::to_le_bytes).map_err(io::Error::other)
}

fn read_row(file: &mut BufReader<File>) -> io::Result<Vec<Value>> {
    let count = read_length(file)?;
    let mut row = Vec::with_capacity(count as usize);
    for _cell in 0..count {
        let length = read_length(file)?;
        if length == NULL {
            row.push(Value::NULL);
            continue;
        }
        let mut bytes = vec![0; length as usize];
        file.read_exact(&mut bytes)?;
        row.push(Value::Bytes(bytes));
    }
    Ok(row)
}

fn read_length(file: &mut BufReader<File>) -> io::Result<u32> {
    let mut length = [0; 4];
    file.read_exact(&mut length)?;
    Ok(u32::from_le_bytes(length))
}
