//! API keys.

use app::state::rows::Rows;
use domain::api_key::ApiKey;
use domain::ids::ApiKeyId;
use mysql_async::Value;

use super::locking_read::{index, loaded, locked};
use super::upsert::{Upsert, put_all};
use crate::mysql::failure::Result;
use crate::mysql::sql::{Script, is_in};
use crate::records::json_cell;
use crate::selects::select_api_key;

pub(super) fn select(ids: &[ApiKeyId]) -> String {
    locked(select_api_key!(""), "PRIMARY", &is_in("key_id", ids.iter().map(|id| id.0)), "key_id")
}

pub(super) fn read(ids: Vec<ApiKeyId>, found: Vec<Vec<Value>>, rows: &mut Rows) -> Result<()> {
    loaded(&mut rows.api_keys, ids, index(found, |key: ApiKey| (key.id, key))?);
    Ok(())
}

pub(super) fn write(script: &mut Script, rows: &Rows) {
    let written = Upsert {
        head: "INSERT INTO api_key (key_id, hash, name, scopes, created_by, created_at, last_used_at, revoked_at) VALUES ",
        update: " ON DUPLICATE KEY UPDATE last_used_at = VALUES(last_used_at), revoked_at = VALUES(revoked_at)",
    };
    put_all(script, &rows.api_keys, written, |insert, id, key| {
        insert.row(&[
            &id.0,
            &key.hash,
            &key.name,
            &json_cell(&key.scopes),
            &key.created_by.0,
            &key.created_at,
            &key.last_used_at,
            &key.revoked_at,
        ]);
    });
}
