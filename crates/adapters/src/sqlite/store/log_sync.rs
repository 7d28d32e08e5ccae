//! Brings the store's log to the disk, beside the thread that writes it.

use std::fs::File;
use std::path::Path;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use app::ports::Durability;
use parking_lot::Mutex;

use crate::sqlite::commit_mark::MarkWriter;

/// The log's file and how much of it is known to be on the disk.
///
/// Commits follow each other in one file, and each is only valid after all before it. So one sync is good for every
/// commit that was written before it began, and a power cut takes commits from the end alone.
#[derive(Debug)]
pub(in crate::sqlite) struct LogSync {
    log: File,
    /// Commits written.
    written: AtomicU64,
    /// The engine's latest one of them, by the engine's own number.
    latest: AtomicI64,
    synced: Mutex<Synced>,
    failed: OnceLock<String>,
}

/// What is on the disk.
#[derive(Debug)]
struct Synced {
    /// So many commits.
    commits: u64,
    /// Where it is written down how far that is.
    marks: Option<MarkWriter>,
}

impl LogSync {
    /// Takes hold of a log that exists.
    pub(in crate::sqlite) fn open(log: &Path, marks: Option<MarkWriter>) -> std::io::Result<Arc<LogSync>> {
        let log = File::options().read(true).write(true).open(log)?;
        let synced = Mutex::new(Synced { commits: 0, marks });
        let (written, latest) = (AtomicU64::new(0), AtomicI64::new(0));
        Ok(Arc::new(LogSync { log, written, latest, synced, failed: OnceLock::new() }))
    }

    /// Counts a commit of the engine that was written just now.
    pub(in crate::sqlite) fn wrote_commit(self: &Arc<LogSync>, number: i64) -> Durability {
        self.latest.store(number, Ordering::SeqCst);
        self.wrote()
    }

    /// Counts a commit that was written just now.
    pub(in crate::sqlite) fn wrote(self: &Arc<LogSync>) -> Durability {
        let commit = self.written.fetch_add(1, Ordering::SeqCst) + 1;
        let sync = Arc::clone(self);
        Durability::Awaited(Box::new(move || sync.reach(commit)))
    }

    /// Why nobody must write any more, if a sync failed: it is never tried again, because a repeated one may lie.
    pub(in crate::sqlite) fn failed(&self) -> Option<&String> {
        self.failed.get()
    }

    /// Brings the latest mark to the disk as well, when there is time.
    pub(super) fn keep_mark(&self) {
        if let Some(marks) = &self.synced.lock().marks {
            let _ = marks.sync();
        }
    }

    /// How long the sync took; nothing where the commit was on the disk already.
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
                    // A mark that cannot be written says less than it could, and nothing that is not so.
                    let _ = marks.reach(latest);
                }
                Ok(Some(took))
            }
            Err(error) => {
                let failed = format!("the log could not be synced: {error}");
                Err(self.failed.get_or_init(|| failed).clone())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_sync_is_good_for_every_commit_before_it_and_for_none_after() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        std::fs::write(&path, "log").unwrap();
        let sync = LogSync::open(&path, None).unwrap();
        let (first, second) = (sync.wrote(), sync.wrote());
        second.reach().unwrap();
        assert_eq!(sync.synced.lock().commits, 2);
        let third = sync.wrote();
        first.reach().unwrap();
        assert_eq!(sync.synced.lock().commits, 2, "what is on the disk is not synced again");
        third.reach().unwrap();
        assert_eq!(sync.synced.lock().commits, 3);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn after_a_failed_sync_nothing_more_is_promised() {
        // A file that cannot be synced.
        let sync = LogSync::open(Path::new("/dev/null"), None).unwrap();
        let (first, second) = (sync.wrote(), sync.wrote());
        let error = first.reach().unwrap_err();
        assert_eq!(second.reach(), Err(error.clone()));
        assert_eq!(sync.failed(), Some(&error));
    }
}
