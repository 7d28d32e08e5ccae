//! How users want to be notified, and what is on its way to them.

use app::ports::views::{NotificationViews, Reading};
use domain::ids::UserId;
use domain::notification::{Channel, Notification, Settings};
use domain::time::Timestamp;

use super::SqliteViews;
use crate::records::json_cell;
use crate::selects::{select_notification, select_notification_settings};
use crate::sqlite::cells::{find, find_readable};
use crate::sqlite::store::notification_settings;

impl NotificationViews for SqliteViews {
    fn notification_settings(&self, user: UserId) -> Reading<'_, Option<Settings>> {
        self.read(move |connection| notification_settings(connection, user))
    }

    fn notified(&self, users: Vec<UserId>) -> Reading<'_, Vec<Settings>> {
        self.list(usize::MAX, move |connection, _| {
            let users = json_cell(&users.iter().map(|user| user.0).collect::<Vec<_>>());
            let sql = select_notification_settings!(
                "WHERE user_id IN (SELECT value FROM json_each(?1)) AND is_notified = 1 ORDER BY user_id"
            );
            find_readable(connection, sql, [users])
        })
    }

    fn is_anybody_notified(&self) -> Reading<'_, bool> {
        self.read(|connection| {
            let sql = "SELECT user_id FROM notification_settings WHERE is_notified = 1 LIMIT 1";
            Ok(find::<i64>(connection, sql, [])?.is_some())
        })
    }

    fn due_notifications(&self, channel: Channel, now: Timestamp, limit: usize) -> Reading<'_, Vec<Notification>> {
        self.list(limit, move |connection, limit| {
            let sql = select_notification!("WHERE channel = ?1 AND due_at <= ?2 ORDER BY due_at, event_id LIMIT ?3");
            find_readable(connection, sql, (channel.name(), now.micros(), limit))
        })
    }
}
