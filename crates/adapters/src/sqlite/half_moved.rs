//! Stores that a move fills.

use std::path::Path;

use rusqlite::Connection;

use super::OpenError;
use crate::half_moved::{COPIED, MOVING};

/// Refuses a store that a move has begun to fill.
pub(super) fn refuse(connection: &Connection, folder: &Path) -> Result<(), OpenError> {
    if !connection.table_exists(None, MOVING)? {
        return Ok(());
    }
    let copied = format!("SELECT count(*) FROM {MOVING} WHERE name = ?1");
    match connection.query_row(&copied, [COPIED], |row| row.get::<_, i64>(0))? {
        0 => Err(OpenError::HalfMoved(folder.to_owned())),
        _ => Ok(()),
    }
}
