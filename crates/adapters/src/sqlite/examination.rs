//! Reads the newest event of a data folder for `doorbuster doctor`.

use std::path::Path;

use app::ports::StoreError;
use domain::time::Timestamp;
use rusqlite::{Connection, OpenFlags, OptionalExtension as _};

use super::connection::{BUSY_TIMEOUT, DATABASE_FILE};

/// Facts about a store and the library that reads it.
pub struct Examined {
    pub version: &'static str,
    /// When the newest event happened.
    pub newest_event: Option<Timestamp>,
}

/// Reads a folder without changing it. A folder without a shop has no event.
pub fn examine(folder: &Path) -> Result<Examined, StoreError> {
    let database = folder.join(DATABASE_FILE);
    let newest_event =
        if database.is_file() { newest(&database).map_err(|error| StoreError(error.to_string()))? } else { None };
    Ok(Examined { version: rusqlite::version(), newest_event })
}

fn newest(database: &Path) -> rusqlite::Result<Option<Timestamp>> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(database, flags)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    if !connection.table_exists(None, "event_row")? {
        return Ok(None);
    }
    let newest = "SELECT occurred_at FROM event_row ORDER BY position DESC LIMIT 1";
    Ok(connection.query_row(newest, [], |row| row.get(0)).optional()?.map(Timestamp::from_micros))
}
