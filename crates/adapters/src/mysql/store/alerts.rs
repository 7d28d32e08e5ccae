//! Alerts.

use app::state::rows::{AlertKey, Rows};
use domain::alert::Alert;
use mysql_async::Value;

use super::locking_read::{index, loaded, locked};
use super::upsert::{Upsert, put_all};
use crate::mysql::failure::Result;
use crate::mysql::sql::{Script, is_in};
use crate::selects::select_alert;

/// Reads and locks the open alerts of some keys.
pub(super) fn select_open(keys: &[AlertKey]) -> String {
    let condition = is_in("open_key", keys.iter().map(|key| key.0.as_slice()));
    locked(select_alert!(""), "alert_open", &condition, "open_key")
}

pub(super) fn read_open(keys: Vec<AlertKey>, found: Vec<Vec<Value>>, rows: &mut Rows) -> Result<()> {
    loaded(&mut rows.alerts, keys, index(found, |alert: Alert| (AlertKey::of(&alert), alert))?);
    Ok(())
}

pub(super) fn write(script: &mut Script, rows: &Rows) {
    let written = Upsert {
        head: "INSERT INTO alert (alert_id, alert_key, code, scope, subject, severity, value, threshold, since, \
               cleared_at, reporter, reported_until, next_try_at) VALUES ",
        update: " ON DUPLICATE KEY UPDATE cleared_at = VALUES(cleared_at), reporter = VALUES(reporter), \
                 reported_until = VALUES(reported_until), next_try_at = VALUES(next_try_at)",
    };
    put_all(script, &rows.alerts, written, |insert, key, alert| {
        insert.row(&[
            &alert.id.0,
            &key.0.as_slice(),
            &alert.code.name(),
            &alert.scope,
            &alert.subject,
            &alert.severity.name(),
            &alert.value.in_thousandths(),
            &alert.threshold.in_thousandths(),
            &alert.since,
            &alert.cleared_at,
            &alert.reporter,
            &alert.reported_until,
            &alert.next_try,
        ]);
    });
}
