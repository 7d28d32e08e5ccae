//! Brings the store's log to the disk, beside the thread that writes it.

use std::fs::File;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use app::ports::Durability;
use parking_lot::Mutex;

/// The log's file and how much of it is known to be on the disk.
///
/// Commits follow each other in one file, and each is only valid after all before it. So one sync is good for every
/// commit that was written before it began, and a power cut takes commits from the end alone.
#[derive(Debug)]
pub(in crate::embedded) struct LogSync {
    log: File,
    /// Commits written.
    written: AtomicU64,
    /// Commits that are on the disk.
    synced: Mutex<u64>,
    failed: OnceLock<String>,
}

impl LogSync {
    /// Takes hold of a log that exists.
    pub(in crate::embedded) fn open(log: &Path) -> std::io::Result<Arc<LogSync>> {
        let log = File::options().read(true).write(true).open(log)?;
        Ok(Arc::new(LogSync { log, written: AtomicU64::new(0), synced: Mutex::new(0), failed: OnceLock::new() }))
    }

    /// Counts a commit that was written just now.
    pub(in crate::embedded) fn wrote(self: &Arc<LogSync>) -> Durability {
        let commit = self.written.fetch_add(1, Ordering::SeqCst) + 1;
        let sync = Arc::clone(self);
        Durability::Awaited(Box::new(move || sync.reach(commit)))
    }

    /// Why nobody must write any more, if a sync failed: it is never tried again, because a repeated one may lie.
    pub(in crate::embedded) fn failed(&self) -> Option<&String> {
        self.failed.get()
    }

    /// How long the sync took; nothing where the commit was on the disk already.
    fn reach(&self, commit: u64) -> Result<Option<Duration>, String> {
        let mut synced = self.synced.lock();
        if *synced >= commit {
            return Ok(None);
        }
        if let Some(failed) = self.failed() {
            return Err(failed.clone());
        }
        let written = self.written.load(Ordering::SeqCst);
        let began = Instant::now();
        match self.log.sync_data() {
            Ok(()) => {
                *synced = written;
                Ok(Some(began.elapsed()))
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
        let sync = LogSync::open(&path).unwrap();
        let (first, second) = (sync.wrote(), sync.wrote());
        second.reach().unwrap();
        assert_eq!(*sync.synced.lock(), 2);
        let third = sync.wrote();
        first.reach().unwrap();
        assert_eq!(*sync.synced.lock(), 2, "what is on the disk is not synced again");
        third.reach().unwrap();
        assert_eq!(*sync.synced.lock(), 3);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn after_a_failed_sync_nothing_more_is_promised() {
        // A file that cannot be synced.
        let sync = LogSync::open(Path::new("/dev/null")).unwrap();
        let (first, second) = (sync.wrote(), sync.wrote());
        let error = first.reach().unwrap_err();
        assert_eq!(second.reach(), Err(error.clone()));
        assert_eq!(sync.failed(), Some(&error));
    }
}
