//! Alerts.

use app::state::rows::{AlertKey, Rows};
use domain::alert::Alert;
use domain::time::Timestamp;
use rusqlite::{Connection, Result, params};

use super::put_all::put_all;
use crate::selects::select_alert;
use crate::sqlite::cells::{Run as _, find};

/// Returns the open alert of a key.
pub(super) fn open(connection: &Connection, key: AlertKey) -> Result<Option<Alert>> {
    find(connection, select_alert!("WHERE alert_key = ?1 AND cleared_at IS NULL"), [key.0])
}

pub(super) fn write(connection: &Connection, rows: &Rows) -> Result<()> {
    let sql = "INSERT INTO alert (alert_id, alert_key, code, scope, subject, severity, value, threshold, since,
                   cleared_at, reporter, reported_until, next_try_at)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)
               ON CONFLICT (alert_id) DO UPDATE SET cleared_at = excluded.cleared_at, reporter = excluded.reporter,
                   reported_until = excluded.reported_until, next_try_at = excluded.next_try_at";
    put_all(connection, &rows.alerts, sql, |put, key, alert| {
        put.run(params![
            alert.id.0,
            key.0,
            alert.code.name(),
            alert.scope,
            alert.subject,
            alert.severity.name(),
            alert.value.in_thousandths(),
            alert.threshold.in_thousandths(),
            alert.since.micros(),
            alert.cleared_at.map(Timestamp::micros),
            alert.reporter,
            alert.reported_until.map(Timestamp::micros),
            alert.next_try.map(Timestamp::micros),
        ])
    })
}
