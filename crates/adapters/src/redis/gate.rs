//! The gate that several processes share: the issued coupons, as far as Redis knows them.
//!
//! Only commits are sent to it, each coupon as a claim with a name of its own, so that a repeat changes nothing. Claims
//! that Redis has lost let requests through. Claims that are out of date (the campaign was raised since, or the store was
//! restored from a backup) are found by the store's own row, which is read before a request is refused.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use app::audit::GateFacts;
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
use self::scripts::{Keys, Scripts, type_of};
use self::shared::Shared;
use self::updates::{GateUpdate, Task};
use super::{Redis, Unanswered};

/// The most updates waiting to be sent; further ones are dropped.
const UPDATES_MAX: usize = 1_024;
/// The most campaigns with keys of another type that an audit names.
const DOUBTS_MAX: usize = 3;
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

    /// Returns the number of coupons that Redis knows of each campaign, and why it cannot say so of all of them.
    pub async fn known(&self, campaigns: &[CampaignId]) -> GateFacts {
        let Shared { redis, scripts, .. } = &*self.shared;
        let (mut known, mut doubts) = (BTreeMap::new(), vec![]);
        for campaign in campaigns {
            let keys = scripts.keys(redis, *campaign);
            // No user has this number.
            match redis.ask(|line| scripts.read(line, &keys, UserId(0))).await {
                Ok(found) => known.extend((found.epoch != 0).then_some((*campaign, found.count))),
                Err(Unanswered::Refused(why)) => match self.key_of_another_type(&keys).await {
                    Some(key) => doubts.push(key),
                    None => doubts.push(format!("Redis cannot read the keys of campaign {campaign}: {why}")),
                },
                Err(Unanswered::Silent(why)) => {
                    doubts.push(format!("Redis does not answer: {why}"));
                    break;
                }
            }
        }
        let more = doubts.len().saturating_sub(DOUBTS_MAX);
        doubts.truncate(DOUBTS_MAX);
        doubts.extend((more > 0).then(|| format!("the same is true of {more} more campaigns")));
        GateFacts { known, doubt: (!doubts.is_empty()).then(|| doubts.join("; ")) }
    }

    /// Names the first key of a campaign that another program has written.
    async fn key_of_another_type(&self, keys: &Keys) -> Option<String> {
        let Shared { redis, scripts, .. } = &*self.shared;
        for (key, expected) in scripts.types(keys) {
            let found = redis.ask(|line| type_of(line, key)).await.ok()?;
            if found != expected && found != "none" {
                return Some(format!("the key {key} in Redis has the type {found} instead of {expected}"));
            }
        }
        None
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
