//! The gate that several processes share: the issued coupons, as far as Redis knows them.
//!
//! Only commits are sent to it, each coupon as a claim with a name of its own, so that a repeat changes nothing. Claims
//! that Redis has lost let requests through. Claims that it should not have (the campaign was raised since, or the store
//! was restored from a backup) are found by the store's own row, which is read before a request is refused.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use app::ports::views::CouponViews;
use app::ports::{Advice, CampaignFacts, EarlyRefusal, Gate};
use domain::coupon::{Campaign, Rejection, check_open};
use domain::ids::{CampaignId, UserId};
use domain::time::Timestamp;
use parking_lot::Mutex;
use rustc_hash::FxHashMap;
use tokio::sync::{mpsc, oneshot};

mod committed;
mod scripts;
mod updates;

use self::committed::Committed;
pub use self::scripts::GateScript;
use self::scripts::{Found, Scripts};
use self::updates::{GateUpdate, Task};
use super::Redis;

/// The most campaigns remembered in this process; beyond it, all are dropped and loaded again.
const CAMPAIGNS_MAX: usize = 10_000;
/// The most updates waiting to be sent; further ones are dropped.
const UPDATES_MAX: usize = 1_024;
/// A campaign's holders are not counted again more often than this.
const REBUILD_EVERY: Duration = Duration::from_secs(1);
/// With more holders, a campaign is left to the engine.
const HOLDERS_MAX: usize = 4_000_000;

/// A gate on Redis, checked against the rows of the store.
pub struct RedisGate {
    shared: Arc<Shared>,
    updates: mpsc::Sender<Task>,
}

struct Shared {
    redis: Arc<Redis>,
    scripts: Scripts,
    committed: Committed,
    known: Mutex<FxHashMap<CampaignId, Known>>,
}

/// The state of a campaign's gate that this process saw last.
#[derive(Clone, Copy, Debug, Default)]
struct Known {
    /// Another value than before means that Redis has lost its data.
    epoch: u64,
    is_full: bool,
    rebuilt: Option<Instant>,
}

impl RedisGate {
    pub fn new(redis: Arc<Redis>, views: Arc<dyn CouponViews>, script: GateScript) -> RedisGate {
        let (updates, waiting) = mpsc::channel(UPDATES_MAX);
        let shared = Arc::new(Shared {
            scripts: Scripts::new(script),
            committed: Committed::new(views),
            known: Mutex::default(),
            redis,
        });
        shared.redis.handle().spawn(updates::send(Arc::downgrade(&shared), waiting));
        RedisGate { shared, updates }
    }

    /// Returns the number of coupons that Redis knows of each campaign; `None` when it does not answer.
    pub async fn known(&self, campaigns: &[CampaignId]) -> Option<BTreeMap<CampaignId, i64>> {
        let Shared { redis, scripts, .. } = &*self.shared;
        let mut known = BTreeMap::new();
        for campaign in campaigns {
            let keys = scripts.keys(redis, *campaign);
            // No user has this number.
            let found = redis.call(|line| scripts.read(line, &keys, UserId(0))).await?;
            if found.epoch != 0 {
                known.insert(*campaign, found.count);
            }
        }
        Some(known)
    }

    /// Returns when all updates so far are sent or dropped.
    pub async fn flush(&self) {
        let (sender, receiver) = oneshot::channel();
        if self.updates.send(Task::Reach(sender)).await.is_ok() {
            // A dropped sender means the same: there is nothing more to wait for.
            let _ = receiver.await;
        }
    }
}

impl Gate for RedisGate {
    fn advice(&self, campaign: CampaignId, user: UserId, now: Timestamp) -> Advice<'_> {
        if !self.shared.redis.works() {
            return Advice::Given(None);
        }
        Advice::Asked(Box::pin(self.shared.advice(campaign, user, now)))
    }

    fn is_complete(&self, campaign: CampaignId) -> bool {
        // What cannot be sent need not be counted.
        !self.shared.redis.works() || self.shared.seen(campaign).is_some_and(|known| known.needs_nothing())
    }

    fn apply(&self, facts: CampaignFacts<'_>) {
        self.shared.committed.apply(facts.campaign);
        if facts.complete {
            self.shared.remember(facts.campaign.id, |known| known.rebuilt = Some(Instant::now()));
        }
        if facts.holders.len() > HOLDERS_MAX || !self.shared.redis.works() {
            return;
        }
        let update = GateUpdate { campaign: Arc::clone(facts.campaign), holders: facts.holders.to_vec() };
        // The queue is full: a dropped update is made up for later.
        let _ = self.updates.try_send(Task::Send(update));
    }

    fn forget(&self, campaign: CampaignId) {
        self.shared.committed.forget(campaign);
    }
}

impl Known {
    fn needs_nothing(self) -> bool {
        self.is_full || self.rebuilt.is_some_and(|at| at.elapsed() < REBUILD_EVERY)
    }
}

impl Shared {
    async fn advice(&self, campaign: CampaignId, user: UserId, now: Timestamp) -> Option<EarlyRefusal> {
        let keys = self.scripts.keys(&self.redis, campaign);
        let found = self.redis.call(|line| self.scripts.read(line, &keys, user)).await?;
        self.see(campaign, &found);
        if !found.holds_all && !found.is_full {
            return None;
        }
        let row = self.committed.row(campaign, found.count).await?;
        if row.issued < found.count {
            // Redis knows of coupons that the store never issued, or no longer has.
            tracing::warn!("The gate of campaign {campaign} knew more coupons than the store and was cleared.");
            self.redis.call(|line| self.scripts.clear(line, &keys)).await;
            return None;
        }
        let rejection = refusal(&row, &found, now);
        if rejection.is_none() && !row.issue_mode.takes_requests() {
            // The campaign was raised, and the update was lost.
            self.redis.call(|line| self.scripts.update(line, &keys, &row, (0, &[]))).await;
        }
        Some(EarlyRefusal { rejection: rejection?, holds_none: found.holds_none })
    }

    fn seen(&self, campaign: CampaignId) -> Option<Known> {
        self.known.lock().get(&campaign).copied()
    }

    fn see(&self, campaign: CampaignId, found: &Found) {
        self.remember(campaign, |known| {
            if known.epoch != found.epoch {
                *known = Known { epoch: found.epoch, ..Known::default() };
            }
            known.is_full = found.is_full;
        });
    }

    fn remember(&self, campaign: CampaignId, change: impl FnOnce(&mut Known)) {
        let mut known = self.known.lock();
        if known.len() >= CAMPAIGNS_MAX && !known.contains_key(&campaign) {
            known.clear();
        }
        change(known.entry(campaign).or_default());
    }
}

/// Returns what the engine would answer, in its order of checks; `None` where it would not refuse.
fn refusal(row: &Campaign, found: &Found, now: Timestamp) -> Option<Rejection> {
    // A queued campaign takes every request and refuses it later.
    if row.issue_mode.takes_requests() {
        return None;
    }
    if let Err(rejection) = check_open(row, now) {
        return Some(rejection);
    }
    if found.holds_all {
        return Some(Rejection::AlreadyIssued);
    }
    (row.remaining() <= 0).then_some(Rejection::SoldOut)
}
