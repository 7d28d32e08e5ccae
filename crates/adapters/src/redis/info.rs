//! Answers of INFO.

/// Returns a field of an answer; an empty text if there is none.
pub(super) fn field<'a>(info: &'a str, name: &str) -> &'a str {
    info.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).unwrap_or("").trim()
}
