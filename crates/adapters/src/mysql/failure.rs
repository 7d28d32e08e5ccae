//! What an error of the server means to a transaction.

use app::ports::StoreError;

/// Why something that was asked of the server did not come about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// Another transaction was in the way; this one is over.
    Contended(String),
    Constraint(String),
    /// The connection is of no use any more, and what it was last told may or may not have happened.
    Lost(String),
    /// The server refused for another reason.
    Refused(String),
    /// A row says something that this program does not understand.
    Unreadable(String),
}

pub(super) type Result<T> = std::result::Result<T, Failure>;

/// Error numbers of MySQL and MariaDB.
mod number {
    pub(super) const CONTENDED: [u16; 3] = [
        1205, // a lock was waited for too long
        1213, // a deadlock
        1020, // a record has changed since it was read
    ];
    pub(super) const CONSTRAINT: [u16; 8] = [
        1048, // not null
        1062, // unique
        1264, // out of range
        1265, // truncated
        1366, // not of the type
        1406, // too long
        3819, // CHECK, as MySQL says it
        4025, // CHECK, as MariaDB says it
    ];
    pub(super) const LOST: [u16; 5] = [
        1053, // the server stops
        1152, // the connection was aborted
        1317, // the query was interrupted
        1927, // the connection was killed
        4031, // the connection lay idle for too long
    ];
}

impl Failure {
    pub(super) fn text(&self) -> &str {
        let (Failure::Contended(text)
        | Failure::Constraint(text)
        | Failure::Lost(text)
        | Failure::Refused(text)
        | Failure::Unreadable(text)) = self;
        text
    }
}

impl From<mysql_async::Error> for Failure {
    fn from(error: mysql_async::Error) -> Failure {
        let text = match &error {
            // The library's own text says twice that it is about input and output, and not what is wrong.
            mysql_async::Error::Io(mysql_async::IoError::Io(io)) => unreachable_text(io),
            mysql_async::Error::Server(server) => format!("the database refuses: {} ({})", server.message, server.code),
            mysql_async::Error::Driver(_) | mysql_async::Error::Other(_) | mysql_async::Error::Url(_) => {
                error.to_string()
            }
        };
        match &error {
            mysql_async::Error::Server(server) if number::CONTENDED.contains(&server.code) => Failure::Contended(text),
            mysql_async::Error::Server(server) if number::CONSTRAINT.contains(&server.code) => {
                Failure::Constraint(text)
            }
            mysql_async::Error::Server(server) if number::LOST.contains(&server.code) => Failure::Lost(text),
            mysql_async::Error::Server(_) => Failure::Refused(text),
            mysql_async::Error::Driver(_)
            | mysql_async::Error::Io(_)
            | mysql_async::Error::Other(_)
            | mysql_async::Error::Url(_) => Failure::Lost(text),
        }
    }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "the system has more words than are worth one of ours")]
fn unreachable_text(error: &std::io::Error) -> String {
    use std::io::ErrorKind::{ConnectionRefused, TimedOut, UnexpectedEof};
    let why = match error.kind() {
        ConnectionRefused => "nobody listens there".to_owned(),
        TimedOut => "there was no answer in time".to_owned(),
        UnexpectedEof => "the connection was closed".to_owned(),
        _ => error.to_string().split(" (os error").next().unwrap_or_default().to_owned(),
    };
    format!("the database is not reached: {why}")
}

impl From<Failure> for StoreError {
    fn from(failure: Failure) -> StoreError {
        StoreError(failure.text().to_owned())
    }
}
