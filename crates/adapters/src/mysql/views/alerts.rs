//! Alerts, and what only alerts count.

use app::ports::views::{AlertViews, Reading};
use domain::alert::Alert;
use domain::ids::AlertId;

use super::{MysqlViews, each, first};
use crate::mysql::sql::statement;
use crate::selects::select_alert;

impl AlertViews for MysqlViews {
    fn alerts(&self, is_open: bool, before: Option<AlertId>, limit: usize) -> Reading<'_, Vec<Alert>> {
        let which = if is_open { "FORCE INDEX (alert_open) WHERE open_key IS NOT NULL AND" } else { "WHERE" };
        let before = before.map_or(i64::MAX, |before| before.0);
        let page = statement(" alert_id < ? ORDER BY alert_id DESC", &[&before]);
        self.list(limit, move |limit| format!("{}{which}{page} LIMIT {limit}", select_alert!("")))
    }

    fn dead_deliveries(&self) -> Reading<'_, Vec<(i64, i64)>> {
        let count = "SELECT dead_of, count(*) FROM webhook_delivery FORCE INDEX (webhook_delivery_dead)
            WHERE dead_of IS NOT NULL GROUP BY dead_of ORDER BY dead_of";
        self.read([count.to_owned()], each)
    }

    fn permanent_letters(&self) -> Reading<'_, i64> {
        let count = "SELECT count(*) FROM dead_letter WHERE status = 'PERMANENT'".to_owned();
        self.read([count], |rows| Ok(first(rows)?.unwrap_or(0)))
    }
}
