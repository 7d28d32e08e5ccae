//! Failures of opening a data folder.

use std::path::PathBuf;

use crate::sqlite::loss::Loss;

#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("SQLite {found} is too old: versions before 3.51.3 can lose committed data when the log is reset")]
    SqliteTooOld { found: &'static str },
    #[error(
        "the store in {folder} has schema version {found}, and this program knows versions up to {known}: use a newer program"
    )]
    SchemaTooNew { folder: PathBuf, found: i64, known: i64 },
    #[error("the store in {folder} has schema version {found}, and this program needs version {known}")]
    SchemaTooOld { folder: PathBuf, found: i64, known: i64 },
    #[error(
        "the folder of {0} is read-only, and the log beside it has commits that SQLite reads in a writable folder only"
    )]
    LogBesideReadOnly(PathBuf),
    #[error("the folder {0} contains no shop")]
    NoShop(PathBuf),
    #[error("the folder {0} has a part of a shop only: a move into it was interrupted")]
    HalfMoved(PathBuf),
    #[error("another process serves the folder {0}")]
    InUse(PathBuf),
    #[error(
        "{0}. Copy the whole folder away first, then put shop.db and shop.db-wal back as they were, or a backup; to go on with \
         what is left, give --accept-loss once"
    )]
    Lost(Box<Loss>),
    #[error(
        "the store in {folder} is cut off: {database} ends after {bytes} bytes, and {missing} of its pages are neither in it nor in the \
         log. Copy the whole folder away first, then put a backup in its place"
    )]
    Cut { folder: PathBuf, database: &'static str, bytes: u64, missing: usize },
    #[error("migrating the schema failed: {0}")]
    Migration(#[from] refinery::Error),
    #[error("opening the store failed: {0}")]
    Sqlite(#[from] rusqlite::Error),
    #[error("using the data folder {0} failed: {1}")]
    Folder(PathBuf, std::io::Error),
    #[error("the system provides no random bytes: {0}")]
    Random(getrandom::Error),
}
