//! The names of the store's files, and the settings of every connection.

use std::fmt::Write as _;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags, Result};

use crate::sqlite::OpenError;

/// The store's file in its data folder.
pub const DATABASE_FILE: &str = "shop.db";
/// The write-ahead log: commits that are not copied into the file yet, and so a part of the store.
pub(super) const LOG_FILE: &str = "shop.db-wal";
/// Every statement of the program stays prepared.
const STATEMENTS_MAX: usize = 256;
/// How long a reader may wait for a checkpoint, and the writer for an operator's `sqlite3` shell.
pub(super) const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// Applies the settings that the writer and the readers share.
pub(super) fn prepare(connection: &Connection, cache_mib: u32) -> Result<()> {
    connection.set_prepared_statement_cache_capacity(STATEMENTS_MAX);
    connection.busy_timeout(BUSY_TIMEOUT)?;
    // One plan per statement: otherwise SQLite plans some of them again for every bound value.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.pragma_update(None, "cache_size", -1_024 * i64::from(cache_mib))?;
    connection.pragma_update(None, "temp_store", "memory")?;
    // The audit compares the tables; the engine writes no broken reference.
    connection.pragma_update(None, "foreign_keys", false)
}

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
