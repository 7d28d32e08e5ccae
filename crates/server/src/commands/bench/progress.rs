//! Progress lines of a measurement.

use crate::commands::output::terminal::note;

/// Prints a line to stderr.
pub(super) fn progress(line: &str) {
    note(&format!("bench: {line}"));
}
