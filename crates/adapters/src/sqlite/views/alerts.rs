//! Alerts, and what only alerts count.

use app::ports::views::{AlertViews, Reading};
use domain::alert::Alert;
use domain::ids::AlertId;

use super::SqliteViews;
use crate::selects::select_alert;
use crate::sqlite::cells::{find, find_all, find_readable};

impl AlertViews for SqliteViews {
    fn alerts(&self, is_open: bool, before: Option<AlertId>, limit: usize) -> Reading<'_, Vec<Alert>> {
        self.list(limit, move |connection, limit| {
            let before = before.map_or(i64::MAX, |before| before.0);
            let page = (before, limit);
            if is_open {
                // Its condition is that of the partial index: closed alerts are not read past.
                let sql = select_alert!(
                    "INDEXED BY alert_open WHERE cleared_at IS NULL AND alert_id < ?1 ORDER BY alert_id DESC LIMIT ?2"
                );
                return find_readable(connection, sql, page);
            }
            find_readable(connection, select_alert!("WHERE alert_id < ?1 ORDER BY alert_id DESC LIMIT ?2"), page)
        })
    }

    fn dead_deliveries(&self) -> Reading<'_, Vec<(i64, i64)>> {
        self.read(|connection| {
            let sql = "SELECT webhook_id, count(*) FROM webhook_delivery INDEXED BY webhook_delivery_dead
                       WHERE state = 'DEAD_LETTER' GROUP BY webhook_id ORDER BY webhook_id";
            find_all(connection, sql, [])
        })
    }

    fn permanent_letters(&self) -> Reading<'_, i64> {
        self.read(|connection| {
            // The condition of the partial index, word for word, and a narrower one.
            let sql = "SELECT count(*) FROM dead_letter
                       WHERE status IN ('SCHEDULED', 'PERMANENT') AND status = 'PERMANENT'";
            Ok(find(connection, sql, [])?.unwrap_or(0))
        })
    }
}
