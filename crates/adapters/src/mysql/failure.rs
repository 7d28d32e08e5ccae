//! Classifies the server's errors by their effect on a transaction.

use std::fmt;

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
    /// No connection was made, because TLS is not set up alike on both sides: only other settings help.
    Untrusted(String),
    /// The server does not let this user in, or the user may not run the statement: only other settings or rights help.
    Denied(String),
    /// The server takes no writes, as a replica.
    ReadOnly(String),
    /// The server refused for another reason.
    Refused(String),
    /// A row holds a value that this program does not understand.
    Unreadable(Unreadable),
}

/// Why a row cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Unreadable {
    /// One of its cells, counted from 0. The reader of a cell knows neither the table nor the key.
    Cell { column: usize, why: String },
    /// The row with its cell, or the fault of a row as a whole.
    Row(String),
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Unreadable::Cell { column, why } => write!(f, "column {}: {why}", column + 1),
            Unreadable::Row(text) => f.write_str(text),
        }
    }
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
    pub(super) const DENIED: [u16; 15] = [
        1044, // the user may not use the database
        1045, // user or password
        1049, // unknown database
        1130, // the host may not connect
        1142, // the user may not do this with the table
        1143, // … with the column
        1227, // a privilege is missing
        1251, // the password's form is not supported
        1370, // the user may not run the routine
        1698, // the user has no password login
        1820, // the password must be changed first
        1862, // the password has expired
        3118, // the account is locked, on MySQL
        3159, // only encrypted connections
        4151, // the account is locked, on MariaDB
    ];
    pub(super) const READ_ONLY: [u16; 3] = [
        1290, // read_only or super_read_only; other options that it names prevent none of our statements
        1792, // transactions are read-only by default
        1836, // the server is in read-only mode
    ];
}

impl Failure {
    /// The fault of a row as a whole.
    pub(super) fn unreadable(why: impl Into<String>) -> Failure {
        Failure::Unreadable(Unreadable::Row(why.into()))
    }

    /// Names the row in the failure of one of its cells, by the statement that found it.
    pub(super) fn named(self, select: &str, key: Option<&str>) -> Failure {
        self.described(|column, why| describe(select, key, column, why))
    }

    /// The same for a row that has a name of its own.
    pub(super) fn named_as(self, select: &str, row: &str) -> Failure {
        self.described(|column, why| describe_as(row, select, column, why))
    }

    /// Describes the cell that cannot be read.
    fn described(self, text: impl FnOnce(usize, &str) -> String) -> Failure {
        match self {
            Failure::Unreadable(Unreadable::Cell { column, why }) => Failure::unreadable(text(column, &why)),
            Failure::Unreadable(Unreadable::Row(_))
            | Failure::Contended(_)
            | Failure::Constraint(_)
            | Failure::Lost(_)
            | Failure::Untrusted(_)
            | Failure::Denied(_)
            | Failure::ReadOnly(_)
            | Failure::Refused(_) => self,
        }
    }

    fn of_server(server: &mysql_async::ServerError) -> Failure {
        let text = format!("the database refused a statement: {} ({})", server.message, server.code);
        match server.code {
            code if number::CONTENDED.contains(&code) => Failure::Contended(text),
            code if number::CONSTRAINT.contains(&code) => Failure::Constraint(text),
            code if number::LOST.contains(&code) => Failure::Lost(text),
            code if number::DENIED.contains(&code) => Failure::Denied(text),
            code if number::READ_ONLY.contains(&code) => Failure::ReadOnly(text),
            _ => Failure::Refused(text),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Contended(text)
            | Failure::Constraint(text)
            | Failure::Lost(text)
            | Failure::Untrusted(text)
            | Failure::Denied(text)
            | Failure::ReadOnly(text)
            | Failure::Refused(text) => f.write_str(text),
            Failure::Unreadable(why) => why.fmt(f),
        }
    }
}

impl From<mysql_async::Error> for Failure {
    fn from(error: mysql_async::Error) -> Failure {
        Failure::from(&error)
    }
}

impl From<&mysql_async::Error> for Failure {
    fn from(error: &mysql_async::Error) -> Failure {
        match error {
            // The library's own text repeats that it is an I/O error and leaves out the cause.
            mysql_async::Error::Io(mysql_async::IoError::Io(io)) => unreachable(io),
            mysql_async::Error::Server(server) => Failure::of_server(server),
            mysql_async::Error::Driver(mysql_async::DriverError::NoClientSslFlagFromServer) => Failure::Untrusted(
                "the database offers no TLS; set it up there, or remove ssl-mode from DATABASE_URL".to_owned(),
            ),
            mysql_async::Error::Io(mysql_async::IoError::Tls(tls)) => Failure::Untrusted(format!(
                "the files of ssl-ca, ssl-cert and ssl-key in DATABASE_URL cannot be used: {tls}"
            )),
            mysql_async::Error::Driver(_) | mysql_async::Error::Other(_) | mysql_async::Error::Url(_) => {
                Failure::Lost(error.to_string())
            }
        }
    }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "other I/O errors keep the system's text")]
fn unreachable(error: &std::io::Error) -> Failure {
    use std::io::ErrorKind::{ConnectionRefused, TimedOut, UnexpectedEof};
    let why = match error.kind() {
        ConnectionRefused => "the connection was refused".to_owned(),
        TimedOut => "the connection timed out".to_owned(),
        UnexpectedEof => "the connection was closed".to_owned(),
        _ => {
            let text = error.to_string();
            if let Some(why) = tls::explained(&text, "ssl-ca of DATABASE_URL") {
                return Failure::Untrusted(format!("the database is unreachable: {why}"));
            }
            text.split(" (os error").next().unwrap_or_default().to_owned()
        }
    };
    Failure::Lost(format!("the database is unreachable: {why}"))
}

impl From<Failure> for StoreError {
    fn from(failure: Failure) -> StoreError {
        match failure {
            Failure::Unreadable(why) => StoreError::Unreadable(why.to_string()),
            Failure::Contended(text)
            | Failure::Constraint(text)
            | Failure::Lost(text)
            | Failure::Untrusted(text)
            | Failure::Denied(text)
            | Failure::ReadOnly(text)
            | Failure::Refused(text) => StoreError::Failed(text),
        }
    }
}

#[cfg(test)]
mod tests {
    use mysql_async::ServerError;

    use super::*;

    fn of_code(code: u16) -> Failure {
        Failure::of_server(&ServerError { code, message: "no".to_owned(), state: "HY000".to_owned() })
    }

    #[test]
    fn what_a_person_must_change_is_told_from_what_passes() {
        for code in [1044, 1045, 1049, 1142] {
            assert!(matches!(of_code(code), Failure::Denied(_)), "{code}");
        }
        for code in [1290, 1792, 1836] {
            assert!(matches!(of_code(code), Failure::ReadOnly(_)), "{code}");
        }
        assert!(matches!(of_code(1053), Failure::Lost(_)) && matches!(of_code(1064), Failure::Refused(_)));
        let untrusted = std::io::Error::other("invalid peer certificate: UnknownIssuer");
        assert!(matches!(unreachable(&untrusted), Failure::Untrusted(_)));
        assert!(matches!(unreachable(&std::io::ErrorKind::ConnectionRefused.into()), Failure::Lost(_)));
    }

    #[test]
    fn a_cell_is_named_once_whatever_its_fault_says() {
        let cell = |column| Failure::Unreadable(Unreadable::Cell { column, why: "column 9: it is \"no\"".to_owned() });
        let named = cell(1).named("SELECT a, b FROM goods", Some("7"));
        assert_eq!(named, Failure::unreadable("goods 7, b: column 9: it is \"no\""));
        assert_eq!(named.clone().named("SELECT c FROM other", None), named, "the row is known already");
        let whole = Failure::unreadable("column 3: of the shard");
        assert_eq!(whole.clone().named("SELECT a FROM goods", None), whole, "no text is taken for a cell");
        assert_eq!(cell(0).to_string(), "column 1: column 9: it is \"no\"");
    }
}
