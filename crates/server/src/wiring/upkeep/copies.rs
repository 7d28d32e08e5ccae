//! Backups of a data folder.

use std::path::Path;

use adapters::sqlite::{self, Beside, Restoring};
use app::audit::Snapshot;

use super::super::error::Error;
use crate::security::secret::SECRET_FILE;
use crate::system::data_dir::{LOCK_FILE, SCRIPTED_PAYMENTS_FILE};

pub use sqlite::Written as Copied;

/// The files of a shop beside its store. The provider's book is read last, so it knows every payment that the store knows.
const BESIDE: [Beside; 2] = [Beside::File(SECRET_FILE), Beside::Database(SCRIPTED_PAYMENTS_FILE)];
/// The files that a folder may contain before a restore: the lock of this command, and the folder of every fresh file system.
const ALLOWED: [&str; 2] = [LOCK_FILE, "lost+found"];

/// Copies a data folder into one file, also beside the process that serves it. `report` receives the copied pages and all
/// of them.
pub fn back_up(folder: &Path, to: &Path, report: &mut dyn FnMut(u64, u64)) -> Result<Copied, Error> {
    Ok(sqlite::back_up(folder, to, &BESIDE, report)?)
}

/// Opens a backup for an audit, after its checksum was compared.
pub fn backup_snapshot(file: &Path) -> Result<Box<dyn Snapshot>, Error> {
    Ok(Box::new(sqlite::open_backup(file)?))
}

/// Checks that a backup can be put into a folder. Changes nothing.
pub fn check_restore(file: &Path, folder: &Path) -> Result<(), Error> {
    Ok(Restoring::check(file, folder, &ALLOWED)?)
}

/// A backup that lies beside its place in a folder.
pub struct LaidOut(Restoring);

/// Lays a backup beside its place in a locked folder.
pub fn lay_out(file: &Path, folder: &Path) -> Result<LaidOut, Error> {
    Ok(LaidOut(Restoring::lay_out(file, folder, &ALLOWED)?))
}

impl LaidOut {
    pub fn snapshot(&self) -> Result<Box<dyn Snapshot>, Error> {
        Ok(Box::new(self.0.snapshot()?))
    }

    pub fn bytes(&self) -> u64 {
        self.0.bytes
    }

    pub fn sha256(&self) -> &str {
        &self.0.sha256
    }

    /// The files beside the store.
    pub fn files(&self) -> &[String] {
        self.0.files()
    }

    /// Moves everything to its place; from then on the folder is a shop.
    pub fn finish(self) -> Result<(), Error> {
        Ok(self.0.finish()?)
    }

    pub fn abandon(self) -> Result<(), Error> {
        Ok(self.0.abandon()?)
    }
}
