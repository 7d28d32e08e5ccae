//! Lines on stdout and stderr.

use std::io::{self, Write as _};
use std::process::ExitCode;

use crate::commands::error::Error;

/// Prints a result to stdout. A reader that has closed the pipe is not a failure.
pub(in crate::commands) fn print(text: &str) -> Result<ExitCode, Error> {
    match writeln!(io::stdout(), "{text}") {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error.into()),
        Ok(()) | Err(_) => Ok(ExitCode::SUCCESS),
    }
}

/// Prints a line to stderr. A closed terminal is not a failure.
pub(in crate::commands) fn note(line: &str) {
    let _closed = writeln!(io::stderr(), "{line}");
}
