//! API keys, and the moments from which on users' tokens are valid.

use app::ports::views::{PeopleViews, Reading};
use domain::api_key::ApiKey;
use domain::ids::{ApiKeyId, UserId};
use domain::time::Timestamp;

use super::{SqliteViews, sql_limit};
use crate::selects::select_api_key;
use crate::sqlite::cells::{find, find_all};

impl PeopleViews for SqliteViews {
    fn tokens_since(&self, after: Timestamp) -> Reading<'_, Vec<(UserId, Timestamp)>> {
        self.read(move |connection| {
            let sql = "SELECT user_id, tokens_since FROM login WHERE tokens_since > ?1";
            let found: Vec<(i64, i64)> = find_all(connection, sql, [after.micros()])?;
            Ok(found.into_iter().map(|(user, since)| (UserId(user), Timestamp::from_micros(since))).collect())
        })
    }

    fn api_key(&self, hash: [u8; 32]) -> Reading<'_, Option<ApiKey>> {
        self.read(move |connection| find(connection, select_api_key!("WHERE hash = ?1"), [hash.as_slice()]))
    }

    fn api_keys(&self, before: Option<ApiKeyId>, limit: usize) -> Reading<'_, Vec<ApiKey>> {
        self.read(move |connection| {
            let sql = select_api_key!("WHERE key_id < ?1 ORDER BY key_id DESC LIMIT ?2");
            find_all(connection, sql, (before.map_or(i64::MAX, |before| before.0), sql_limit(limit)))
        })
    }
}
