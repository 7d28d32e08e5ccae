//! Users: their points, their logins, and the stored answers to their requests.

use app::ports::views::{AccountViews, Reading};
use app::state::rows::{AnswerKey, EmailKey, Entry, Login, StoredAnswer};
use domain::ids::{EntryId, UserId};
use domain::money::Money;
use domain::time::Timestamp;

use super::{Chain, ChainPlace, SqliteViews, sql_limit};
use crate::selects::{select_answer, select_entry, select_login};
use crate::sqlite::cells::{find, find_readable, from_row};

const ENTRIES: Chain = Chain {
    newest: "SELECT last_entry_id FROM customer WHERE user_id = ?1",
    previous: "SELECT previous_entry_id FROM points_entry WHERE entry_id = ?1 AND user_id = ?2",
};

const SELECT_KNOWN: &str = "SELECT user_id FROM customer WHERE user_id = ?1
     UNION ALL SELECT user_id FROM login WHERE user_id = ?1 LIMIT 1";

impl AccountViews for SqliteViews {
    fn balance(&self, user: UserId) -> Reading<'_, Money> {
        self.read(move |connection| {
            let sql = "SELECT balance FROM points_account WHERE user_id = ?1";
            let balance = find(connection, sql, [user.0])?;
            Ok(balance.map_or(Money::ZERO, Money::won))
        })
    }

    fn is_known(&self, user: UserId) -> Reading<'_, bool> {
        self.read(move |connection| {
            let rows: Option<i64> = find(connection, SELECT_KNOWN, [user.0])?;
            Ok(rows.is_some())
        })
    }

    fn entries_of(&self, user: UserId, before: Option<EntryId>, limit: usize) -> Reading<'_, Vec<Entry>> {
        self.read(move |connection| {
            let first = ENTRIES.first(connection, user, before.map(|before| before.0))?;
            let at = ChainPlace { user, first, left_out: &self.left_out };
            ENTRIES.readable(connection, at, limit, |id| {
                let entry = find(connection, select_entry!("WHERE entry_id = ?1"), [id])?;
                Ok(entry.map(|entry: Entry| (entry, entry.previous.map(|previous| previous.0))))
            })
        })
    }

    fn login(&self, email: EmailKey) -> Reading<'_, Option<Login>> {
        self.read(move |connection| find(connection, select_login!("WHERE email_key = ?1"), [email.0.as_slice()]))
    }

    fn login_of(&self, user: UserId) -> Reading<'_, Option<Login>> {
        self.read(move |connection| find(connection, select_login!("WHERE user_id = ?1"), [user.0]))
    }

    fn staff(&self, after: Option<UserId>, limit: usize) -> Reading<'_, Vec<Login>> {
        self.list(limit, move |connection, limit| {
            let sql = select_login!(
                "WHERE user_id > ?1 AND role IN ('viewer', 'operator', 'admin') ORDER BY user_id LIMIT ?2"
            );
            find_readable(connection, sql, (after.map_or(i64::MIN, |after| after.0), limit))
        })
    }

    fn answer(&self, key: AnswerKey) -> Reading<'_, Option<StoredAnswer>> {
        self.read(move |connection| find(connection, select_answer!("WHERE `key` = ?1"), [key.0.as_slice()]))
    }

    fn answers_before(&self, moment: Timestamp, limit: usize) -> Reading<'_, Vec<AnswerKey>> {
        self.read(move |connection| {
            // Answers are numbered in order of time, so the first that is recent enough ends the search.
            let sql = "SELECT key, answered_at FROM idempotency ORDER BY idempotency_id LIMIT ?1";
            let mut statement = connection.prepare_cached(sql)?;
            let mut rows = statement.query([sql_limit(limit)])?;
            let mut old = vec![];
            while let Some(row) = rows.next()? {
                let (key, answered_at): (AnswerKey, i64) = from_row(row)?;
                if answered_at >= moment.micros() {
                    break;
                }
                old.push(key);
            }
            Ok(old)
        })
    }
}
