//! How users want to be notified, and what is on its way to them.

use app::ports::views::{NotificationViews, Reading};
use domain::ids::UserId;
use domain::notification::{Channel, Notification, Settings};
use domain::time::Timestamp;

use super::{MysqlViews, by_id, first};
use crate::mysql::sql::{is_in, statement};
use crate::selects::{select_notification, select_notification_settings};

impl NotificationViews for MysqlViews {
    fn notification_settings(&self, user: UserId) -> Reading<'_, Option<Settings>> {
        self.read(by_id(select_notification_settings!(""), "user_id", user.0), first)
    }

    fn notified(&self, users: Vec<UserId>) -> Reading<'_, Vec<Settings>> {
        if users.is_empty() {
            return Box::pin(std::future::ready(Ok(vec![])));
        }
        let users = is_in("user_id", users.iter().map(|user| user.0));
        let rest = format!("FORCE INDEX (PRIMARY) WHERE {users} AND is_notified ORDER BY user_id");
        self.list(usize::MAX, move |_| select_notification_settings!("").to_owned() + &rest)
    }

    fn is_anybody_notified(&self) -> Reading<'_, bool> {
        let select = "SELECT user_id FROM notification_settings FORCE INDEX (notification_settings_notified) \
                      WHERE is_notified = TRUE LIMIT 1";
        self.read([select.to_owned()], |answers| Ok(first::<i64>(answers)?.is_some()))
    }

    fn due_notifications(&self, channel: Channel, now: Timestamp, limit: usize) -> Reading<'_, Vec<Notification>> {
        let rest = "FORCE INDEX (notification_due) WHERE channel = ? AND due_at <= ?
            ORDER BY due_at, event_id";
        let rest = statement(rest, &[&channel.name(), &now]);
        self.list(limit, move |limit| format!("{}{rest} LIMIT {limit}", select_notification!("")))
    }
}
