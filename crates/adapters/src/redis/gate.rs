//! The gate that several processes share: which coupons were given out, as far as Redis knows.
//!
//! Only commits are told to it, each coupon as a claim with a name of its own, so that hearing of it twice changes nothing.
//! What it has forgotten lets requests through. What it knows too much (a campaign that was raised since, a store that
//! was put back to an older day) is found out by the store's own row, which is asked before anybody is refused.

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

/// Campaigns of which anything is remembered in this process; with more, all is forgotten and learned anew.
const CAMPAIGNS_MAX: usize = 10_000;
/// What waits to be told; when it is full, things remain untold.
const LESSONS_MAX: usize = 1_024;
/// A campaign's holders are not counted anew more often than this.
const REBUILD_EVERY: Duration = Duration::from_secs(1);
/// With more holders, a campaign is left to the engine.
const HOLDERS_MAX: usize = 4_000_000;

/// A gate on Redis, over the rows of the store.
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

/// What this process last saw of a campaign's gate.
#[derive(Clone, Copy, Debug, Default)]
struct Known {
    /// Another one than before: Redis has lost what it was told, or is another one.
    epoch: u64,
    is_full: bool,
    rebuilt: Option<Instant>,
}

impl RedisGate {
    pub fn new(redis: Arc<Redis>, views: Arc<dyn CouponViews>, script: GateScript) -> RedisGate {
        let (updates, waiting) = mpsc::channel(LESSONS_MAX);
        let shared = Arc::new(Shared {
            scripts: Scripts::new(script),
            committed: Committed::new(views),
            known: Mutex::default(),
            redis,
        });
        shared.redis.handle().spawn(updates::tell(Arc::downgrade(&shared), waiting));
        RedisGate { shared, updates }
    }

    /// How many coupons of each campaign Redis knows of; `None` when it does not answer.
    pub async fn known(&self, campaigns: &[CampaignId]) -> Option<BTreeMap<CampaignId, i64>> {
        let Shared { redis, scripts, .. } = &*self.shared;
        let mut known = BTreeMap::new();
        for campaign in campaigns {
            let keys = scripts.keys(redis, *campaign);
            // Nobody has this number.
            let found = redis.call(|line| scripts.ask(line, &keys, UserId(0))).await?;
            if found.epoch != 0 {
                known.insert(*campaign, found.count);
            }
        }
        Some(known)
    }

    /// Returns when everything that was learned so far is told, or given up.
    pub async fn told(&self) {
        let (tell, told) = oneshot::channel();
        if self.updates.send(Task::Reach(tell)).await.is_ok() {
            // Given up means the same: there is nothing more to wait for.
            let _ = told.await;
        }
    }
}

impl Gate for RedisGate {
    fn advice(&self, campaign: CampaignId, user: UserId, now: Timestamp) -> Advice<'_> {
        if !self.shared.redis.works() {
            return Advice::Given(None);
        }
        Advice::Asked(Box::pin(self.shared.ask(campaign, user, now)))
    }

    fn is_complete(&self, campaign: CampaignId) -> bool {
        // What cannot be told need not be counted.
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
        // Too much at once: what is not told is found out later.
        let _ = self.updates.try_send(Task::Tell(update));
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
    async fn ask(&self, campaign: CampaignId, user: UserId, now: Timestamp) -> Option<EarlyRefusal> {
        let keys = self.scripts.keys(&self.redis, campaign);
        let found = self.redis.call(|line| self.scripts.ask(line, &keys, user)).await?;
        self.see(campaign, &found);
        if !found.has_his && !found.is_full {
            return None;
        }
        let row = self.committed.row(campaign, found.count).await?;
        if row.issued < found.count {
            // It knows of coupons that the store never gave out, or no longer knows of.
            tracing::warn!("The gate of campaign {campaign} knows of more coupons than the store, and begins anew.");
            self.redis.call(|line| self.scripts.clear(line, &keys)).await;
            return None;
        }
        let rejection = refusal(&row, &found, now);
        if rejection.is_none() && !row.issue_mode.takes_requests() {
            // It was raised, and nobody has told.
            self.redis.call(|line| self.scripts.tell(line, &keys, &row, (0, &[]))).await;
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

/// What the engine would say, in its order; nothing where it would not refuse.
fn refusal(row: &Campaign, found: &Found, now: Timestamp) -> Option<Rejection> {
    // A queued campaign takes every request and refuses it later.
    if row.issue_mode.takes_requests() {
        return None;
    }
    if let Err(rejection) = check_open(row, now) {
        return Some(rejection);
    }
    if found.has_his {
        return Some(Rejection::AlreadyIssued);
    }
    (row.remaining() <= 0).then_some(Rejection::SoldOut)
}
