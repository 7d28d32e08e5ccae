//! Moves a whole shop between a data folder and a database, while no process serves it.
//!
//! The source is only read. The destination has a table `moving` from its first to its last row: it counts the rows of
//! each relation in the transaction that writes them, so a move that was killed goes on where it was, and no shop is
//! served from half of its rows. Relations are taken from the schemas themselves; what differs between the stores is
//! translated here (`docs/decisions/0080`).

mod offsets;
mod relations;
mod rows;
mod to_database;
mod to_folder;

use std::path::PathBuf;

use rusqlite::types::Value;

pub use to_database::{finish_database, to_database};
pub use to_folder::{finish_folder, to_folder};

/// Rows of one transaction.
const ROWS_AT_ONCE: usize = 4_000;

/// A row, in the order of its relation's columns.
type Row = Vec<Value>;

/// The result of a move: its rows and heads.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Moved {
    /// The rows of each relation, which both stores have.
    pub relations: Vec<(String, u64)>,
    /// The number of events of each shard; the hashes at these heads are equal.
    pub heads: Vec<i64>,
    /// True if an interrupted move was continued.
    pub resumed: bool,
}

impl Moved {
    pub fn rows(&self) -> u64 {
        self.relations.iter().map(|(_, rows)| rows).sum()
    }
}

/// Reports how many rows are copied, of how many.
pub type Report<'a> = &'a mut (dyn FnMut(u64, u64) + Send);

#[derive(Debug, thiserror::Error)]
pub enum MoveError {
    #[error(transparent)]
    Embedded(#[from] crate::sqlite::OpenError),
    #[error(transparent)]
    Mysql(#[from] crate::mysql::OpenError),
    #[error("SQLite failed: {0}")]
    Sqlite(#[from] rusqlite::Error),
    #[error("using {0} failed: {1}")]
    File(PathBuf, std::io::Error),
    #[error("the database is not empty: it has {0} tables and no move was begun there")]
    DatabaseNotEmpty(i64),
    #[error("the folder {folder} is not empty: it contains {found}")]
    FolderNotEmpty { folder: PathBuf, found: String },
    #[error("the source has changed since the interrupted move began")]
    SourceChanged,
    #[error("{0} other connections use the database: a shop is moved while no process serves it")]
    InUse(i64),
    #[error("events of the shop are in an archive, and the places of the others cannot be moved without them")]
    Archived,
    #[error("neither of {group} and {other} has handled every event that the other has")]
    Lagging { group: String, other: String },
    #[error("the stores have no common form of {0}")]
    Unlike(String),
    #[error("after the move {relation} has {found} rows instead of {expected}")]
    Count { relation: String, expected: u64, found: u64 },
    #[error("after the move the chain of events ends elsewhere than before")]
    Heads,
}

impl From<mysql_async::Error> for MoveError {
    fn from(error: mysql_async::Error) -> MoveError {
        MoveError::Mysql(error.into())
    }
}
