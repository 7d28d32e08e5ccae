//! Requests that wait for the outcome of an order or a coupon request. A wake-up carries no data: the woken request reads again.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use app::ports::views::Reading;
use app::ports::{StoreError, Wake};
use domain::ids::{OrderId, RequestId};
use parking_lot::Mutex;
use tokio::sync::Notify;

/// The order or coupon request that a request waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Subject {
    Order(OrderId),
    Request(RequestId),
}

/// What is known of a subject when the wait begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Known {
    Nothing,
    /// The last reply said that it is not done.
    Undone,
}

/// Subjects remembered as recently woken: more than can be woken between a reply and the wait that follows it.
const LATELY_MAX: usize = 16_384;

/// All waiting requests of this process.
#[derive(Default)]
pub struct Waiting {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    subjects: BTreeMap<Subject, Arc<Notify>>,
    lately: Lately,
}

/// The subjects that were woken most recently, even if no request waited for them.
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
    /// Calls `look` each time the subject changes until its result `is_done`, for at most `patience`; `None` after that. With
    /// `Known::Undone`, the first call waits for a wake-up.
    ///
    /// # Errors
    /// The error of `look`.
    #[expect(clippy::too_many_arguments, reason = "what is awaited, and how it is read, belong to one call")]
    pub async fn until<'a, T: Send>(
        &self,
        subject: Subject,
        known: Known,
        patience: Duration,
        look: impl Fn() -> Reading<'a, Option<T>> + Send,
        is_done: impl Fn(&T) -> bool + Send,
    ) -> Result<Option<T>, StoreError> {
        let woken = Arc::clone(self.state.lock().subjects.entry(subject).or_default());
        let mut must_look = known == Known::Nothing;
        let found = tokio::time::timeout(patience, async {
            loop {
                // Register for wake-ups before looking, so that no change in between is missed.
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

    /// Wakes all requests whose subject a commit changed.
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

    /// Returns the subjects that requests wait for.
    pub fn subjects(&self) -> Vec<Subject> {
        self.state.lock().subjects.keys().copied().collect()
    }

    fn leave(&self, subject: Subject, woken: &Arc<Notify>) {
        let mut state = self.state.lock();
        // Two references are left if no other request waits: the map's and this one.
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
    async fn a_waiting_request_is_woken_and_leaves_nothing_behind() {
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
            waiting.until(SUBJECT, Known::Nothing, Duration::from_secs(30), look, |seen| *seen == 1),
            waker
        );
        assert_eq!(found, Ok(Some(1)));
        assert!(waiting.subjects().is_empty());
    }

    /// The outcome may have been committed between the reply and the wait.
    #[tokio::test(start_paused = true)]
    async fn a_wait_for_a_subject_known_as_undone_looks_only_when_woken() {
        let waiting = Waiting::default();
        let looks = AtomicUsize::new(0);
        let look = || -> Reading<'_, Option<usize>> {
            let seen = looks.fetch_add(1, Ordering::Relaxed);
            Box::pin(async move { Ok(Some(seen)) })
        };
        let second = Duration::from_secs(1);
        assert_eq!(waiting.until(SUBJECT, Known::Undone, second, look, |_| true).await, Ok(None));
        assert_eq!(looks.load(Ordering::Relaxed), 0);
        waiting.wake(&Wake { orders: vec![OrderId(1)], ..Wake::default() });
        assert_eq!(waiting.until(SUBJECT, Known::Undone, second, look, |_| true).await, Ok(Some(0)));
    }

    #[test]
    fn only_the_latest_subjects_are_remembered() {
        let mut lately = Lately::default();
        let subject = |number: usize| Subject::Order(OrderId(number as i64));
        (0..3 * LATELY_MAX).for_each(|number| lately.note(subject(number)));
        assert!(lately.has(&subject(2 * LATELY_MAX)) && !lately.has(&subject(0)));
        assert!(lately.newer.len() + lately.older.len() <= 2 * LATELY_MAX);
    }

    #[tokio::test(start_paused = true)]
    async fn a_wait_ends_after_its_patience() {
        let waiting = Waiting::default();
        let never = || -> Reading<'static, Option<()>> { Box::pin(async { Ok(None) }) };
        let found = waiting.until(SUBJECT, Known::Nothing, Duration::from_secs(1), never, |()| true).await;
        assert_eq!(found, Ok(None));
    }
}
