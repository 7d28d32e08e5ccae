//! The gate that several processes share: the issued coupons, as far as Redis knows them.
//!
//! Only commits are sent to it, each coupon as a claim with a name of its own, so that a repeat changes nothing. Claims
//! that Redis has lost let requests through. Claims that are out of date (the campaign was raised since, or the store was
//! restored from a backup) are found by the store's own row, which is read before a request is refused.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use app::ports::views::CouponViews;
use app::ports::{Advice, CampaignFacts, Gate};
use domain::ids::{CampaignId, UserId};
use domain::time::Timestamp;
use parking_lot::Mutex;
use tokio::sync::{mpsc, oneshot};

mod committed;
mod scripts;
mod shared;
mod updates;

use self::committed::Committed;
pub use self::scripts::GateScript;
use self::scripts::Scripts;
use self::shared::Shared;
use self::updates::{GateUpdate, Task};
use super::Redis;

/// The most updates waiting to be sent; further ones are dropped.
const UPDATES_MAX: usize = 1_024;
/// With more holders, a campaign is left to the engine.
const HOLDERS_MAX: usize = 4_000_000;

/// A gate on Redis, checked against the rows of the store.
pub struct RedisGate {
    shared: Arc<Shared>,
    updates: mpsc::Sender<Task>,
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
