//! The data folder: made if absent, and served by one process at a time.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

const LOCK_FILE: &str = "doorbuster.lock";

/// The data folder, locked until this is dropped or the process ends, however it ends.
#[derive(Debug)]
pub struct DataDir {
    path: PathBuf,
    _lock: File,
}

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(
        "the data folder {0} is already served by another process; stop it, or choose another folder with --data-dir"
    )]
    Served(PathBuf),
    #[error("the data folder {path} cannot be used: {cause}")]
    Unusable { path: PathBuf, cause: io::Error },
}

impl DataDir {
    pub fn open(path: &Path) -> Result<DataDir, Error> {
        let unusable = |cause| Error::Unusable { path: path.to_owned(), cause };
        fs::create_dir_all(path).map_err(unusable)?;
        let lock =
            OpenOptions::new().create(true).truncate(false).write(true).open(path.join(LOCK_FILE)).map_err(unusable)?;
        match lock.try_lock() {
            Ok(()) => Ok(DataDir { path: path.to_owned(), _lock: lock }),
            Err(TryLockError::WouldBlock) => Err(Error::Served(path.to_owned())),
            Err(TryLockError::Error(cause)) => Err(unusable(cause)),
        }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_served_once_at_a_time() {
        let path = std::env::temp_dir().join(format!("doorbuster-lock-{}/a/b", std::process::id()));
        let first = DataDir::open(&path).unwrap();
        let refused = DataDir::open(&path).unwrap_err();
        assert!(refused.to_string().contains("already served by another process"), "{refused}");
        drop(first);
        assert_eq!(DataDir::open(&path).unwrap().path(), path);
        fs::remove_dir_all(path.ancestors().nth(2).unwrap()).unwrap();
    }

    #[test]
    fn a_file_is_no_folder() {
        let path = std::env::temp_dir().join(format!("doorbuster-file-{}", std::process::id()));
        fs::write(&path, "").unwrap();
        assert!(matches!(DataDir::open(&path), Err(Error::Unusable { .. })));
        fs::remove_file(&path).unwrap();
    }
}
