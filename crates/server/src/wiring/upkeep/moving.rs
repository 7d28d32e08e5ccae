//! Moving a shop between a data folder and a database.

use std::path::Path;

use adapters::moving;
use adapters::mysql::MysqlSnapshot;
use adapters::sqlite::{self, SqliteSnapshot};
use app::audit::Snapshot;
use tokio::runtime::Builder;

use super::super::error::Error;
use crate::security::secret::SECRET_FILE;
use crate::system::data_dir::{LOCK_FILE, SCRIPTED_PAYMENTS_FILE};

pub use moving::Moved;

/// The files that the folder may have before a database is moved into it: the secret may be put there first.
const ALLOWED: [&str; 3] = [LOCK_FILE, "lost+found", SECRET_FILE];

/// A way to move.
#[derive(Clone, Copy)]
pub struct Way<'a> {
    pub folder: &'a Path,
    pub database: &'a str,
    pub is_to_database: bool,
}

impl Way<'_> {
    /// Checks that there is something to move. Changes nothing.
    pub fn check(self) -> Result<(), Error> {
        if self.is_to_database { Ok(sqlite::check_exists(self.folder)?) } else { self.source().map(drop) }
    }

    fn in_folder(self) -> Result<Box<dyn Snapshot>, Error> {
        Ok(Box::new(SqliteSnapshot::open(self.folder)?))
    }

    fn in_database(self) -> Result<Box<dyn Snapshot>, Error> {
        Ok(Box::new(MysqlSnapshot::open(self.database)?))
    }

    pub fn source(self) -> Result<Box<dyn Snapshot>, Error> {
        if self.is_to_database { self.in_folder() } else { self.in_database() }
    }

    pub fn destination(self) -> Result<Box<dyn Snapshot>, Error> {
        if self.is_to_database { self.in_database() } else { self.in_folder() }
    }

    /// Copies everything, or goes on with it. The caller has locked the folder.
    pub fn copy(self, report: &mut (dyn FnMut(u64, u64) + Send)) -> Result<Moved, Error> {
        let Way { folder, database, is_to_database } = self;
        let book = folder.join(SCRIPTED_PAYMENTS_FILE);
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let moved = runtime.block_on(async {
            if is_to_database {
                moving::to_database(folder, &book, database, report).await
            } else {
                moving::to_folder(database, folder, &book, &ALLOWED, report).await
            }
        });
        Ok(moved?)
    }

    /// Declares the destination complete.
    pub fn finish(self) -> Result<(), Error> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        if self.is_to_database {
            Ok(runtime.block_on(moving::finish_database(self.database))?)
        } else {
            Ok(moving::finish_folder(self.folder)?)
        }
    }
}
