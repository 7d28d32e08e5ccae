//! Commands about a whole store, and the check of a proof.

pub(crate) mod backup;
pub(crate) mod doctor;
pub(crate) mod moving;
pub(crate) mod restore;
pub(crate) mod verify;

use crate::commands::Error;
use crate::config::Config;

/// Refuses a shop in a database, which has tools of its own.
fn refuse_database(config: &Config, command: &str) -> Result<(), Error> {
    match config.store.database() {
        None => Ok(()),
        Some(_) => Err(Error::Usage(format!(
            "`doorbuster {command}` is for a shop in a data folder, and DATABASE_URL is set: use the database's own tools, see \
             \"Backup of a shared database\" in docs/operations.md"
        ))),
    }
}
