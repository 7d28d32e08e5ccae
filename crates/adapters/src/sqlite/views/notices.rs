//! A user's notices, read backwards from the newest.

use app::ports::views::{NoticeViews, Notices, Reach, Reading, ToldNotice};
use domain::ids::{NoticeId, UserId};
use rusqlite::{Connection, Result};

use super::SqliteViews;
use crate::sqlite::cells::find;

impl NoticeViews for SqliteViews {
    fn notices_after(&self, user: UserId, after: i64, reach: Reach) -> Reading<'_, Notices> {
        self.read(move |connection| {
            let sql = "SELECT notices, last_notice_id FROM customer WHERE user_id = ?1";
            let customer = find(connection, sql, [user.0])?;
            let (last, newest): (i64, Option<i64>) = customer.unwrap_or_default();
            let waiting = if after < last { waiting(connection, newest.map(NoticeId), after, reach)? } else { vec![] };
            let told = waiting.iter().rev().take(reach.page).map(|id| notice(connection, *id));
            Ok(Notices { last, told: told.collect::<Result<_>>()? })
        })
    }
}

/// Returns the notices after a number that can still be delivered, newest first. Their chain has no other index:
/// writing one with every order would cost more than walking over the few notices that a reader has missed.
fn waiting(connection: &Connection, newest: Option<NoticeId>, after: i64, reach: Reach) -> Result<Vec<NoticeId>> {
    let sql = "SELECT number, created_at, previous_notice_id FROM notice WHERE notice_id = ?1";
    let (mut found, mut next) = (vec![], newest);
    while let Some(id) = next {
        let link = find(connection, sql, [id.0])?;
        let Some((number, at, previous)): Option<(i64, i64, Option<i64>)> = link else { break };
        if number <= after || at < reach.since.micros() {
            break;
        }
        if found.len() == reach.waiting_max {
            // Leaves room for notices that arrive while these are delivered, so that one reset is enough.
            found.truncate(reach.waiting_max.div_ceil(2));
            break;
        }
        found.push(id);
        next = previous.map(NoticeId);
    }
    Ok(found)
}

fn notice(connection: &Connection, id: NoticeId) -> Result<ToldNotice> {
    let sql = "SELECT number, kind, data, created_at FROM notice WHERE notice_id = ?1";
    find(connection, sql, [id.0])?.ok_or(rusqlite::Error::QueryReturnedNoRows)
}
