//! Classifies the server's errors by their effect on a transaction.

use app::ports::StoreError;

use crate::left_out::{describe, describe_as};
use crate::tls;

/// Why a statement or message failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// Another transaction was in the way; this one is rolled back.
    Contended(String),
    Constraint(String),
    /// The connection is unusable, and its last statements may or may not have taken effect.
    Lost(String),
    /// The server refused for another reason.
    Refused(String),
    /// A row holds a value that this program does not understand.
    Unreadable(String),
}

pub(super) type Result<T> = std::result::Result<T, Failure>;

/// Error numbers of MySQL and MariaDB.
mod number {
    pub(super) const CONTENDED: [u16; 3] = [
        1205, // lock wait time-out
        1213, // deadlock
        1020, // record changed since it was read
    ];
    pub(super) const CONSTRAINT: [u16; 8] = [
        1048, // not null
        1062, // unique
        1264, // out of range
        1265, // truncated
        1366, // not of the type
        1406, // too long
        3819, // CHECK, on MySQL
        4025, // CHECK, on MariaDB
    ];
    pub(super) const LOST: [u16; 5] = [
        1053, // server shutdown
        1152, // connection aborted
        1317, // query interrupted
        1927, // connection killed
        4031, // idle time-out
    ];
}

impl Failure {
    /// Names the row in the failure of one of its cells, by the statement that found it.
    pub(super) fn named(self, select: &str, key: Option<&str>) -> Failure {
        match self.cell() {
            Some((column, why)) => Failure::Unreadable(describe(select, key, column, why)),
            None => self,
        }
    }

    /// The same for a row that has a name of its own.
    pub(super) fn named_as(self, select: &str, row: &str) -> Failure {
        match self.cell() {
            Some((column, why)) => Failure::Unreadable(describe_as(row, select, column, why)),
            None => self,
        }
    }

    /// Returns the column of the cell that cannot be read, and why.
    fn cell(&self) -> Option<(usize, &str)> {
        let Failure::Unreadable(text) = self else { return None };
        let (column, why) = text.strip_prefix("column ")?.split_once(": ")?;
        Some((column.parse::<usize>().ok()?.saturating_sub(1), why))
    }

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
            // The library's own text repeats that it is an I/O error and leaves out the cause.
            mysql_async::Error::Io(mysql_async::IoError::Io(io)) => unreachable_text(io),
            mysql_async::Error::Server(server) => {
                format!("the database refused a statement: {} ({})", server.message, server.code)
            }
            mysql_async::Error::Driver(mysql_async::DriverError::NoClientSslFlagFromServer) => {
                "the database offers no TLS; set it up there, or remove ssl-mode from DATABASE_URL".to_owned()
            }
            mysql_async::Error::Io(mysql_async::IoError::Tls(tls)) => {
                format!("the files of ssl-ca, ssl-cert and ssl-key in DATABASE_URL cannot be used: {tls}")
            }
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

#[expect(clippy::wildcard_enum_match_arm, reason = "other I/O errors keep the system's text")]
fn unreachable_text(error: &std::io::Error) -> String {
    use std::io::ErrorKind::{ConnectionRefused, TimedOut, UnexpectedEof};
    let why = match error.kind() {
        ConnectionRefused => "the connection was refused".to_owned(),
        TimedOut => "the connection timed out".to_owned(),
        UnexpectedEof => "the connection was closed".to_owned(),
        _ => {
            let text = error.to_string();
            let explained = tls::explained(&text, "ssl-ca of DATABASE_URL");
            explained.unwrap_or_else(|| text.split(" (os error").next().unwrap_or_default().to_owned())
        }
    };
    format!("the database is unreachable: {why}")
}

impl From<Failure> for StoreError {
    fn from(failure: Failure) -> StoreError {
        match failure {
            Failure::Unreadable(text) => StoreError::Unreadable(text),
            Failure::Contended(text) | Failure::Constraint(text) | Failure::Lost(text) | Failure::Refused(text) => {
                StoreError::Failed(text)
            }
        }
    }
}
