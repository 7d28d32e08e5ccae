//! Rows that a read leaves out because they cannot be read. The readers of a process share them, and its engine tells
//! operators.

use std::collections::BTreeSet;
use std::fmt::Display;

use parking_lot::Mutex;

/// The most rows that are remembered as told.
const KNOWN_MAX: usize = 4_096;

/// The rows that a statement found: those that could be read, and why the others could not.
#[derive(Debug)]
pub(crate) struct Found<T> {
    pub(crate) rows: Vec<T>,
    pub(crate) unreadable: Vec<String>,
}

impl<T> Default for Found<T> {
    fn default() -> Found<T> {
        Found { rows: vec![], unreadable: vec![] }
    }
}

/// The limits of a page.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// The most rows of the page.
    pub(crate) wanted: usize,
    /// The most rows that the statement returned.
    pub(crate) asked: usize,
}

impl Limits {
    pub(crate) const fn of(wanted: usize) -> Limits {
        Limits { wanted, asked: wanted }
    }

    /// Returns the limit of the statement.
    pub(crate) fn sql(self) -> i64 {
        i64::try_from(self.asked).unwrap_or(i64::MAX)
    }
}

impl<T> Found<T> {
    /// Returns the page that was read. `Err`: unreadable rows took the places of others; the statement must run again with
    /// these larger limits, because a page that is too short would be taken for the last one.
    pub(crate) fn page(mut self, limits: Limits, left_out: &LeftOut) -> Result<Vec<T>, Limits> {
        let Limits { wanted, asked } = limits;
        let read = self.rows.len() + self.unreadable.len();
        let is_short = !self.unreadable.is_empty() && self.rows.len() < wanted;
        if is_short && read >= asked {
            return Err(Limits { wanted, asked: asked.saturating_mul(2) });
        }
        left_out.note(self.unreadable);
        self.rows.truncate(wanted);
        Ok(self.rows)
    }
}

/// The unreadable rows that readers of this process have left out.
#[derive(Debug, Default)]
pub(crate) struct LeftOut(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    all: BTreeSet<String>,
    news: Vec<String>,
}

impl LeftOut {
    /// Reads a page. `read` gets the limit of its statement, and runs again while unreadable rows make the page too short.
    pub(crate) fn page<T, E>(&self, wanted: usize, read: impl Fn(i64) -> Result<Found<T>, E>) -> Result<Vec<T>, E> {
        let mut limits = Limits::of(wanted);
        loop {
            match read(limits.sql())?.page(limits, self) {
                Ok(page) => return Ok(page),
                Err(more) => limits = more,
            }
        }
    }

    /// Remembers rows; each is news once.
    pub(crate) fn note(&self, unreadable: Vec<String>) {
        if unreadable.is_empty() {
            return;
        }
        let mut known = self.0.lock();
        for what in unreadable {
            if known.all.len() < KNOWN_MAX && known.all.insert(what.clone()) {
                known.news.push(what);
            }
        }
    }

    /// Returns the rows that were found since the last call.
    pub(crate) fn take_news(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().news)
    }
}

/// Describes an unreadable row by its table, its key, and the column, all as far as the statement shows them.
pub(crate) fn describe(select: &str, key: Option<&str>, column: usize, why: impl Display) -> String {
    let table = parts_of(select).0.unwrap_or_else(|| "a row".to_owned());
    let row = key.map_or_else(|| table.clone(), |key| format!("{table} {key}"));
    describe_as(&row, select, column, why)
}

/// Describes an unreadable row that has a name of its own.
pub(crate) fn describe_as(row: &str, select: &str, column: usize, why: impl Display) -> String {
    let column =
        parts_of(select).1.get(column).cloned().unwrap_or_else(|| format!("column {}", column.saturating_add(1)));
    format!("{row}, {column}: {why}")
}

/// Returns the table and the columns of a SELECT.
fn parts_of(select: &str) -> (Option<String>, Vec<String>) {
    let (mut flat, mut depth) = (String::new(), 0_usize);
    for letter in select.chars() {
        match letter {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ if depth == 0 => flat.push(letter),
            _ => {}
        }
    }
    let words: Vec<&str> = flat.split_whitespace().collect();
    let Some(from) = words.iter().position(|word| *word == "FROM") else { return (None, vec![]) };
    let first = words.get(..from).unwrap_or_default().iter().rposition(|word| *word == "SELECT").map_or(0, |at| at + 1);
    let columns = words.get(first..from).unwrap_or_default().join(" ");
    let columns = columns.split(',').map(|column| column.trim().to_owned()).collect();
    (words.get(from + 1).map(|table| (*table).to_owned()), columns)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_described_by_its_statement() {
        let described = |select, column| describe(select, Some("7"), column, "no");
        assert_eq!(described("SELECT a, b FROM goods WHERE a = 1", 1), "goods 7, b: no");
        let nested =
            "WITH RECURSIVE chain (link) AS (SELECT x FROM y) SELECT a, (SELECT c FROM d) AS b\n FROM goods JOIN chain";
        assert_eq!(described(nested, 1), "goods 7, AS b: no");
        assert_eq!(described("DELETE", 4), "a row 7, column 5: no");
    }

    #[test]
    fn a_page_that_unreadable_rows_shorten_is_read_again() {
        let left_out = LeftOut::default();
        let found = |rows: usize, unreadable: usize| Found {
            rows: (0..rows).collect(),
            unreadable: (0..unreadable).map(|row| format!("row {row}")).collect(),
        };
        let limits = Limits::of(3);
        assert_eq!(found(3, 0).page(limits, &left_out).unwrap(), [0, 1, 2]);
        let again = found(2, 1).page(limits, &left_out).unwrap_err();
        assert_eq!(again.asked, 6);
        assert_eq!(found(5, 1).page(again, &left_out).unwrap(), [0, 1, 2]);
        assert_eq!(found(1, 1).page(again, &left_out).unwrap(), [0], "there are no more rows");
        assert_eq!(left_out.take_news(), ["row 0"], "each row is told once");
        assert!(left_out.take_news().is_empty());
    }
}
