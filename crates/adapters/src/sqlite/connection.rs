//! The names of the store's files, and the settings of every connection.

use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, Result};

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
