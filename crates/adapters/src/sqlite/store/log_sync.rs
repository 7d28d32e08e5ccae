//! Syncs the store's log, beside the thread that writes it.

use std::fs::File;
use std::path::Path;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use app::ports::Durability;
use parking_lot::Mutex;

use crate::sqlite::commit_mark::MarkWriter;

/// The log's file and how much of it is durable.
///
/// Commits follow each other in one file, and each is only valid after all before it. So one sync covers every commit
/// that was written before it began, and a power cut takes commits from the end alone.
#[derive(Debug)]
pub(in crate::sqlite) struct LogSync {
    log: File,
    /// Number of commits written.
    written: AtomicU64,
    /// The engine's number of its latest commit.
    latest: AtomicI64,
    synced: Mutex<Synced>,
    failed: OnceLock<String>,
}

/// The durable commits.
#[derive(Debug)]
struct Synced {
    /// Number of durable commits.
    commits: u64,
    /// Where the latest durable commit is marked.
    marks: Option<MarkWriter>,
}

impl LogSync {
    /// Opens a log that exists.
    pub(in crate::sqlite) fn open(log: &Path, marks: Option<MarkWriter>) -> std::io::Result<Arc<LogSync>> {
        let log = File::options().read(true).write(true).open(log)?;
        let synced = Mutex::new(Synced { commits: 0, marks });
        let (written, latest) = (AtomicU64::new(0), AtomicI64::new(0));
        Ok(Arc::new(LogSync { log, written, latest, synced, failed: OnceLock::new() }))
    }

    /// Counts a commit of the engine that was just written.
    pub(in crate::sqlite) fn wrote_commit(self: &Arc<LogSync>, number: i64) -> Durability {
        self.latest.store(number, Ordering::SeqCst);
        self.wrote()
    }

    /// Counts a commit that was just written.
    pub(in crate::sqlite) fn wrote(self: &Arc<LogSync>) -> Durability {
        let commit = self.written.fetch_add(1, Ordering::SeqCst) + 1;
        let sync = Arc::clone(self);
        Durability::Awaited(Box::new(move || sync.reach(commit)))
    }

    /// Returns why no commit may be written any more, if a sync failed: it is never retried, because a repeated sync
    /// may succeed wrongly.
    pub(in crate::sqlite) fn failed(&self) -> Option<&String> {
        self.failed.get()
    }

    /// Syncs the latest mark as well, outside the hot path.
    pub(super) fn keep_mark(&self) {
        if let Some(marks) = &self.synced.lock().marks {
            let _ = marks.sync();
        }
    }

    /// Returns the duration of the sync; `None` where the commit was durable already.
    fn reach(&self, commit: u64) -> Result<Option<Duration>, String> {
        let mut synced = self.synced.lock();
        if synced.commits >= commit {
            return Ok(None);
        }
        if let Some(failed) = self.failed() {
            return Err(failed.clone());
        }
        let (written, latest) = (self.written.load(Ordering::SeqCst), self.latest.load(Ordering::SeqCst));
        let began = Instant::now();
        match self.log.sync_data() {
            Ok(()) => {
                synced.commits = written;
                let took = began.elapsed();
                if let Some(marks) = &mut synced.marks {
                    // A mark that cannot be written is older, but still true.
                    let _ = marks.reach(latest);
                }
                Ok(Some(took))
            }
            Err(error) => {
                let failed = format!("syncing the log failed: {error}");
                Err(self.failed.get_or_init(|| failed).clone())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_sync_covers_every_commit_before_it_and_none_after() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        std::fs::write(&path, "log").unwrap();
        let sync = LogSync::open(&path, None).unwrap();
        let (first, second) = (sync.wrote(), sync.wrote());
        second.reach().unwrap();
        assert_eq!(sync.synced.lock().commits, 2);
        let third = sync.wrote();
        first.reach().unwrap();
        assert_eq!(sync.synced.lock().commits, 2, "a durable commit is not synced again");
        third.reach().unwrap();
        assert_eq!(sync.synced.lock().commits, 3);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn after_a_failed_sync_every_commit_fails() {
        // A file that cannot be synced.
        let sync = LogSync::open(Path::new("/dev/null"), None).unwrap();
        let (first, second) = (sync.wrote(), sync.wrote());
        let error = first.reach().unwrap_err();
        assert_eq!(second.reach(), Err(error.clone()));
        assert_eq!(sync.failed(), Some(&error));
    }
}
