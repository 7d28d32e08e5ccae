//! Settings of notifications, and what is on its way.

use app::events::outbox::uuid;
use app::state::rows::Rows;
use app::state::table::Change;
use domain::ids::UserId;
use domain::notification::{Notification, NotificationKey, Settings};
use domain::time::Timestamp;
use rusqlite::{Connection, Result, params};

use super::put_all::put_all;
use crate::selects::{select_notification, select_notification_settings};
use crate::sqlite::cells::{Run as _, find};

pub(in crate::sqlite) fn settings(connection: &Connection, user: UserId) -> Result<Option<Settings>> {
    find(connection, select_notification_settings!("WHERE user_id = ?1"), [user.0])
}

pub(super) fn notification(connection: &Connection, key: NotificationKey) -> Result<Option<Notification>> {
    let sql = select_notification!("WHERE event_id = ?1 AND channel = ?2");
    find(connection, sql, (uuid(key.event), key.channel.name()))
}

pub(super) fn write(connection: &Connection, rows: &Rows) -> Result<()> {
    write_settings(connection, rows)?;
    write_notifications(connection, rows)
}

fn write_settings(connection: &Connection, rows: &Rows) -> Result<()> {
    let sql = "INSERT INTO notification_settings (user_id, phone, push_token, language, email_since, push_since,
                   sms_since, is_notified, updated_at)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
               ON CONFLICT DO UPDATE SET phone = excluded.phone, push_token = excluded.push_token,
                   language = excluded.language, email_since = excluded.email_since,
                   push_since = excluded.push_since, sms_since = excluded.sms_since,
                   is_notified = excluded.is_notified, updated_at = excluded.updated_at";
    put_all(connection, &rows.notification_settings, sql, |put, key, settings| {
        put.run(params![
            key.0.0,
            settings.phone,
            settings.push_token,
            settings.language.name(),
            settings.email_since.map(Timestamp::micros),
            settings.push_since.map(Timestamp::micros),
            settings.sms_since.map(Timestamp::micros),
            settings.wants_any(),
            settings.updated_at.micros(),
        ])
    })
}

fn write_notifications(connection: &Connection, rows: &Rows) -> Result<()> {
    let changes = rows.notifications.changes();
    if changes.is_empty() {
        return Ok(());
    }
    let mut put = connection.prepare_cached(
        "INSERT INTO notification (event_id, channel, user_id, shard, seq, state, tries, attempts, due_at, error,
             created_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
         ON CONFLICT DO UPDATE SET state = excluded.state, tries = excluded.tries, attempts = excluded.attempts,
             due_at = excluded.due_at, error = excluded.error",
    )?;
    let mut delete = connection.prepare_cached("DELETE FROM notification WHERE event_id = ?1 AND channel = ?2")?;
    for (key, change) in changes {
        let (event, channel) = (uuid(key.event), key.channel.name());
        match change {
            Change::Insert(row) | Change::Update(row) => put.run(params![
                event,
                channel,
                row.user.0,
                row.slot.shard,
                row.slot.seq,
                row.state.name(),
                row.tries,
                row.attempts,
                row.due.map(Timestamp::micros),
                row.error,
                row.created_at.micros(),
            ])?,
            Change::Delete => delete.run((event, channel))?,
        };
    }
    Ok(())
}
