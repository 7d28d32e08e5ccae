//! A file that one process at a time holds.

use std::fs::{File, TryLockError};
use std::path::Path;

/// Held until this is dropped or the process ends in any way.
#[derive(Debug)]
pub(crate) struct FileLock(File);

impl FileLock {
    /// Locks a file, which is created if missing, for its owner only.
    pub(crate) fn take(path: &Path) -> Result<FileLock, TryLockError> {
        let mut options = File::options();
        options.create(true).truncate(false).write(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(path).map_err(TryLockError::Error)?;
        file.try_lock()?;
        Ok(FileLock(file))
    }

    /// Returns the locked file.
    pub(crate) const fn file(&self) -> &File {
        &self.0
    }
}

/// Closing the file is not enough: a child process that was just forked has the file open, too, until it runs its own program.
impl Drop for FileLock {
    fn drop(&mut self) {
        // A refused unlock leaves what closing does.
        let _ = self.0.unlock();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_released_lock_is_free_while_a_child_process_still_has_the_file_open() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        let lock = FileLock::take(&path).unwrap();
        assert!(matches!(FileLock::take(&path), Err(TryLockError::WouldBlock)));
        // What a fork does: a second descriptor of the same opened file.
        let inherited = lock.0.try_clone().unwrap();
        drop(lock);
        FileLock::take(&path).unwrap();
        drop(inherited);
    }
}
