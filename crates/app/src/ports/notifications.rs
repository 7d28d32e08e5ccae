//! The port to notifications in the store.

use domain::ids::UserId;
use domain::notification::{self, Channel, Notification};
use domain::time::Timestamp;

use crate::ports::future::Reading;

/// Reads how users want to be notified, and what is on its way to them.
///
/// # Errors
///
/// Reads fail with [`StoreError`](crate::ports::StoreError) when the store is broken or unreachable.
pub trait NotificationViews: Send + Sync {
    fn notification_settings(&self, user: UserId) -> Reading<'_, Option<notification::Settings>>;

    /// Returns the settings of those of these users who want to be notified.
    fn notified(&self, users: Vec<UserId>) -> Reading<'_, Vec<notification::Settings>>;

    /// Returns true if any user wants to be notified.
    fn is_anybody_notified(&self) -> Reading<'_, bool>;

    /// Returns a channel's due notifications, the longest waiting first.
    fn due_notifications(&self, channel: Channel, now: Timestamp, limit: usize) -> Reading<'_, Vec<Notification>>;
}
