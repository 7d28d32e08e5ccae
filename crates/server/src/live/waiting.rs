//! Those who wait for the outcome of an order or a request. A wake-up carries nothing: who wakes looks again.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use app::ports::views::Reading;
use app::ports::{StoreError, Wake};
use domain::ids::{OrderId, RequestId};
use parking_lot::Mutex;
use tokio::sync::Notify;

/// What somebody waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Subject {
    Order(OrderId),
    Request(RequestId),
}

/// What he knows who begins to wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Known {
    Nothing,
    /// He has just been told that it is not done.
    Undone,
}

/// Subjects that are remembered as woken: more than can be in the moment between an answer and the waiting that follows it.
const LATELY_MAX: usize = 16_384;

#[derive(Default)]
pub struct Waiting {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    subjects: BTreeMap<Subject, Arc<Notify>>,
    lately: Lately,
}

/// The subjects that were woken last, whether or not anybody waited for them.
#[derive(Default)]
struct Lately {
    newer: HashSet<Subject>,
    older: HashSet<Subject>,
}

impl Lately {
    fn note(&mut self, subject: Subject) {
        if self.newer.len() >= LATELY_MAX {
            self.older = std::mem::take(&mut self.newer);
        }
        self.newer.insert(subject);
    }

    fn has(&self, subject: &Subject) -> bool {
        self.newer.contains(subject) || self.older.contains(subject)
    }
}

impl Waiting {
    /// Asks `look` each time the subject changes until what it finds `is_done`, for at most `patience`. Who knows that it was
    /// undone looks only when it was woken since.
    pub async fn until<'a, T: Send>(
        &self,
        (subject, known): (Subject, Known),
        patience: Duration,
        look: impl Fn() -> Reading<'a, Option<T>> + Send,
        is_done: impl Fn(&T) -> bool + Send,
    ) -> Result<Option<T>, StoreError> {
        let woken = Arc::clone(self.state.lock().subjects.entry(subject).or_default());
        let mut must_look = known == Known::Nothing;
        let found = tokio::time::timeout(patience, async {
            loop {
                // Listening begins before looking, so that a change in between is not missed.
                let change = woken.notified();
                must_look |= self.state.lock().lately.has(&subject);
                if must_look && let Some(found) = look().await?.filter(&is_done) {
                    return Ok(Some(found));
                }
                change.await;
                must_look = true;
            }
        })
        .await;
        self.leave(subject, &woken);
        found.unwrap_or(Ok(None))
    }

    /// Wakes everybody whose subject a commit touched.
    pub fn wake(&self, wake: &Wake) {
        let mut state = self.state.lock();
        let orders = wake.orders.iter().map(|order| Subject::Order(*order));
        let requests = wake.requests.iter().map(|request| Subject::Request(*request));
        for subject in orders.chain(requests) {
            state.lately.note(subject);
            if let Some(waiting) = state.subjects.get(&subject) {
                waiting.notify_waiters();
            }
        }
    }

    /// What is waited for.
    pub fn subjects(&self) -> Vec<Subject> {
        self.state.lock().subjects.keys().copied().collect()
    }

    fn leave(&self, subject: Subject, woken: &Arc<Notify>) {
        let mut state = self.state.lock();
        // Two hands hold it when nobody else waits: the map's and this one.
        if Arc::strong_count(woken) <= 2 {
            state.subjects.remove(&subject);
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
            while waiting.subjects().is_empty() {
                tokio::task::yield_now().await;
            }
            waiting.wake(&Wake { orders: vec![OrderId(1)], ..Wake::default() });
        };
        let (found, ()) = tokio::join!(
            waiting.until((SUBJECT, Known::Nothing), Duration::from_secs(30), look, |seen| *seen == 1),
            waker
        );
        assert_eq!(found, Ok(Some(1)));
        assert!(waiting.subjects().is_empty());
    }

    /// Between an answer and the waiting for what follows it, the outcome may have come.
    #[tokio::test(start_paused = true)]
    async fn who_knows_that_it_is_not_done_looks_only_when_woken() {
        let waiting = Waiting::default();
        let looks = AtomicUsize::new(0);
        let look = || -> Reading<'_, Option<usize>> {
            let seen = looks.fetch_add(1, Ordering::Relaxed);
            Box::pin(async move { Ok(Some(seen)) })
        };
        let second = Duration::from_secs(1);
        assert_eq!(waiting.until((SUBJECT, Known::Undone), second, look, |_| true).await, Ok(None));
        assert_eq!(looks.load(Ordering::Relaxed), 0);
        waiting.wake(&Wake { orders: vec![OrderId(1)], ..Wake::default() });
        assert_eq!(waiting.until((SUBJECT, Known::Undone), second, look, |_| true).await, Ok(Some(0)));
    }

    #[test]
    fn only_the_latest_are_remembered() {
        let mut lately = Lately::default();
        let subject = |number: usize| Subject::Order(OrderId(number as i64));
        (0..3 * LATELY_MAX).for_each(|number| lately.note(subject(number)));
        assert!(lately.has(&subject(2 * LATELY_MAX)) && !lately.has(&subject(0)));
        assert!(lately.newer.len() + lately.older.len() <= 2 * LATELY_MAX);
    }

    #[tokio::test(start_paused = true)]
    async fn patience_ends() {
        let waiting = Waiting::default();
        let never = || -> Reading<'static, Option<()>> { Box::pin(async { Ok(None) }) };
        let found = waiting.until((SUBJECT, Known::Nothing), Duration::from_secs(1), never, |()| true).await;
        assert_eq!(found, Ok(None));
    }
}
