//! The rows of a table as they come: a connection reads several statements at a time.

use rusqlite::{Result, Rows, Statement};

use crate::left_out::describe_as;
use crate::records::FromCells;
use crate::snapshot::{Source, Stream, Unreadable};
use crate::sqlite::cells::{cell_of, from_row};

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
        let key: Result<i64> = row.get(source.key_column);
        let name = key.as_ref().map_or_else(|_| source.table.to_owned(), |key| format!("{} {key}", source.table));
        match key.and_then(|key| Ok((key, from_row(row)?))) {
            Ok(read) => return Ok(Some(read)),
            Err(error) => {
                let (column, why) = cell_of(error)?;
                unreadable.borrow_mut().push(describe_as(&name, source.select, column, why));
            }
        }
    }
    Ok(None)
}
