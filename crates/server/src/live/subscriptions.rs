//! Subscriptions to users' notices. A wake-up carries no data: the woken client reads what is new.

use std::collections::HashMap;
use std::sync::Arc;

use domain::ids::UserId;
use parking_lot::Mutex;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;
use tokio::sync::watch;

use crate::metrics::Metrics;

/// All subscriptions of this process.
pub struct Subscriptions {
    /// `None` once the shop is closing.
    users: Mutex<Option<HashMap<UserId, watch::Sender<()>>>>,
    per_user_max: usize,
    listeners: Gauge,
    too_slow: Counter,
}

impl Subscriptions {
    /// `per_user_max` is the most streams that one user may have.
    pub fn new(metrics: &Metrics, per_user_max: usize) -> Subscriptions {
        let (listeners, too_slow) = (Gauge::default(), Counter::default());
        metrics.register(|registry| {
            registry.register("notice_streams", "Open streams of notices", listeners.clone());
            let help = "WebSockets given up because their reader takes nothing";
            registry.register("notice_sockets_too_slow", help, too_slow.clone());
        });
        Subscriptions { users: Mutex::new(Some(HashMap::new())), per_user_max, listeners, too_slow }
    }

    /// Counts a client that was disconnected because it reads too slowly.
    pub(crate) fn note_too_slow(&self) {
        self.too_slow.inc();
    }

    /// Subscribes to a user's notices.
    ///
    /// # Errors
    /// `Closing` once the shop is closing; `TooMany` if the user has the most streams allowed.
    pub fn join(self: &Arc<Self>, user: UserId) -> Result<Subscription, SubscribeError> {
        let mut users = self.users.lock();
        let listeners = users.as_mut().ok_or(SubscribeError::Closing)?.entry(user).or_default();
        if listeners.receiver_count() >= self.per_user_max {
            return Err(SubscribeError::TooMany(self.per_user_max));
        }
        let woken = listeners.subscribe();
        self.listeners.inc();
        Ok(Subscription { subscriptions: Arc::clone(self), user, woken })
    }

    /// Wakes the subscriptions to these users' notices, and no others.
    pub fn wake(&self, users: &[UserId]) {
        if users.is_empty() {
            return;
        }
        let listened = self.users.lock();
        let Some(listened) = listened.as_ref().filter(|listened| !listened.is_empty()) else { return };
        for listeners in users.iter().filter_map(|user| listened.get(user)) {
            listeners.send_replace(());
        }
    }

    /// Returns the users with at least one subscription.
    pub fn users(&self) -> Vec<UserId> {
        self.users.lock().as_ref().map(|users| users.keys().copied().collect()).unwrap_or_default()
    }

    /// Ends all subscriptions, and refuses new ones.
    pub fn close(&self) {
        self.users.lock().take();
    }
}

/// Why a user cannot subscribe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SubscribeError {
    Closing,
    /// The user has the most streams allowed, which is this number.
    TooMany(usize),
}

/// One stream's subscription. Dropping it unsubscribes.
pub struct Subscription {
    subscriptions: Arc<Subscriptions>,
    user: UserId,
    woken: watch::Receiver<()>,
}

impl Subscription {
    /// Waits for the next wake-up, including one since the last call. Returns `false` if the shop is closing.
    pub async fn woken(&mut self) -> bool {
        self.woken.changed().await.is_ok()
    }

    pub fn is_closed(&self) -> bool {
        self.woken.has_changed().is_err()
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        self.subscriptions.listeners.dec();
        let mut users = self.subscriptions.users.lock();
        let Some(users) = users.as_mut() else { return };
        // This subscription itself is still counted.
        if users.get(&self.user).is_some_and(|listeners| listeners.receiver_count() <= 1) {
            users.remove(&self.user);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANN: UserId = UserId(1);
    const BOB: UserId = UserId(2);

    fn subscriptions() -> Arc<Subscriptions> {
        Arc::new(Subscriptions::new(&Metrics::new(), 2))
    }

    #[tokio::test]
    async fn only_the_users_subscriptions_wake() {
        let subscriptions = subscriptions();
        let (mut ann, mut bob) = (subscriptions.join(ANN).unwrap(), subscriptions.join(BOB).unwrap());
        subscriptions.wake(&[ANN]);
        assert!(ann.woken().await);
        tokio::select! {
            biased;
            _ = bob.woken() => panic!("nothing happened to Bob"),
            _ = ann.woken() => panic!("one wake-up is one"),
            () = tokio::task::yield_now() => {}
        }
    }

    #[tokio::test]
    async fn dropping_a_subscription_leaves_nothing_behind() {
        let subscriptions = subscriptions();
        let (first, second) = (subscriptions.join(ANN).unwrap(), subscriptions.join(ANN).unwrap());
        drop(first);
        assert_eq!(subscriptions.users.lock().as_ref().unwrap().len(), 1);
        drop(second);
        assert!(subscriptions.users.lock().as_ref().unwrap().is_empty());
        assert_eq!(subscriptions.listeners.get(), 0);
    }

    #[tokio::test]
    async fn one_user_has_a_limited_number_of_subscriptions() {
        let subscriptions = subscriptions();
        let held = [subscriptions.join(ANN), subscriptions.join(ANN)].map(Result::unwrap);
        assert_eq!(subscriptions.join(ANN).err(), Some(SubscribeError::TooMany(2)));
        assert!(subscriptions.join(BOB).is_ok());
        drop(held);
        assert!(subscriptions.join(ANN).is_ok());
    }

    #[tokio::test]
    async fn all_subscriptions_end_when_the_shop_closes() {
        let subscriptions = subscriptions();
        let mut ann = subscriptions.join(ANN).unwrap();
        assert!(!ann.is_closed());
        subscriptions.close();
        assert!(ann.is_closed());
        assert!(!ann.woken().await);
        assert_eq!(subscriptions.join(BOB).err(), Some(SubscribeError::Closing));
    }
}
