//! Numbers in comments, such as `O-12` or `T14`: each is defined in `docs/requirements.md`.

use std::collections::BTreeSet;

/// Returns the numbers in the first column of the tables of a page. `M-01 … M-05` defines those between as well.
pub(super) fn defined(page: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for cell in page.lines().filter_map(|line| line.strip_prefix("| ")?.split('|').next()) {
        let ids: Vec<(&str, u32)> = words(cell).filter_map(parts).collect();
        match ids.as_slice() {
            [(letter, first), (_, last)] if cell.contains('…') => {
                found.extend((*first..=*last).map(|number| format!("{letter}{number:02}")));
            }
            ids => found.extend(ids.iter().map(|(letter, number)| format!("{letter}{number:02}"))),
        }
    }
    found
}

/// Returns the numbers that the comments of a source cite.
pub(super) fn cited(source: &str) -> impl Iterator<Item = String> {
    let comments = source.lines().map(str::trim_start).filter(|line| line.starts_with("//"));
    comments.flat_map(words).filter_map(parts).map(|(letter, number)| format!("{letter}{number:02}"))
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|char: char| !char.is_alphanumeric() && char != '-')
}

/// Parses an upper-case letter, a hyphen in some series, and one or two digits. The hyphen stays with the letter.
fn parts(word: &str) -> Option<(&str, u32)> {
    let digits = word.find(|char: char| char.is_ascii_digit())?;
    let (letter, number) = word.split_at(digits);
    let is_series = matches!(letter.as_bytes(), [b'A'..=b'Z'] | [b'A'..=b'Z', b'-']);
    (is_series && number.len() <= 2).then_some((letter, number.parse().ok()?))
}

#[test]
fn numbers_are_found() {
    let known = defined("| ID | Text |\n|---|---|\n| M-01 … M-03 | Topics. |\n| T7 | A trap (T8). |\n");
    assert_eq!(known, ["M-01", "M-02", "M-03", "T07"].map(str::to_owned).into());
    let found: Vec<String> = cited("/// Retried (M-02, T7).\nlet x = 3; // not C1\n// B2B, 2^53, H8: no.\n").collect();
    assert_eq!(found, ["M-02", "T07", "H08"]);
}
