//! A user's notices in order: first the missed ones, then new ones.

use std::sync::Arc;
use std::time::Duration;

use app::ports::views::{Notices, Reach, ToldNotice, Views};
use app::ports::{Clock, StoreError};
use domain::ids::UserId;
use domain::time::Timestamp;

use crate::live::subscriptions::{SubscribeError, Subscription};
use crate::runtime::submitter::Submitter;

/// Older notices are not delivered any more.
const KEPT: Duration = Duration::from_secs(7 * 24 * 3_600);
/// A client that missed more notices than this gets the newer half of them.
const WAITING_MAX: usize = 2_000;
/// Notices read at once; a slow client makes the shop hold no more of them in memory.
const PAGE: usize = 64;

/// One client's position in the sequence of a user's notices.
pub struct Feed {
    views: Arc<dyn Views>,
    clock: Arc<dyn Clock>,
    subscription: Subscription,
    user: UserId,
    position: i64,
    /// Whether there may be unread notices.
    is_behind: bool,
}

impl Feed {
    /// Opens a feed after the notice with the number `after`; `None` starts with new notices.
    ///
    /// # Errors
    /// The store's error if it cannot be read; the inner error if the user cannot subscribe.
    pub async fn open(
        submitter: &Submitter,
        user: UserId,
        after: Option<i64>,
    ) -> Result<Result<Feed, SubscribeError>, StoreError> {
        // Subscribe before reading, so that no commit in between is missed.
        let subscription = match submitter.subscriptions.join(user) {
            Ok(subscription) => subscription,
            Err(refused) => return Ok(Err(refused)),
        };
        let (views, clock) = (Arc::clone(&submitter.views), Arc::clone(&submitter.clock));
        let mut feed = Feed { views, clock, subscription, user, position: 0, is_behind: false };
        match after {
            Some(after) => feed.resume(after),
            None => feed.position = feed.read(i64::MAX).await?.last,
        }
        Ok(Ok(feed))
    }

    /// Returns the number of the last notice that was read.
    pub fn position(&self) -> i64 {
        self.position
    }

    /// Resumes after the notice with this number.
    pub fn resume(&mut self, after: i64) {
        self.position = after;
        self.is_behind = true;
    }

    pub fn is_closed(&self) -> bool {
        self.subscription.is_closed()
    }

    /// Waits for the next notices; never returns an empty list. `None` if the shop is closing.
    /// Cancel-safe: dropping the future loses no notice.
    ///
    /// # Errors
    /// The store's error if it cannot be read.
    pub async fn next(&mut self) -> Result<Option<Vec<ToldNotice>>, StoreError> {
        loop {
            if self.is_closed() {
                return Ok(None);
            }
            if self.is_behind {
                let news = self.read_next().await?;
                if !news.is_empty() {
                    return Ok(Some(news));
                }
            }
            if !self.subscription.woken().await {
                return Ok(None);
            }
            self.is_behind = true;
        }
    }

    async fn read_next(&mut self) -> Result<Vec<ToldNotice>, StoreError> {
        let Notices { last, told } = self.read(self.position).await?;
        let first = told.first().map_or(last + 1, |notice| notice.number);
        // Notices are missing: too old, too many, or the number is from before a restore of the store.
        let gap = (first != self.position.saturating_add(1)).then(|| reset(first - 1, self.clock.now()));
        let news: Vec<ToldNotice> = gap.into_iter().chain(told).collect();
        self.position = news.last().map_or(self.position, |notice| notice.number);
        self.is_behind = self.position < last;
        Ok(news)
    }

    async fn read(&self, after: i64) -> Result<Notices, StoreError> {
        let since = self.clock.now() - KEPT;
        self.views.notices_after(self.user, after, Reach { since, waiting_max: WAITING_MAX, page: PAGE }).await
    }
}

/// A notice that replaces missing ones up to this number: the client must read the state of orders and coupons itself.
fn reset(number: i64, at: Timestamp) -> ToldNotice {
    let data = serde_json::json!({"resumeAfter": number}).to_string();
    ToldNotice { number, kind: "reset".to_owned(), data, at }
}
