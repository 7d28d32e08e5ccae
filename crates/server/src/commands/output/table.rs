//! Tables and counts in the output of commands.

/// Aligns cells in columns; the last cell of a row may have any length.
pub(in crate::commands) fn aligned(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        let cells = rows.iter().filter(|row| column + 1 < row.len()).map(|row| row[column].chars().count());
        cells.max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let line = |row: &Vec<String>| {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    rows.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// Returns a count with its noun: `1 attempt`, `2 attempts`.
pub(in crate::commands) fn counted(count: impl std::fmt::Display, one: &str) -> String {
    let count = count.to_string();
    let (ending, one) = match one.strip_suffix('y') {
        _ if count == "1" => ("", one),
        Some(stem) => ("ies", stem),
        None => ("s", one),
    };
    format!("{count} {one}{ending}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_aligned_for_any_length() {
        let row = |cells: [&str; 3]| cells.map(str::to_owned).to_vec();
        let rows = [row(["1", "PERMANENT", "all of it"]), row(["1000", "a-group-with-a-long-name", "x"])];
        assert_eq!(aligned(&rows), "1     PERMANENT                 all of it\n1000  a-group-with-a-long-name  x");
        assert_eq!(aligned(&[]), "");
    }

    #[test]
    fn only_one_is_singular() {
        assert_eq!((counted(1, "attempt"), counted(2, "attempt")), ("1 attempt".to_owned(), "2 attempts".to_owned()));
        assert_eq!((counted(0, "entry"), counted(1, "entry")), ("0 entries".to_owned(), "1 entry".to_owned()));
    }
}
