//! A store's identity: its key, and how often it was opened.

use rusqlite::{Connection, OptionalExtension as _};

use super::error::OpenError;

pub(super) fn codec_key(writer: &Connection) -> Result<[u8; 16], OpenError> {
    let stored = "SELECT value FROM meta WHERE name = 'codec_key'";
    if let Some(key) = writer.query_row(stored, [], |row| row.get(0)).optional()? {
        return Ok(key);
    }
    let mut key = [0; 16];
    getrandom::fill(&mut key).map_err(OpenError::Random)?;
    writer.execute("INSERT INTO meta (name, value) VALUES ('codec_key', ?1)", [key.as_slice()])?;
    Ok(key)
}

pub(super) fn count_opening(writer: &Connection) -> Result<u32, rusqlite::Error> {
    writer.query_row(
        "INSERT INTO meta (name, value) VALUES ('openings', 1)
         ON CONFLICT DO UPDATE SET value = value + 1 RETURNING value",
        [],
        |row| row.get(0),
    )
}
