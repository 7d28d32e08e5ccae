//! The rows of a table as they come: a connection reads several statements at a time.

use rusqlite::{Result, Rows, Statement};

use crate::records::FromCells;
use crate::snapshot::{Source, Stream, Unreadable};
use crate::sqlite::cells::from_row;

pub(super) fn stream<'s, T: FromCells + 's>(
    statement: &'s mut Statement<'_>,
    source: Source,
    unreadable: &'s Unreadable,
) -> Result<Stream<'s, T, rusqlite::Error>> {
    let mut rows = statement.query([])?;
    Stream::new(std::iter::from_fn(move || next(&mut rows, source, unreadable).transpose()))
}

fn next<T: FromCells>(rows: &mut Rows<'_>, source: Source, unreadable: &Unreadable) -> Result<Option<(i64, T)>> {
    while let Some(row) = rows.next()? {
        let key = row.get(source.key_column)?;
        match from_row(row) {
            Ok(read) => return Ok(Some((key, read))),
            Err(error) => unreadable.borrow_mut().push(format!("{} {key}: {error}", source.table)),
        }
    }
    Ok(None)
}
