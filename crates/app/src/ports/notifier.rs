//! The port that wakes readers at other processes.

use domain::ids::{OrderId, RequestId, UserId};

/// The users, orders and requests that commits concern, without the changes: a woken reader reads the store.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wake {
    pub users: Vec<UserId>,
    pub orders: Vec<OrderId>,
    pub requests: Vec<RequestId>,
}

impl Wake {
    pub fn is_empty(&self) -> bool {
        self.users.is_empty() && self.orders.is_empty() && self.requests.is_empty()
    }
}

/// A message from other processes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notification {
    Wake(Wake),
    /// Something may have been missed; all readers should read the store.
    Nothing,
}

/// Receives every message of other processes; it must not block.
pub type OnNotification = Box<dyn Fn(Notification) + Send + Sync>;

/// Wakes readers at other processes. A message may be lost: a reader that must know also polls.
pub trait Notifier: Send + Sync {
    /// Sends to all other processes; it must not block.
    fn notify(&self, wake: Wake);

    /// Starts to deliver the messages of other processes; called once.
    fn listen(&self, on_notification: OnNotification);

    /// Returns true if messages arrive at present, as far as this process can tell.
    fn is_heard(&self) -> bool;
}
