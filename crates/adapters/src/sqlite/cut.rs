//! Detects a database file that ends before its last page. SQLite itself does not while there is a log, and reads zeros then.

use std::path::Path;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use super::connection::{BUSY_TIMEOUT, DATABASE_FILE, LOG_FILE};
use super::log_scan;
use crate::sqlite::OpenError;

/// Checks the file of a folder, before anything in it is changed.
pub(super) fn check(folder: &Path) -> Result<(), OpenError> {
    let database = folder.join(DATABASE_FILE);
    if std::fs::metadata(&database).map_or(0, |file| file.len()) == 0 {
        return Ok(());
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(database, flags)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.execute_batch("BEGIN")?;
    check_reader(&connection, folder)
}

/// The same for a connection within a transaction. Pages that are not in the file yet must be in the log.
pub(super) fn check_reader(connection: &Connection, folder: &Path) -> Result<(), OpenError> {
    let broken = |error| OpenError::Folder(folder.to_owned(), error);
    let number = |pragma: &str| connection.pragma_query_value(None, pragma, |row| row.get::<_, u32>(0)).map(u64::from);
    let (page_bytes, pages) = (number("page_size")?, number("page_count")?);
    let bytes = std::fs::metadata(folder.join(DATABASE_FILE)).map_err(broken)?.len();
    let in_file = bytes / page_bytes.max(1);
    if in_file >= pages {
        return Ok(());
    }
    let in_log = log_scan::pages(&folder.join(LOG_FILE)).map_err(broken)?;
    match (in_file + 1..=pages).filter(|page| !in_log.contains(page)).count() {
        0 => Ok(()),
        missing => Err(OpenError::Cut { folder: folder.to_owned(), database: DATABASE_FILE, bytes, missing }),
    }
}
