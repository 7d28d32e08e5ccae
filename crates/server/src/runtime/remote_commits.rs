//! Wakes subscribers and waiting requests of this process after commits of other processes: by notification if there is
//! a notifier, else by polling.

use std::collections::HashMap;
use std::hash::Hash;
use std::io;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use app::ports::views::{ChangeFeed, Watched};
use app::ports::{Notification, Notifier, StoreError, Wake};
use domain::ids::{OrderId, RequestId, UserId};

use crate::live::subscriptions::Subscriptions;
use crate::live::waiting::{Subject, Waiting};
use crate::runtime::health::{AtWork, Health};
use crate::runtime::shutdown::Stop;

/// Polling interval without notifications, for all subscribers together.
const POLL_EVERY: Duration = Duration::from_millis(50);
/// Polling interval with notifications, because one may be lost.
const POLL_NOTIFIED_EVERY: Duration = Duration::from_secs(1);

/// Watches for the commits of other processes.
pub struct RemoteCommits {
    changes: Option<Arc<dyn ChangeFeed>>,
    notifier: Option<Arc<dyn Notifier>>,
    home: Home,
    seen: Seen,
}

/// The subscribers and waiting requests of this process.
#[derive(Clone)]
struct Home {
    waiting: Arc<Waiting>,
    subscriptions: Arc<Subscriptions>,
}

/// The position of everything watched at the last poll.
#[derive(Default)]
struct Seen {
    pulse: Option<i64>,
    users: HashMap<UserId, i64>,
    orders: HashMap<OrderId, i64>,
    requests: HashMap<RequestId, i64>,
}

impl RemoteCommits {
    pub fn new(
        changes: Option<Arc<dyn ChangeFeed>>,
        notifier: Option<Arc<dyn Notifier>>,
        waiting: Arc<Waiting>,
        subscriptions: Arc<Subscriptions>,
    ) -> RemoteCommits {
        RemoteCommits { changes, notifier, home: Home { waiting, subscriptions }, seen: Seen::default() }
    }

    /// Starts the watch on its own thread; `None` where no other process commits.
    pub fn start(self, stop: Stop, health: &Arc<Health>) -> io::Result<Option<JoinHandle<()>>> {
        let Some(changes) = self.changes.clone() else { return Ok(None) };
        if let Some(notifier) = &self.notifier {
            let home = self.home.clone();
            notifier.listen(Box::new(move |notification| home.notify(notification)));
        }
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
        let at_work = AtWork::new(health, "The thread that watches for commits of other processes has panicked.");
        let run = move || {
            let _at_work = at_work;
            runtime.block_on(self.run(&*changes, stop));
        };
        std::thread::Builder::new().name("remote-commits".to_owned()).spawn(run).map(Some)
    }

    async fn run(mut self, changes: &dyn ChangeFeed, mut stop: Stop) {
        let mut is_failing = false;
        while !stop.is_requested() {
            let polled = self.poll_once(changes).await;
            if let (Err(error), false) = (&polled, is_failing) {
                tracing::warn!("The commits of other processes cannot be read: {error}");
            }
            is_failing = polled.is_err();
            let is_heard = self.notifier.as_ref().is_some_and(|notifier| notifier.is_heard());
            tokio::select! {
                () = tokio::time::sleep(if is_heard { POLL_NOTIFIED_EVERY } else { POLL_EVERY }) => {}
                () = stop.requested() => {}
            }
        }
    }

    /// Wakes everything that changed since the last poll.
    async fn poll_once(&mut self, changes: &dyn ChangeFeed) -> Result<(), StoreError> {
        let watched = self.home.watched();
        if watched == Watched::default() {
            // New subscribers first read the store themselves; the position they saw is unknown here.
            self.seen = Seen::default();
            return Ok(());
        }
        let pulse = changes.pulse().await?;
        if self.seen.pulse == Some(pulse) {
            return Ok(());
        }
        let marks = changes.marks(watched).await?;
        let wake = Wake {
            users: moved(&mut self.seen.users, marks.users),
            orders: moved(&mut self.seen.orders, marks.orders),
            requests: moved(&mut self.seen.requests, marks.requests),
        };
        self.seen.pulse = Some(pulse);
        self.home.notify(Notification::Wake(wake));
        Ok(())
    }
}

/// Returns the ids whose mark changed or is new. Forgets ids that are no longer watched.
fn moved<T: Copy + Eq + Hash>(seen: &mut HashMap<T, i64>, marks: Vec<(T, i64)>) -> Vec<T> {
    let moved = marks.iter().filter(|(id, mark)| seen.get(id) != Some(mark)).map(|(id, _)| *id).collect();
    *seen = marks.into_iter().collect();
    moved
}

impl Home {
    fn watched(&self) -> Watched {
        let mut watched = Watched { users: self.subscriptions.users(), ..Watched::default() };
        for subject in self.waiting.subjects() {
            match subject {
                Subject::Order(order) => watched.orders.push(order),
                Subject::Request(request) => watched.requests.push(request),
            }
        }
        watched
    }

    fn notify(&self, notification: Notification) {
        let wake = match notification {
            Notification::Wake(wake) => wake,
            Notification::Nothing => {
                let Watched { users, orders, requests } = self.watched();
                Wake { users, orders, requests }
            }
        };
        self.waiting.wake(&wake);
        self.subscriptions.wake(&wake.users);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANN: UserId = UserId(1);
    const BOB: UserId = UserId(2);

    #[test]
    fn only_subscribers_with_a_new_mark_are_woken() {
        let mut seen = HashMap::new();
        assert_eq!(moved(&mut seen, vec![(ANN, 1), (BOB, 1)]), [ANN, BOB], "unknown marks count as new");
        assert_eq!(moved(&mut seen, vec![(ANN, 1), (BOB, 2)]), [BOB]);
        assert!(moved(&mut seen, vec![(BOB, 2)]).is_empty());
        assert_eq!(moved(&mut seen, vec![(ANN, 1), (BOB, 2)]), [ANN], "she subscribed again");
    }
}
