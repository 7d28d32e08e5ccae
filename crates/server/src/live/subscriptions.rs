//! Those who listen to a user's notices. A wake-up carries nothing: who wakes looks what is new.

use std::collections::HashMap;
use std::sync::Arc;

use domain::ids::UserId;
use parking_lot::Mutex;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;
use tokio::sync::watch;

use crate::metrics::Metrics;

pub struct Subscriptions {
    /// `None` once the shop is closing.
    users: Mutex<Option<HashMap<UserId, watch::Sender<()>>>>,
    of_one_max: usize,
    listeners: Gauge,
    too_slow: Counter,
}

impl Subscriptions {
    /// `of_one_max`: how many streams one user may have.
    pub fn new(metrics: &Metrics, of_one_max: usize) -> Subscriptions {
        let (listeners, too_slow) = (Gauge::default(), Counter::default());
        metrics.register(|registry| {
            registry.register("notice_streams", "Open streams of notices", listeners.clone());
            let help = "WebSockets given up because their reader takes nothing";
            registry.register("notice_sockets_too_slow", help, too_slow.clone());
        });
        Subscriptions { users: Mutex::new(Some(HashMap::new())), of_one_max, listeners, too_slow }
    }

    /// Counts a reader who is told to come back, because he takes nothing.
    pub(crate) fn note_too_slow(&self) {
        self.too_slow.inc();
    }

    /// Begins to listen.
    pub fn join(self: &Arc<Self>, user: UserId) -> Result<Subscription, NoSeat> {
        let mut users = self.users.lock();
        let listeners = users.as_mut().ok_or(NoSeat::Closing)?.entry(user).or_default();
        if listeners.receiver_count() >= self.of_one_max {
            return Err(NoSeat::TooMany(self.of_one_max));
        }
        let woken = listeners.subscribe();
        self.listeners.inc();
        Ok(Subscription { subscriptions: Arc::clone(self), user, woken })
    }

    /// Wakes those who listen to these users, and nobody else.
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

    /// Those who are listened to.
    pub fn users(&self) -> Vec<UserId> {
        self.users.lock().as_ref().map(|users| users.keys().copied().collect()).unwrap_or_default()
    }

    /// Sends everybody home; nobody is let in any more.
    pub fn close(&self) {
        self.users.lock().take();
    }
}

/// Why somebody cannot listen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoSeat {
    Closing,
    /// The user has so many streams, which is the most.
    TooMany(usize),
}

/// One listener's place.
pub struct Subscription {
    subscriptions: Arc<Subscriptions>,
    user: UserId,
    woken: watch::Receiver<()>,
}

impl Subscription {
    /// Returns once there was a wake-up that this did not return for yet. `false` when the shop is closing.
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
        // This seat itself is still counted.
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
    async fn only_those_who_are_meant_wake() {
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
    async fn who_leaves_leaves_nothing_behind() {
        let subscriptions = subscriptions();
        let (first, second) = (subscriptions.join(ANN).unwrap(), subscriptions.join(ANN).unwrap());
        drop(first);
        assert_eq!(subscriptions.users.lock().as_ref().unwrap().len(), 1);
        drop(second);
        assert!(subscriptions.users.lock().as_ref().unwrap().is_empty());
        assert_eq!(subscriptions.listeners.get(), 0);
    }

    #[tokio::test]
    async fn one_user_takes_no_more_than_a_few_places() {
        let subscriptions = subscriptions();
        let held = [subscriptions.join(ANN), subscriptions.join(ANN)].map(Result::unwrap);
        assert_eq!(subscriptions.join(ANN).err(), Some(NoSeat::TooMany(2)));
        assert!(subscriptions.join(BOB).is_ok());
        drop(held);
        assert!(subscriptions.join(ANN).is_ok());
    }

    #[tokio::test]
    async fn everybody_goes_home_when_the_shop_closes() {
        let subscriptions = subscriptions();
        let mut ann = subscriptions.join(ANN).unwrap();
        assert!(!ann.is_closed());
        subscriptions.close();
        assert!(ann.is_closed());
        assert!(!ann.woken().await);
        assert_eq!(subscriptions.join(BOB).err(), Some(NoSeat::Closing));
    }
}
