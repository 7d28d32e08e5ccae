//! Those who wait for the outcome of an order or a request. A wake-up carries nothing: who wakes looks again.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use app::ports::{StoreError, Wake};
use app::views::Reading;
use domain::ids::{OrderId, RequestId};
use parking_lot::Mutex;
use tokio::sync::Notify;

/// What somebody waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Subject {
    Order(OrderId),
    Request(RequestId),
}

#[derive(Default)]
pub struct Waiting {
    subjects: Mutex<BTreeMap<Subject, Arc<Notify>>>,
}

impl Waiting {
    /// Asks `look` each time the subject changes until what it finds `is_done`, for at most `patience`.
    pub async fn until<'a, T: Send>(
        &self,
        subject: Subject,
        patience: Duration,
        look: impl Fn() -> Reading<'a, Option<T>> + Send,
        is_done: impl Fn(&T) -> bool + Send,
    ) -> Result<Option<T>, StoreError> {
        let woken = self.subjects.lock().entry(subject).or_default().clone();
        let found = tokio::time::timeout(patience, async {
            loop {
                // Listening begins before looking, so that a change in between is not missed.
                let change = woken.notified();
                if let Some(found) = look().await?.filter(&is_done) {
                    return Ok(Some(found));
                }
                change.await;
            }
        })
        .await;
        self.leave(subject, &woken);
        found.unwrap_or(Ok(None))
    }

    /// Wakes everybody whose subject a commit touched.
    pub fn wake(&self, wake: &Wake) {
        let subjects = self.subjects.lock();
        if subjects.is_empty() {
            return;
        }
        let orders = wake.orders.iter().map(|order| Subject::Order(*order));
        let requests = wake.requests.iter().map(|request| Subject::Request(*request));
        for subject in orders.chain(requests) {
            if let Some(waiting) = subjects.get(&subject) {
                waiting.notify_waiters();
            }
        }
    }

    /// What is waited for.
    pub fn subjects(&self) -> Vec<Subject> {
        self.subjects.lock().keys().copied().collect()
    }

    fn leave(&self, subject: Subject, woken: &Arc<Notify>) {
        let mut subjects = self.subjects.lock();
        // Two hands hold it when nobody else waits: the map's and this one.
        if Arc::strong_count(woken) <= 2 {
            subjects.remove(&subject);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    const SUBJECT: Subject = Subject::Order(OrderId(1));

    #[tokio::test]
    async fn who_waits_is_woken_and_leaves_nothing_behind() {
        let waiting = Arc::new(Waiting::default());
        let looks = AtomicUsize::new(0);
        let look = || -> Reading<'_, Option<usize>> {
            let seen = looks.fetch_add(1, Ordering::Relaxed);
            Box::pin(async move { Ok(Some(seen)) })
        };
        let waker = async {
            while waiting.subjects.lock().is_empty() {
                tokio::task::yield_now().await;
            }
            waiting.wake(&Wake { orders: vec![OrderId(1)], ..Wake::default() });
        };
        let (found, ()) = tokio::join!(waiting.until(SUBJECT, Duration::from_secs(30), look, |seen| *seen == 1), waker);
        assert_eq!(found, Ok(Some(1)));
        assert!(waiting.subjects.lock().is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn patience_ends() {
        let waiting = Waiting::default();
        let never = || -> Reading<'static, Option<()>> { Box::pin(async { Ok(None) }) };
        let found = waiting.until(SUBJECT, Duration::from_secs(1), never, |()| true).await;
        assert_eq!(found, Ok(None));
    }
}
