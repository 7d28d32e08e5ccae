//! Settings of notifications, and what is on its way.

use app::events::outbox::uuid;
use app::state::rows::{NotificationSettingsKey, Rows};
use domain::ids::UserId;
use domain::notification::{Notification, NotificationKey, Settings};
use mysql_async::Value;

use super::locking_read::{index, loaded, locked};
use super::upsert::{Index, Upsert, delete, put_all};
use crate::mysql::failure::Result;
use crate::mysql::sql::{KEYS_MAX, Script, is_in, statement};
use crate::selects::{select_notification, select_notification_settings};

const NOTIFICATIONS: Index = Index { table: "notification", name: "PRIMARY" };

pub(super) fn select_settings(users: &[UserId]) -> String {
    let condition = is_in("user_id", users.iter().map(|user| user.0));
    locked(select_notification_settings!(""), "PRIMARY", &condition, "user_id")
}

pub(super) fn select(keys: &[NotificationKey]) -> String {
    locked(select_notification!(""), "PRIMARY", &condition(keys), "event_id, channel")
}

fn condition(keys: &[NotificationKey]) -> String {
    let one =
        |key: &NotificationKey| statement("(event_id = ? AND channel = ?)", &[&uuid(key.event), &key.channel.name()]);
    keys.iter().map(one).collect::<Vec<_>>().join(" OR ")
}

pub(super) fn read_settings(users: Vec<UserId>, found: Vec<Vec<Value>>, rows: &mut Rows) -> Result<()> {
    let found = index(found, |settings: Settings| (NotificationSettingsKey(settings.user), settings))?;
    loaded(&mut rows.notification_settings, users.into_iter().map(NotificationSettingsKey), found);
    Ok(())
}

pub(super) fn read(keys: Vec<NotificationKey>, found: Vec<Vec<Value>>, rows: &mut Rows) -> Result<()> {
    loaded(&mut rows.notifications, keys, index(found, |row: Notification| (row.key, row))?);
    Ok(())
}

pub(super) fn write(script: &mut Script, rows: &Rows) {
    write_settings(script, rows);
    write_notifications(script, rows);
}

fn write_settings(script: &mut Script, rows: &Rows) {
    let written = Upsert {
        head: "INSERT INTO notification_settings (user_id, phone, push_token, language, email_since, push_since, \
               sms_since, is_notified, updated_at) VALUES ",
        update: " ON DUPLICATE KEY UPDATE phone = VALUES(phone), push_token = VALUES(push_token), \
                 language = VALUES(language), email_since = VALUES(email_since), push_since = VALUES(push_since), \
                 sms_since = VALUES(sms_since), is_notified = VALUES(is_notified), updated_at = VALUES(updated_at)",
    };
    put_all(script, &rows.notification_settings, written, |insert, key, settings| {
        insert.row(&[
            &key.0.0,
            &settings.phone,
            &settings.push_token,
            &settings.language.name(),
            &settings.email_since,
            &settings.push_since,
            &settings.sms_since,
            &settings.wants_any(),
            &settings.updated_at,
        ]);
    });
}

fn write_notifications(script: &mut Script, rows: &Rows) {
    let written = Upsert {
        head: "INSERT INTO notification (event_id, channel, user_id, shard, seq, state, tries, attempts, due_at, \
               error, created_at) VALUES ",
        update: " ON DUPLICATE KEY UPDATE state = VALUES(state), tries = VALUES(tries), attempts = VALUES(attempts), \
                 due_at = VALUES(due_at), error = VALUES(error)",
    };
    let gone = put_all(script, &rows.notifications, written, |insert, key, row| {
        insert.row(&[
            &uuid(key.event),
            &key.channel.name(),
            &row.user.0,
            &row.slot.shard,
            &row.slot.seq,
            &row.state.name(),
            &row.tries,
            &row.attempts,
            &row.due,
            &row.error,
            &row.created_at,
        ]);
    });
    for keys in gone.chunks(KEYS_MAX) {
        delete(script, NOTIFICATIONS, &condition(keys));
    }
}
