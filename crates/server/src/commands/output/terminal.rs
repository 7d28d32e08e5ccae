//! Lines on stdout and stderr.

use std::borrow::Cow;
use std::io::{self, Write as _};
use std::process::ExitCode;

use crate::commands::error::Error;

/// Prints a result to stdout. A reader that has closed the pipe is not a failure.
pub(in crate::commands) fn print(text: &str) -> Result<ExitCode, Error> {
    match writeln!(io::stdout(), "{}", harmless(text)) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error.into()),
        Ok(()) | Err(_) => Ok(ExitCode::SUCCESS),
    }
}

/// Prints a line to stderr. A closed terminal is not a failure.
pub(in crate::commands) fn note(line: &str) {
    let _closed = writeln!(io::stderr(), "{line}");
}

/// Escapes characters that control a terminal: the text may quote a customer, or a record of another program.
fn harmless(text: &str) -> Cow<'_, str> {
    let controls = |char: char| char.is_control() && !matches!(char, '\n' | '\t');
    if !text.contains(controls) {
        return Cow::Borrowed(text);
    }
    let escaped = |char: char| if controls(char) { char.escape_default().to_string() } else { char.to_string() };
    Cow::Owned(text.chars().map(escaped).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_is_printed_controls_the_terminal() {
        assert_eq!(harmless("a\tb\n한"), "a\tb\n한");
        assert_eq!(harmless("red \u{1b}[31m\r"), "red \\u{1b}[31m\\r");
    }
}
