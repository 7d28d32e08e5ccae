//! Failures of ways to services.

use std::io;

/// The reason why a way to a service does not work.
pub(super) enum Failure {
    /// Not available on this machine.
    Absent(&'static str),
    /// Available, but it failed.
    Broken(String),
}

impl From<String> for Failure {
    fn from(why: String) -> Failure {
        Failure::Broken(why)
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Failure {
        Failure::Broken(error.to_string())
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Failure::Absent(why) => f.write_str(why),
            Failure::Broken(why) => write!(f, "FAILED: {why}"),
        }
    }
}
