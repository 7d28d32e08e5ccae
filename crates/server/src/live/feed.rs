//! A user's notices, one after the other: what he missed first, then what comes.

use std::sync::Arc;
use std::time::Duration;

use app::ports::views::{Notices, Reach, ToldNotice, Views};
use app::ports::{Clock, StoreError};
use domain::ids::UserId;
use domain::time::Timestamp;

use crate::live::subscriptions::{NoSeat, Subscription};
use crate::runtime::submitter::Submitter;

/// Older notices are not told any more.
const KEPT: Duration = Duration::from_secs(7 * 24 * 3_600);
/// Who has missed more than so many is told the newer half of them.
const WAITING_MAX: usize = 2_000;
/// Notices read at once: what a slow reader makes the shop hold in memory.
const PAGE: usize = 64;

/// One reader's place in the sequence of a user's notices.
pub struct Feed {
    views: Arc<dyn Views>,
    clock: Arc<dyn Clock>,
    seat: Subscription,
    user: UserId,
    position: i64,
    /// Whether there may be something that was not read yet.
    is_behind: bool,
}

impl Feed {
    /// Reads on after the notice with a number, or else from now on.
    pub async fn open(
        submitter: &Submitter,
        user: UserId,
        after: Option<i64>,
    ) -> Result<Result<Feed, NoSeat>, StoreError> {
        // Listening begins before reading, so that a commit in between is not missed.
        let seat = match submitter.subscriptions.join(user) {
            Ok(seat) => seat,
            Err(none) => return Ok(Err(none)),
        };
        let (views, clock) = (Arc::clone(&submitter.views), Arc::clone(&submitter.clock));
        let mut feed = Feed { views, clock, seat, user, position: 0, is_behind: false };
        match after {
            Some(after) => feed.resume(after),
            None => feed.position = feed.read(i64::MAX).await?.last,
        }
        Ok(Ok(feed))
    }

    /// The number of the last notice that was read.
    pub fn position(&self) -> i64 {
        self.position
    }

    /// Goes on after the notice with this number.
    pub fn resume(&mut self, after: i64) {
        self.position = after;
        self.is_behind = true;
    }

    pub fn is_closed(&self) -> bool {
        self.seat.is_closed()
    }

    /// What comes next, as soon as there is something: never nothing. `None` when the shop is closing.
    /// The future may be dropped at any time; nothing is lost by it.
    pub async fn next(&mut self) -> Result<Option<Vec<ToldNotice>>, StoreError> {
        loop {
            if self.is_closed() {
                return Ok(None);
            }
            if self.is_behind {
                let news = self.look().await?;
                if !news.is_empty() {
                    return Ok(Some(news));
                }
            }
            if !self.seat.woken().await {
                return Ok(None);
            }
            self.is_behind = true;
        }
    }

    async fn look(&mut self) -> Result<Vec<ToldNotice>, StoreError> {
        let Notices { last, told } = self.read(self.position).await?;
        let first = told.first().map_or(last + 1, |notice| notice.number);
        // Too long ago, too many, or a number from another shop's life.
        let gap = (first != self.position.saturating_add(1)).then(|| reset(first - 1, self.clock.now()));
        let news: Vec<ToldNotice> = gap.into_iter().chain(told).collect();
        self.position = news.last().map_or(self.position, |notice| notice.number);
        self.is_behind = self.position < last;
        Ok(news)
    }

    async fn read(&self, after: i64) -> Result<Notices, StoreError> {
        let kept = i64::try_from(KEPT.as_micros()).unwrap_or(i64::MAX);
        let since = Timestamp::from_micros(self.clock.now().micros().saturating_sub(kept));
        self.views.notices_after(self.user, after, Reach { since, waiting_max: WAITING_MAX, page: PAGE }).await
    }
}

/// Tells a reader that there is a gap before the notices after this number: he has to look for himself what happened.
fn reset(number: i64, at: Timestamp) -> ToldNotice {
    let data = serde_json::json!({"resumeAfter": number}).to_string();
    ToldNotice { number, kind: "reset".to_owned(), data, at }
}
