//! Detects a store that is shorter than it was: everything that was durable once must still be there.

mod damage;
mod detection;

use std::fmt;
use std::path::PathBuf;

use super::commit_mark::Mark;
use super::connection::{DATABASE_FILE, LOG_FILE};
use super::log_scan::LogScan;
pub(super) use damage::{accept_damage, record_damage, unaccepted_damage};
pub(super) use detection::{accept, of_folder, of_reader, warn_of_log};

/// The commits that a store has lost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loss {
    folder: PathBuf,
    marked: Mark,
    found: Found,
    log: LogScan,
}

/// The state found instead of the marked commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Found {
    /// No database, or an empty one.
    Nothing,
    AnotherShop,
    /// The marked opening is unknown; the latest one found.
    EarlierOpening(i64),
    /// The last commit of the marked opening.
    Commit(i64),
}

impl fmt::Display for Loss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Loss { folder, marked: Mark { engine, commit, .. }, found, log } = self;
        let folder = folder.display();
        write!(f, "the store in {folder} has lost commits: commit {commit} of opening {engine} was on the disk, ")?;
        match found {
            Found::Nothing => write!(f, "and {DATABASE_FILE} is missing or empty")?,
            Found::AnotherShop => write!(f, "and {DATABASE_FILE} is another shop's")?,
            Found::EarlierOpening(opening) => write!(f, "and the store ends in opening {opening}")?,
            Found::Commit(found) => write!(f, "and the store ends at commit {found} of it")?,
        }
        if log.frames_behind > 0 {
            let LogScan { commits_behind, frames_behind, breaks_at, .. } = log;
            let at = breaks_at.unwrap_or_default();
            write!(
                f,
                "; {LOG_FILE} is damaged at byte {at}, with {commits_behind} commits ({frames_behind} pages) behind it"
            )?;
        }
        Ok(())
    }
}
