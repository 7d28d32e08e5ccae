//! How a store fails.

use crate::state::rows::OffsetKey;

/// The failures of a read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// The store is broken or unreachable.
    #[error("the store failed: {0}")]
    Failed(String),
    /// A row has a value that this program does not understand. The store works, and its other rows can be read.
    #[error("a row cannot be read: {0}")]
    Unreadable(String),
}

impl StoreError {
    /// Returns why, without saying which kind of failure it is.
    pub fn text(&self) -> &str {
        let (StoreError::Failed(text) | StoreError::Unreadable(text)) = self;
        text
    }
}

/// Why a batch could not be loaded.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LoadError {
    /// The transaction was rolled back, because another process holds the same rows; it may be retried.
    #[error("another process holds the same rows: {0}")]
    Contended(String),
    #[error(transparent)]
    Failed(#[from] StoreError),
}

/// Why a commit wrote nothing, or may have written something.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CommitError {
    #[error("a constraint of the store was violated: {0}")]
    Constraint(String),
    /// Nothing was written, because another process holds the same rows; the batch may be decided again.
    #[error("another process holds the same rows: {0}")]
    Contended(String),
    #[error("the group's offset was moved by another commit: {0:?}")]
    Moved(OffsetKey),
    #[error("the outcome of the commit is unknown: {0}")]
    Unknown(String),
    /// This process must not write to the store again.
    #[error("the store is broken and must not be written to: {0}")]
    Broken(String),
}
