//! Users: their points, their logins, and the stored answers to their requests.

use app::ports::views::{AccountViews, Reading};
use app::state::rows::{AnswerKey, EmailKey, Entry, Login, StoredAnswer};
use domain::ids::{EntryId, UserId};
use domain::money::Money;
use domain::time::Timestamp;

use super::{Chain, MysqlViews, by_id, each, first, sql_limit};
use crate::mysql::sql::statement;
use crate::selects::{select_answer, select_entry, select_login};

const ENTRIES: Chain =
    Chain { table: "points_entry", link: "entry_id", previous: "previous_entry_id", newest: "last_entry_id" };

impl AccountViews for MysqlViews {
    fn balance(&self, user: UserId) -> Reading<'_, Money> {
        let select = by_id("SELECT balance FROM points_account", "user_id", user.0);
        self.read(select, |answers| Ok(first(answers)?.map_or(Money::ZERO, Money::won)))
    }

    fn is_known(&self, user: UserId) -> Reading<'_, bool> {
        let select = "SELECT user_id FROM customer WHERE user_id = ? UNION ALL SELECT user_id FROM login WHERE user_id = ? LIMIT 1";
        self.read([statement(select, &[&user.0, &user.0])], |answers| Ok(first::<i64>(answers)?.is_some()))
    }

    fn entries_of(&self, user: UserId, before: Option<EntryId>, limit: usize) -> Reading<'_, Vec<Entry>> {
        self.list(limit, move |limit| {
            let chain = ENTRIES.of(user.0, before.map(|before| before.0), limit);
            format!("{chain}{}JOIN chain ON entry_id = link ORDER BY depth", select_entry!(""))
        })
    }

    fn login(&self, email: EmailKey) -> Reading<'_, Option<Login>> {
        let select = statement(select_login!("WHERE email_key = ?"), &[&email.0]);
        self.read([select], first)
    }

    fn login_of(&self, user: UserId) -> Reading<'_, Option<Login>> {
        let select = statement(select_login!("WHERE user_id = ?"), &[&user.0]);
        self.read([select], first)
    }

    fn staff(&self, after: Option<UserId>, limit: usize) -> Reading<'_, Vec<Login>> {
        let rest = "WHERE user_id > ? AND role IN ('viewer', 'operator', 'admin') ORDER BY user_id";
        let rest = statement(rest, &[&after.map_or(i64::MIN, |after| after.0)]);
        self.list(limit, move |limit| format!("{}{rest} LIMIT {limit}", select_login!("")))
    }

    fn answer(&self, key: AnswerKey) -> Reading<'_, Option<StoredAnswer>> {
        self.read([statement(select_answer!("WHERE `key` = ?"), &[&key.0])], first)
    }

    fn answers_before(&self, moment: Timestamp, limit: usize) -> Reading<'_, Vec<AnswerKey>> {
        // Answers are numbered in order of time, so the first that is recent enough ends the search.
        let select = "SELECT `key`, answered_at FROM idempotency ORDER BY idempotency_id LIMIT ?";
        self.read([statement(select, &[&sql_limit(limit)])], move |answers| {
            let all: Vec<(AnswerKey, i64)> = each(answers)?;
            Ok(all.into_iter().take_while(|(_, at)| *at < moment.micros()).map(|(key, _)| key).collect())
        })
    }
}
