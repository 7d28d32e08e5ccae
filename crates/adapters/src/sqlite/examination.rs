//! Reads the newest event and the webhooks' secrets of a data folder for `doorbuster doctor`.

use std::path::Path;

use app::ports::StoreError;
use domain::time::Timestamp;
use rusqlite::{Connection, OptionalExtension as _};

use super::connection::DATABASE_FILE;
use super::reading::to_read;
use crate::selects::SELECT_WEBHOOK_SECRETS;

/// Facts about a store and the library that reads it.
pub struct Examined {
    pub version: &'static str,
    /// When the newest event happened.
    pub newest_event: Option<Timestamp>,
    /// The secrets of webhook endpoints, as they are stored.
    pub webhook_secrets: Vec<String>,
}

/// Reads a folder without changing it. A folder without a shop has no event.
pub fn examine(folder: &Path) -> Result<Examined, StoreError> {
    let mut examined = Examined { version: rusqlite::version(), newest_event: None, webhook_secrets: vec![] };
    if folder.join(DATABASE_FILE).is_file() {
        let connection = to_read(folder).map_err(|error| StoreError::Failed(error.to_string()))?;
        read(&connection, &mut examined).map_err(|error| StoreError::Failed(error.to_string()))?;
    }
    Ok(examined)
}

fn read(connection: &Connection, examined: &mut Examined) -> rusqlite::Result<()> {
    if connection.table_exists(None, "event_row")? {
        let newest = "SELECT occurred_at FROM event_row ORDER BY position DESC LIMIT 1";
        examined.newest_event =
            connection.query_row(newest, [], |row| row.get(0)).optional()?.map(Timestamp::from_micros);
    }
    if connection.table_exists(None, "webhook")? {
        let mut secrets = connection.prepare(SELECT_WEBHOOK_SECRETS)?;
        examined.webhook_secrets = secrets.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
    }
    Ok(())
}
