//! Reserved space that is released on a full disk, where the store needs some to make more.

use std::fs::File;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::{FallocateFlags, fallocate, statvfs};

/// The file of the ballast in its data folder.
pub const BALLAST_FILE: &str = "shop.db-ballast";
/// With less free space, in bytes, opening the store may fail.
const FREE_BYTES_MIN: u64 = 1 << 20;
/// The ballast is at most this part of the free space.
const FREE_SPACE_DIVISOR: u64 = 8;

#[derive(Debug)]
pub(super) struct Ballast {
    path: PathBuf,
    bytes: u64,
}

impl Ballast {
    pub(super) fn of(folder: &Path, mib: u32) -> Ballast {
        Ballast { path: folder.join(BALLAST_FILE), bytes: u64::from(mib) << 20 }
    }

    /// Reserves the space, unless it is reserved or there is too little; returns whether there is enough. A store
    /// without ballast works as well, until the disk is full.
    pub(super) fn keep(&self) -> bool {
        let is_enough = self.free().is_some_and(|free| free / FREE_SPACE_DIVISOR >= self.bytes);
        if self.bytes == 0 || self.path.exists() || !is_enough {
            return is_enough;
        }
        let taken = File::options().create_new(true).write(true).mode(0o600).open(&self.path).and_then(|file| {
            fallocate(&file, FallocateFlags::empty(), 0, self.bytes)?;
            Ok(())
        });
        if taken.is_err() {
            // A partial ballast, or a file system without reservation.
            self.release();
        }
        true
    }

    /// Releases the space; returns whether there was any.
    pub(super) fn release(&self) -> bool {
        std::fs::remove_file(&self.path).is_ok()
    }

    /// Releases the space if the disk is full.
    pub(super) fn release_if_full(&self) {
        if self.free().is_some_and(|free| free < FREE_BYTES_MIN) && self.release() {
            tracing::warn!("The disk is full: the ballast was released.");
        }
    }

    fn free(&self) -> Option<u64> {
        let folder = statvfs(self.path.parent()?).ok()?;
        Some(folder.f_bavail.saturating_mul(folder.f_frsize))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ballast_reserves_space_and_releases_it() {
        let folder = tempfile::tempdir().unwrap();
        let ballast = Ballast::of(folder.path(), 1);
        ballast.keep();
        let bytes = std::fs::metadata(folder.path().join(BALLAST_FILE)).map(|file| file.len());
        assert_eq!(bytes.ok(), Some(1 << 20));
        assert!(ballast.release());
        assert!(!ballast.release());
        Ballast::of(folder.path(), 0).keep();
        Ballast::of(folder.path(), u32::MAX).keep();
        assert!(!folder.path().join(BALLAST_FILE).exists(), "no ballast is wanted, or there is no room for it");
    }
}
