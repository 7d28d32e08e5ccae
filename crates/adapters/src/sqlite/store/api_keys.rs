//! API keys.

use app::state::rows::Rows;
use domain::api_key::ApiKey;
use domain::ids::ApiKeyId;
use domain::time::Timestamp;
use rusqlite::{Connection, Result, params};

use super::put_all::put_all;
use crate::records::json_cell;
use crate::selects::select_api_key;
use crate::sqlite::cells::{Run as _, find};

pub(super) fn api_key(connection: &Connection, id: ApiKeyId) -> Result<Option<ApiKey>> {
    find(connection, select_api_key!("WHERE key_id = ?1"), [id.0])
}

pub(super) fn write(connection: &Connection, rows: &Rows) -> Result<()> {
    let sql = "INSERT INTO api_key (key_id, hash, name, scopes, created_by, created_at, last_used_at, revoked_at)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
               ON CONFLICT (key_id) DO UPDATE SET last_used_at = excluded.last_used_at,
                   revoked_at = excluded.revoked_at";
    put_all(connection, &rows.api_keys, sql, |put, id, key| {
        put.run(params![
            id.0,
            key.hash.as_slice(),
            key.name,
            json_cell(&key.scopes),
            key.created_by.0,
            key.created_at.micros(),
            key.last_used_at.map(Timestamp::micros),
            key.revoked_at.map(Timestamp::micros),
        ])
    })
}
