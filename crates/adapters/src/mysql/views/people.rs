//! API keys, and the moments from which on users' tokens are valid.

use app::ports::views::{PeopleViews, Reading};
use domain::api_key::ApiKey;
use domain::ids::{ApiKeyId, UserId};
use domain::time::Timestamp;

use super::{MysqlViews, each, first, sql_limit};
use crate::mysql::sql::statement;
use crate::selects::select_api_key;

impl PeopleViews for MysqlViews {
    fn tokens_since(&self, after: Timestamp) -> Reading<'_, Vec<(UserId, Timestamp)>> {
        let select = "SELECT user_id, tokens_since FROM login FORCE INDEX (login_tokens_since) WHERE tokens_since > ?";
        self.read([statement(select, &[&after])], |answers| {
            let found: Vec<(i64, i64)> = each(answers)?;
            Ok(found.into_iter().map(|(user, since)| (UserId(user), Timestamp::from_micros(since))).collect())
        })
    }

    fn api_key(&self, hash: [u8; 32]) -> Reading<'_, Option<ApiKey>> {
        self.read([statement(select_api_key!("WHERE hash = ?"), &[&hash])], first)
    }

    fn api_keys(&self, before: Option<ApiKeyId>, limit: usize) -> Reading<'_, Vec<ApiKey>> {
        let before = before.map_or(i64::MAX, |before| before.0);
        let rest = statement("WHERE key_id < ? ORDER BY key_id DESC LIMIT ?", &[&before, &sql_limit(limit)]);
        self.read([select_api_key!("").to_owned() + &rest], each)
    }
}
