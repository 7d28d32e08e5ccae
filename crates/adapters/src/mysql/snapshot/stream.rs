//! The rows of a table. A connection reads one table after the other, so rows wait in a temporary file.

use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read as _, Seek as _, Write};

use mysql_async::Value;

use super::reader::Reader;
use crate::mysql::cells::from_row;
use crate::mysql::failure::{Failure, Result};
use crate::records::FromCells;
use crate::snapshot::{Source, Stream, Unreadable};

pub(super) fn stream<'s, T: FromCells + 's>(
    reader: &mut Reader,
    source: Source,
    unreadable: &'s Unreadable,
) -> Result<Stream<'s, T, Failure>> {
    let mut file = BufWriter::new(tempfile::tempfile()?);
    let mut left = 0;
    reader.each(source.select, |row| {
        left += 1;
        Ok(write_row(&mut file, &row)?)
    })?;
    let mut file = file.into_inner().map_err(io::IntoInnerError::into_error)?;
    file.rewind()?;
    let mut rows = Waiting { file: BufReader::new(file), left };
    Stream::new(std::iter::from_fn(move || rows.next(source, unreadable).transpose()))
}

/// Rows in a temporary file.
struct Waiting {
    file: BufReader<File>,
    left: usize,
}

impl Waiting {
    fn next<T: FromCells>(&mut self, source: Source, unreadable: &Unreadable) -> Result<Option<(i64, T)>> {
        while self.left > 0 {
            self.left -= 1;
            let row = read_row(&mut self.file)?;
            let key = row.get(source.key_column).cloned();
            let key: Result<i64> = from_row(key.into_iter().collect());
            let name = key.as_ref().map_or_else(|_| source.table.to_owned(), |key| format!("{} {key}", source.table));
            match key.and_then(|key| Ok((key, from_row(row)?))) {
                Ok(read) => return Ok(Some(read)),
                Err(failure) => unreadable.borrow_mut().push(failure.named_as(source.select, &name).to_string()),
            }
        }
        Ok(None)
    }
}

/// The length that stands for NULL; other cells are their length and then their bytes.
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
                return Err(io::Error::other("the server returned a value that is not text"));
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
