//! Failures of writing and restoring a backup.

use std::io;
use std::path::PathBuf;

use crate::sqlite::opening::OpenError;

#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    #[error(transparent)]
    Store(#[from] OpenError),
    #[error("SQLite failed: {0}")]
    Sqlite(#[from] rusqlite::Error),
    #[error("{0}: {1}")]
    File(PathBuf, io::Error),
    #[error("another process writes {0} at this moment")]
    Busy(PathBuf),
    #[error("{0} exists and is not a backup, so it is not replaced")]
    NotReplaced(PathBuf),
    #[error("{0} is not a backup of a shop: it has no checksum at its end, or was cut off")]
    NoBackup(PathBuf),
    #[error("{0} is damaged: its contents do not have the checksum at its end")]
    Damaged(PathBuf),
    #[error("the folder {folder} is not empty: it contains {found}")]
    NotEmpty { folder: PathBuf, found: String },
}
