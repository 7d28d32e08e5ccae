//! API keys, users' tokens and logins, and the trail of admin acts.

use app::ports::views::{PeopleViews, Reading};
use app::state::rows::{EmailKey, EndedToken, Recorded, WantedDeeds};
use domain::api_key::ApiKey;
use domain::ids::{ApiKeyId, UserId};
use domain::time::Timestamp;

use super::{MysqlViews, by_id, each, first};
use crate::mysql::sql::statement;
use crate::selects::{SELECT_ENDED, select_api_key, select_trail};

impl PeopleViews for MysqlViews {
    fn tokens_since(&self, after: Timestamp) -> Reading<'_, Vec<(UserId, Timestamp)>> {
        let select = "SELECT user_id, tokens_since FROM login FORCE INDEX (login_tokens_since) WHERE tokens_since > ?";
        self.read([statement(select, &[&after])], |answers| {
            let found: Vec<(i64, i64)> = each(answers)?;
            Ok(found.into_iter().map(|(user, since)| (UserId(user), Timestamp::from_micros(since))).collect())
        })
    }

    fn ended_tokens(&self, after: Timestamp) -> Reading<'_, Vec<EndedToken>> {
        self.read([statement(SELECT_ENDED, &[&after])], each)
    }

    fn email_key(&self, user: UserId) -> Reading<'_, Option<EmailKey>> {
        self.read(by_id("SELECT email_key FROM login", "user_id", user.0), first)
    }

    fn api_key(&self, hash: [u8; 32]) -> Reading<'_, Option<ApiKey>> {
        self.read([statement(select_api_key!("WHERE hash = ?"), &[&hash])], first)
    }

    fn trail(&self, wanted: WantedDeeds, before: Option<i64>, limit: usize) -> Reading<'_, Vec<Recorded>> {
        let WantedDeeds { by, action, subject, from, to } = wanted;
        let mut rest = statement("WHERE trail_id < ?", &[&before.unwrap_or(i64::MAX)]);
        if let Some(by) = by {
            rest += &statement(" AND user_id = ?", &[&by.0]);
        }
        if let Some(action) = action {
            rest += &statement(" AND action = ?", &[&action]);
        }
        if let Some(subject) = subject {
            let below = " AND (subject = ? OR LEFT(subject, CHAR_LENGTH(?)) = ?)";
            let prefix = format!("{subject}/");
            rest += &statement(below, &[&subject, &prefix, &prefix]);
        }
        if let Some(from) = from {
            rest += &statement(" AND happened_at >= ?", &[&from]);
        }
        if let Some(to) = to {
            rest += &statement(" AND happened_at < ?", &[&to]);
        }
        rest += " ORDER BY trail_id DESC";
        self.list(limit, move |limit| format!("{}{rest} LIMIT {limit}", select_trail!("")))
    }

    fn api_keys(&self, before: Option<ApiKeyId>, limit: usize) -> Reading<'_, Vec<ApiKey>> {
        let before = before.map_or(i64::MAX, |before| before.0);
        let rest = statement("WHERE key_id < ? ORDER BY key_id DESC", &[&before]);
        self.list(limit, move |limit| format!("{}{rest} LIMIT {limit}", select_api_key!("")))
    }
}
