//! A backup: one file with the store at one moment and the small files beside it.
//!
//! The file is an SQLite database: the store's own pages, a table with the other files, and behind the last page a
//! checksum of everything (`docs/decisions/0079`). It is written under another name, synced and renamed, so there is
//! never half a backup under the final name. The source is only read, in one read transaction.

mod checksum;
mod error;
mod restoring;

use std::ffi::OsString;
use std::fs::{self, File, TryLockError};
use std::io;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use rusqlite::Connection;
use rusqlite::backup::{Backup, StepResult};

use super::reading::file_to_read;
use super::snapshot::SqliteSnapshot;
use crate::file_lock::FileLock;
pub use error::BackupError;
pub use restoring::{Restoring, is_restoring};

/// Pages copied between two reports of progress.
const PAGES_AT_ONCE: i32 = 2_000;
/// The largest piece of a file in one row.
const PIECE_BYTES: usize = 8 << 20;

/// A file that belongs to the shop beside its store.
#[derive(Clone, Copy, Debug)]
pub enum Beside {
    /// Copied byte by byte.
    File(&'static str),
    /// Another SQLite database, which may be written to meanwhile.
    Database(&'static str),
}

impl Beside {
    const fn name(self) -> &'static str {
        match self {
            Beside::File(name) | Beside::Database(name) => name,
        }
    }
}

/// A written backup.
#[derive(Clone, Debug)]
pub struct Written {
    pub bytes: u64,
    /// SHA-256 of everything before the checksum, in hexadecimal digits.
    pub sha256: String,
    /// The files beside the store that are in it.
    pub files: Vec<&'static str>,
}

/// Reports how many pages are copied, of how many.
pub(crate) type Report<'a> = &'a mut dyn FnMut(u64, u64);

/// Writes a backup of a data folder, also beside the process that serves it.
pub fn back_up(folder: &Path, to: &Path, beside: &[Beside], report: Report<'_>) -> Result<Written, BackupError> {
    if to.exists() && checksum::claimed(to).map_err(|error| BackupError::File(to.to_owned(), error))?.is_none() {
        return Err(BackupError::NotReplaced(to.to_owned()));
    }
    let aside = with_suffix(to, ".partial");
    let _lock = lock(&aside)?;
    let done = write(folder, &aside, beside, report).and_then(|written| {
        let of_file = |error| BackupError::File(to.to_owned(), error);
        fs::rename(&aside, to).map_err(of_file)?;
        sync_folder_of(to).map_err(of_file)?;
        Ok(written)
    });
    if done.is_err() {
        // The error matters; a leftover is overwritten by the next backup.
        let _ = fs::remove_file(&aside);
    }
    remove_leftovers(&aside);
    done
}

fn write(folder: &Path, aside: &Path, beside: &[Beside], report: Report<'_>) -> Result<Written, BackupError> {
    let of_file = |error| BackupError::File(aside.to_owned(), error);
    let mut files = vec![];
    {
        let snapshot = SqliteSnapshot::open(folder)?;
        let mut copy = copy_database(snapshot.connection(), aside, report)?;
        // Read after the store's moment: the provider knows at least what the store knows of it.
        drop(snapshot);
        let transaction = copy.transaction()?;
        transaction.execute_batch(
            "CREATE TABLE backup_file (name TEXT NOT NULL, piece INTEGER NOT NULL, content BLOB NOT NULL,
                                       PRIMARY KEY (name, piece)) STRICT",
        )?;
        for file in beside {
            if let Some(bytes) = read_beside(folder, *file, aside)? {
                let mut insert = transaction.prepare_cached("INSERT INTO backup_file VALUES (?1, ?2, ?3)")?;
                for (piece, content) in bytes.chunks(PIECE_BYTES).enumerate() {
                    insert.execute((file.name(), piece as i64, content))?;
                }
                files.push(file.name());
            }
        }
        transaction.commit()?;
    }
    let (bytes, sha256) = checksum::append(aside).map_err(of_file)?;
    Ok(Written { bytes, sha256, files })
}

/// Copies a database page by page. The source's read transaction, if it has one, is the moment of the copy.
fn copy_database(source: &Connection, to: &Path, report: Report<'_>) -> Result<Connection, BackupError> {
    let mut copy = Connection::open(to)?;
    // The whole file is synced at the end.
    copy.pragma_update(None, "synchronous", "off")?;
    let backup = Backup::new(source, &mut copy)?;
    loop {
        let step = backup.step(PAGES_AT_ONCE)?;
        let progress = backup.progress();
        let (all, rest) = (u64::try_from(progress.pagecount), u64::try_from(progress.remaining));
        let all = all.unwrap_or_default();
        report(all.saturating_sub(rest.unwrap_or_default()), all);
        if step == StepResult::Done {
            break;
        }
        if matches!(step, StepResult::Busy | StepResult::Locked) {
            std::thread::yield_now();
        }
    }
    drop(backup);
    // A file without a log: a backup is one file.
    copy.pragma_update(None, "journal_mode", "delete")?;
    copy.pragma_update(None, "journal_mode", "memory")?;
    Ok(copy)
}

fn read_beside(folder: &Path, file: Beside, aside: &Path) -> Result<Option<Vec<u8>>, BackupError> {
    let path = folder.join(file.name());
    let of_file = |error| BackupError::File(path.clone(), error);
    if fs::metadata(&path).map_or(0, |file| file.len()) == 0 {
        return Ok(None);
    }
    match file {
        Beside::File(_) => fs::read(&path).map(Some).map_err(of_file),
        Beside::Database(_) => {
            let copied = with_suffix(aside, "-beside");
            create(&copied).map_err(of_file)?;
            let source = file_to_read(&path)?;
            // Fixes the moment, so that a writer does not make the copy begin again.
            source.execute_batch("BEGIN; SELECT count(*) FROM sqlite_schema")?;
            drop(copy_database(&source, &copied, &mut |_, _| {})?);
            let bytes = fs::read(&copied).map_err(of_file)?;
            fs::remove_file(&copied).map_err(of_file)?;
            Ok(Some(bytes))
        }
    }
}

/// Opens the name aside for this process alone, and empties it.
fn lock(aside: &Path) -> Result<FileLock, BackupError> {
    let of_file = |error| BackupError::File(aside.to_owned(), error);
    loop {
        let lock = FileLock::take(aside).map_err(|error| match error {
            TryLockError::WouldBlock => BackupError::Busy(aside.to_owned()),
            TryLockError::Error(error) => of_file(error),
        })?;
        let opened = lock.file().metadata().map_err(of_file)?;
        // The process before this one may have just renamed the file.
        if fs::metadata(aside).is_ok_and(|named| (named.dev(), named.ino()) == (opened.dev(), opened.ino())) {
            lock.file().set_len(0).map_err(of_file)?;
            remove_leftovers(aside);
            return Ok(lock);
        }
    }
}

/// Removes files that SQLite, or a killed backup, may have left beside the name.
fn remove_leftovers(aside: &Path) {
    for suffix in ["-wal", "-shm", "-journal", "-beside", "-beside-wal", "-beside-shm", "-beside-journal"] {
        // Most of them never exist.
        let _ = fs::remove_file(with_suffix(aside, suffix));
    }
}

fn create(path: &Path) -> io::Result<()> {
    File::options().create(true).truncate(true).write(true).mode(0o600).open(path).map(drop)
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path.as_os_str());
    name.push(suffix);
    PathBuf::from(name)
}

fn sync_folder_of(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder)?.sync_all()
}

/// Opens a backup as an audit reads it, after its checksum was compared.
pub fn open_backup(file: &Path) -> Result<SqliteSnapshot, BackupError> {
    let mut opened = File::open(file).map_err(|error| BackupError::File(file.to_owned(), error))?;
    checksum::compare(&mut opened, file, &mut io::sink())?;
    Ok(SqliteSnapshot::of_backup(file)?)
}

#[cfg(test)]
mod tests;
