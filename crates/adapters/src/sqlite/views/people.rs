//! API keys, users' tokens and logins, and the trail of admin acts.

use app::ports::views::{PeopleViews, Reading};
use app::state::rows::{EmailKey, EndedToken, Recorded, WantedDeeds};
use domain::api_key::ApiKey;
use domain::ids::{ApiKeyId, UserId};
use domain::time::Timestamp;
use rusqlite::params;

use super::SqliteViews;
use crate::selects::{SELECT_ENDED, select_api_key, select_trail};
use crate::sqlite::cells::{find, find_all, find_readable};

impl PeopleViews for SqliteViews {
    fn tokens_since(&self, after: Timestamp) -> Reading<'_, Vec<(UserId, Timestamp)>> {
        self.read(move |connection| {
            let sql = "SELECT user_id, tokens_since FROM login WHERE tokens_since > ?1";
            let found: Vec<(i64, i64)> = find_all(connection, sql, [after.micros()])?;
            Ok(found.into_iter().map(|(user, since)| (UserId(user), Timestamp::from_micros(since))).collect())
        })
    }

    fn ended_tokens(&self, after: Timestamp) -> Reading<'_, Vec<EndedToken>> {
        self.read(move |connection| find_all(connection, SELECT_ENDED, [after.micros()]))
    }

    fn email_key(&self, user: UserId) -> Reading<'_, Option<EmailKey>> {
        self.read(move |connection| find(connection, "SELECT email_key FROM login WHERE user_id = ?1", [user.0]))
    }

    fn api_key(&self, hash: [u8; 32]) -> Reading<'_, Option<ApiKey>> {
        self.read(move |connection| find(connection, select_api_key!("WHERE hash = ?1"), [hash.as_slice()]))
    }

    fn trail(&self, wanted: WantedDeeds, before: Option<i64>, limit: usize) -> Reading<'_, Vec<Recorded>> {
        self.list(limit, move |connection, limit| {
            let sql = select_trail!(
                "WHERE trail_id < ?1 AND (?2 IS NULL OR user_id = ?2) AND (?3 IS NULL OR action = ?3)
                     AND (?4 IS NULL OR subject = ?4 OR substr(subject, 1, length(?4) + 1) = ?4 || '/')
                     AND (?5 IS NULL OR happened_at >= ?5) AND (?6 IS NULL OR happened_at < ?6)
                 ORDER BY trail_id DESC LIMIT ?7"
            );
            let WantedDeeds { by, action, subject, from, to } = &wanted;
            let (from, to) = (from.map(Timestamp::micros), to.map(Timestamp::micros));
            let by = by.map(|by| by.0);
            let before = before.unwrap_or(i64::MAX);
            find_readable(connection, sql, params![before, by, action, subject, from, to, limit])
        })
    }

    fn api_keys(&self, before: Option<ApiKeyId>, limit: usize) -> Reading<'_, Vec<ApiKey>> {
        self.list(limit, move |connection, limit| {
            let sql = select_api_key!("WHERE key_id < ?1 ORDER BY key_id DESC LIMIT ?2");
            find_readable(connection, sql, (before.map_or(i64::MAX, |before| before.0), limit))
        })
    }
}
