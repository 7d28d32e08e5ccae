//! The data folder: created if missing, and used by one process at a time.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use crate::system::io_error;

pub(crate) const LOCK_FILE: &str = "doorbuster.lock";
/// Holds the address where the server of the folder serves admins.
pub(crate) const ADDRESS_FILE: &str = "server.address";
/// The scripted payment provider's own records.
pub(crate) const SCRIPTED_PAYMENTS_FILE: &str = "scripted-payments.db";

/// Files that this program creates in a data folder, except the secret.
#[cfg(unix)]
pub(crate) const OURS: [&str; 12] = [
    LOCK_FILE,
    "shop.lock",
    "shop.db",
    "shop.db-wal",
    "shop.db-shm",
    "shop.db-mark",
    "shop.db-ballast",
    "shop.db-sums",
    ADDRESS_FILE,
    SCRIPTED_PAYMENTS_FILE,
    "scripted-payments.db-wal",
    "scripted-payments.db-shm",
];

/// A data folder, locked until this is dropped or the process ends in any way.
#[derive(Debug)]
pub struct DataDir {
    path: PathBuf,
    lock: File,
}

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(
        "the data folder {0} is already served by another process; stop it, or choose another folder with --data-dir"
    )]
    Served(PathBuf),
    #[error("the data folder {path} cannot be used: {}", io_error::of(cause))]
    Unusable { path: PathBuf, cause: io::Error },
}

impl DataDir {
    pub fn open(path: &Path) -> Result<DataDir, Error> {
        let unusable = |cause| Error::Unusable { path: path.to_owned(), cause };
        make(path).map_err(unusable)?;
        let lock_file = path.join(LOCK_FILE);
        let is_ours = lock_file.exists();
        for_owner_only(&lock_file).map_err(unusable)?;
        let lock = OpenOptions::new().write(true).open(lock_file).map_err(unusable)?;
        match lock.try_lock() {
            Ok(()) => {
                tighten(path, is_ours);
                Ok(DataDir { path: path.to_owned(), lock })
            }
            Err(TryLockError::WouldBlock) => Err(Error::Served(path.to_owned())),
            Err(TryLockError::Error(cause)) => Err(unusable(cause)),
        }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// Closing the file is not enough: a child process that was just forked has it open, too, until it runs its own program.
impl Drop for DataDir {
    fn drop(&mut self) {
        // A refused unlock leaves what closing does.
        let _ = self.lock.unlock();
    }
}

/// Returns whether a process serves a folder. Creates and changes nothing.
pub fn is_served(path: &Path) -> Result<bool, Error> {
    let unusable = |cause| Error::Unusable { path: path.to_owned(), cause };
    let lock = match File::open(path.join(LOCK_FILE)) {
        Ok(lock) => lock,
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(cause) => return Err(unusable(cause)),
    };
    match lock.try_lock_shared() {
        // Held for a moment only: a server that starts now must not find it locked.
        Ok(()) => lock.unlock().map(|()| false).map_err(unusable),
        Err(TryLockError::WouldBlock) => Ok(true),
        Err(TryLockError::Error(cause)) => Err(unusable(cause)),
    }
}

/// Creates the folder for its owner only, because it holds all orders, customers' addresses and the key that signs
/// tokens.
fn make(path: &Path) -> io::Result<()> {
    let mut folder = fs::DirBuilder::new();
    folder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut folder, 0o700);
    folder.create(path)
}

/// Creates an empty file that only its owner can read; an existing file stays as it is.
pub(crate) fn for_owner_only(path: &Path) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.create(true).truncate(false).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(drop)
}

#[cfg(not(unix))]
fn tighten(_path: &Path, _is_ours: bool) {}

/// Removes the access of others, which earlier versions granted. A folder that held other files first is not changed,
/// nor is the target of a link. A secret that others could read is not repaired by this; it is refused elsewhere.
#[cfg(unix)]
fn tighten(path: &Path, is_ours: bool) {
    let files = OURS.iter().map(|file| path.join(file));
    let folder = is_ours.then(|| path.to_owned());
    for path in folder.into_iter().chain(files) {
        if let Err(error) = tighten_one(&path) {
            tracing::warn!("{} could not be closed to other users: {error}", path.display());
        }
    }
}

#[cfg(unix)]
fn tighten_one(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;

    let Ok(metadata) = fs::symlink_metadata(path) else { return Ok(()) };
    let mode = metadata.permissions().mode();
    // Shared folders such as /tmp have the sticky bit.
    let is_shared = mode & 0o1000 != 0;
    if metadata.is_symlink() || is_shared || mode & 0o077 == 0 {
        return Ok(());
    }
    fs::set_permissions(path, fs::Permissions::from_mode(mode & 0o700))?;
    tracing::info!("Other users' access to {} was removed; its mode was {:o}.", path.display(), mode & 0o777);
    Ok(())
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
        assert!(is_served(&path).unwrap());
        drop(first);
        assert!(!is_served(&path).unwrap() && !is_served(Path::new("/nowhere")).unwrap());
        assert_eq!(DataDir::open(&path).unwrap().path(), path);
        fs::remove_dir_all(path.ancestors().nth(2).unwrap()).unwrap();
    }

    #[cfg(unix)]
    #[test]
    fn only_the_owner_may_read_a_folder_even_one_of_an_earlier_version() {
        use std::os::unix::fs::PermissionsExt as _;

        let path = std::env::temp_dir().join(format!("doorbuster-modes-{}", std::process::id()));
        let mode = |file: &str| fs::metadata(path.join(file)).unwrap().permissions().mode() & 0o777;
        drop(DataDir::open(&path).unwrap());
        assert_eq!((mode(""), mode(LOCK_FILE)), (0o700, 0o600));
        fs::write(path.join("shop.db"), "").unwrap();
        let set = |file: &str, mode| fs::set_permissions(path.join(file), fs::Permissions::from_mode(mode)).unwrap();
        set("", 0o755);
        set("shop.db", 0o644);
        drop(DataDir::open(&path).unwrap());
        assert_eq!((mode(""), mode("shop.db")), (0o700, 0o600));
        fs::remove_dir_all(&path).unwrap();
        fs::create_dir(&path).unwrap();
        set("", 0o777);
        drop(DataDir::open(&path).unwrap());
        assert_eq!(mode(""), 0o777, "a folder that held other files first");
        fs::remove_dir_all(path).unwrap();
    }

    #[test]
    fn a_file_is_not_a_folder() {
        let path = std::env::temp_dir().join(format!("doorbuster-file-{}", std::process::id()));
        fs::write(&path, "").unwrap();
        assert!(matches!(DataDir::open(&path), Err(Error::Unusable { .. })));
        fs::remove_file(&path).unwrap();
    }
}
