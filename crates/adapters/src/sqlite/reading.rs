//! Connections that only read.

use std::fmt::Write as _;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::connection::{BUSY_TIMEOUT, DATABASE_FILE};
use crate::sqlite::OpenError;

/// Opens the store of a folder for reading, as [`file_to_read`] does.
pub(super) fn to_read(folder: &Path) -> std::result::Result<Connection, OpenError> {
    file_to_read(&folder.join(DATABASE_FILE))
}

/// Opens a database for reading, also where nothing can be written. Closing the connection copies nothing from the log.
pub(super) fn file_to_read(database: &Path) -> std::result::Result<Connection, OpenError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(database, flags)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    // The first read opens the log, or creates it.
    match connection.pragma_query_value(None, "schema_version", |row| row.get::<_, i64>(0)) {
        Ok(_) => return Ok(connection),
        Err(error) if is_uncreatable(&error) => {}
        Err(error) => return Err(error.into()),
    }
    let mut log = database.as_os_str().to_owned();
    log.push("-wal");
    if std::fs::metadata(log).is_ok_and(|log| log.len() > 0) {
        return Err(OpenError::LogBesideReadOnly(database.to_owned()));
    }
    // It was closed, so the file is all of it, and nothing can change it here.
    Ok(Connection::open_with_flags(unchanging(database), flags | OpenFlags::SQLITE_OPEN_URI)?)
}

/// Returns true if SQLite could not create the files beside the database.
fn is_uncreatable(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::CannotOpen | ErrorCode::ReadOnly))
}

/// Returns the URI of a file that SQLite reads without a log.
fn unchanging(database: &Path) -> String {
    let mut uri = "file:".to_owned();
    for byte in database.as_os_str().as_bytes() {
        match byte {
            b'/' | b'.' | b'-' | b'_' | b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => uri.push(char::from(*byte)),
            _ => _ = write!(uri, "%{byte:02X}"),
        }
    }
    uri + "?immutable=1"
}
