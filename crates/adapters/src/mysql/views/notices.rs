//! A user's notices, read backwards from the newest.

use app::ports::StoreError;
use app::ports::views::{NoticeViews, Notices, Reach, Reading};
use domain::ids::{NoticeId, UserId};

use super::{MysqlViews, each, first};
use crate::mysql::sql::{Script, is_in, statement};

/// Links that one statement follows: MySQL follows at most 1,000.
const LINKS: usize = 500;

impl NoticeViews for MysqlViews {
    fn notices_after(&self, user: UserId, after: i64, reach: Reach) -> Reading<'_, Notices> {
        Box::pin(async move {
            let select = "SELECT notices, last_notice_id FROM customer WHERE user_id = ?";
            let select = statement(select, &[&user.0]);
            let customer = self.one(select).await?;
            let customer = first(customer)?;
            let (last, newest): (i64, Option<i64>) = customer.unwrap_or_default();
            if after >= last {
                return Ok(Notices { last, told: vec![] });
            }
            let waiting = self.waiting(newest, after, reach).await?;
            let told = waiting.iter().rev().take(reach.page).map(|id| id.0);
            let told: Vec<i64> = told.collect();
            if told.is_empty() {
                return Ok(Notices { last, told: vec![] });
            }
            let select =
                format!("SELECT number, kind, data, created_at FROM notice WHERE {}", is_in("notice_id", told));
            let told = each(self.one(format!("{select} ORDER BY number")).await?)?;
            Ok(Notices { last, told })
        })
    }
}

impl MysqlViews {
    async fn one(&self, select: String) -> Result<Vec<Vec<Vec<mysql_async::Value>>>, StoreError> {
        self.ask(Script::of(vec![select])).await
    }

    /// Returns the notices after a number that can still be delivered, newest first. Their chain has no other index:
    /// writing one with every order would cost more than walking over the few notices that a reader has missed.
    async fn waiting(&self, newest: Option<i64>, after: i64, reach: Reach) -> Result<Vec<NoticeId>, StoreError> {
        let (mut found, mut next) = (vec![], newest);
        while let Some(id) = next {
            let links = statement(
                "WITH RECURSIVE chain (link, depth) AS (SELECT CAST(? AS SIGNED), 1 UNION ALL
                     SELECT previous_notice_id, depth + 1 FROM chain JOIN notice ON notice_id = link WHERE depth < ?)
                 SELECT notice_id, previous_notice_id FROM chain JOIN notice ON notice_id = link
                 WHERE number > ? AND created_at >= ? ORDER BY depth",
                &[&id, &(LINKS as i64), &after, &reach.since],
            );
            let links: Vec<(i64, Option<i64>)> = each(self.one(links).await?)?;
            next = links.last().filter(|_| links.len() == LINKS).and_then(|(_, previous)| *previous);
            found.extend(links.into_iter().map(|(id, _)| NoticeId(id)));
            if found.len() > reach.waiting_max {
                // Leaves room for notices that arrive while these are delivered, so that one reset is enough.
                found.truncate(reach.waiting_max.div_ceil(2));
                break;
            }
        }
        Ok(found)
    }
}
