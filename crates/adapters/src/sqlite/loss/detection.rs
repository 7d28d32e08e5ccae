//! Compares a store with its mark, and records what was found.

use std::path::Path;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, OptionalExtension as _};

use super::{Found, Loss};
use crate::sqlite::OpenError;
use crate::sqlite::commit_mark::{self, Mark, shop_of};
use crate::sqlite::connection::{BUSY_TIMEOUT, DATABASE_FILE, LOG_FILE};
use crate::sqlite::log_scan;

/// Returns what a folder has lost, before anything in it is changed. A folder without a mark has lost nothing that is
/// known.
pub(in crate::sqlite) fn of_folder(folder: &Path) -> Result<Option<Loss>, OpenError> {
    let broken = |error| OpenError::Folder(folder.to_owned(), error);
    let Some(marked) = commit_mark::read(folder).map_err(broken)? else { return Ok(None) };
    let database = folder.join(DATABASE_FILE);
    let found = if std::fs::metadata(&database).map_or(0, |file| file.len()) == 0 {
        Some(Found::Nothing)
    } else {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(database, flags)?;
        // The folder is left as it is.
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
        connection.busy_timeout(BUSY_TIMEOUT)?;
        compare(&connection, marked)?
    };
    let Some(found) = found else { return Ok(None) };
    let log = log_scan::scan(&folder.join(LOG_FILE)).map_err(broken)?;
    Ok(Some(Loss { folder: folder.to_owned(), marked, found, log }))
}

/// The same for a store that is open for reading. The mark was read before the connection's snapshot.
pub(in crate::sqlite) fn of_reader(
    connection: &Connection,
    folder: &Path,
    marked: Option<Mark>,
) -> Result<Option<Loss>, OpenError> {
    let Some(marked) = marked else { return Ok(None) };
    let Some(found) = compare(connection, marked)? else { return Ok(None) };
    let log = log_scan::scan(&folder.join(LOG_FILE)).map_err(|error| OpenError::Folder(folder.to_owned(), error))?;
    Ok(Some(Loss { folder: folder.to_owned(), marked, found, log }))
}

/// Returns what is found instead of the marked commit, if that is missing.
fn compare(connection: &Connection, marked: Mark) -> rusqlite::Result<Option<Found>> {
    if !connection.table_exists(None, "meta")? || !connection.table_exists(None, "engine_commit")? {
        return Ok(Some(Found::Nothing));
    }
    let value = "SELECT value FROM meta WHERE name = ?1";
    let key: Option<[u8; 16]> = connection.query_row(value, ["codec_key"], |row| row.get(0)).optional()?;
    let Some(key) = key else { return Ok(Some(Found::Nothing)) };
    if shop_of(key) != marked.shop {
        return Ok(Some(Found::AnotherShop));
    }
    let opening: Option<i64> = connection.query_row(value, ["openings"], |row| row.get(0)).optional()?;
    let opening = opening.unwrap_or_default();
    if opening < i64::from(marked.engine) {
        return Ok(Some(Found::EarlierOpening(opening)));
    }
    let last = "SELECT coalesce(max(number), 0) FROM engine_commit WHERE engine = ?1";
    let last: i64 = connection.query_row(last, [marked.engine], |row| row.get(0))?;
    Ok((last < marked.commit).then_some(Found::Commit(last)))
}

/// Warns of commits in a damaged log that SQLite does not read, before they may be overwritten.
pub(in crate::sqlite) fn warn_of_log(folder: &Path) -> Result<(), OpenError> {
    let log = log_scan::scan(&folder.join(LOG_FILE)).map_err(|error| OpenError::Folder(folder.to_owned(), error))?;
    if log.frames_behind > 0 {
        tracing::warn!(
            byte = log.breaks_at,
            commits = log.commits_behind,
            pages = log.frames_behind,
            "The log is broken and has commits behind the break, which are not read. After a power cut these are commits \
             that were never answered."
        );
    }
    Ok(())
}

/// Records that the loss was accepted. No later opening gets the number of a lost one.
pub(in crate::sqlite) fn accept(writer: &Connection, loss: &Loss) -> rusqlite::Result<()> {
    tracing::warn!("Accepted: {loss}");
    writer.execute(
        "INSERT INTO maintenance (kind, law, what, happened_at)
         VALUES ('LOSS_ACCEPTED', 20, ?1, CAST(unixepoch('subsec') * 1000000 AS INTEGER))",
        [loss.to_string()],
    )?;
    let skip = "INSERT INTO meta (name, value) VALUES ('openings', ?1)
         ON CONFLICT DO UPDATE SET value = max(value, excluded.value)";
    writer.execute(skip, [loss.marked.engine]).map(|_| ())
}
