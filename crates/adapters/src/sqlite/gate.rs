//! Refuses before the queue, from committed facts that the engine reports after each commit. Costs two read locks and
//! two look-ups.

use std::collections::BTreeMap;
use std::sync::Arc;

use app::ports::{Advice, CampaignFacts, EarlyRefusal, Gate};
use domain::coupon::{Campaign, Rejection, check_open};
use domain::ids::{CampaignId, UserId};
use domain::time::Timestamp;
use parking_lot::{Mutex, RwLock};
use rustc_hash::FxHashMap;

/// Limits of the gate's memory.
#[derive(Clone, Copy, Debug)]
pub struct GateBounds {
    pub campaigns_max: usize,
    /// Holders of all campaigns together, some 40 bytes each.
    pub holders_max: usize,
}

impl Default for GateBounds {
    fn default() -> GateBounds {
        GateBounds { campaigns_max: 10_000, holders_max: 4_000_000 }
    }
}

/// The gate of a shop in one process.
#[derive(Debug, Default)]
pub struct MemoryGate {
    bounds: GateBounds,
    known: RwLock<FxHashMap<CampaignId, RwLock<Known>>>,
    /// Locked first by every change of `known`.
    total: Mutex<Total>,
}

#[derive(Debug, Default)]
struct Total {
    /// Counts the calls of `apply`.
    updates: u64,
    /// The known campaigns by the number of their last update: the first one is forgotten first. Found by a scan, each
    /// campaign beyond the bound would cost a look at all others.
    by_update: BTreeMap<u64, CampaignId>,
    holders: usize,
}

/// The known state of one campaign.
#[derive(Debug)]
struct Known {
    campaign: Arc<Campaign>,
    holders: FxHashMap<UserId, i64>,
    completeness: Completeness,
    /// The number of the last update.
    update: u64,
}

/// The meaning of a user's absence among the holders.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Completeness {
    /// Unknown: the user may hold some from before.
    Partial,
    /// The user holds none.
    Complete,
    /// Unknown for good: there are more holders than the gate may remember, so the engine decides.
    TooMany,
}

impl MemoryGate {
    pub fn new(bounds: GateBounds) -> MemoryGate {
        MemoryGate { bounds, ..MemoryGate::default() }
    }

    /// Makes room by dropping the campaigns with the oldest updates; the engine reports them again when they matter.
    fn make_room(&self, total: &mut Total, just_updated: CampaignId) {
        let mut known = self.known.write();
        while known.len() > self.bounds.campaigns_max || total.holders > self.bounds.holders_max {
            let Some(oldest) = total.by_update.first_entry().filter(|oldest| *oldest.get() != just_updated) else {
                break;
            };
            let forgotten = known.remove(&oldest.remove());
            total.holders -= forgotten.map_or(0, |known| known.into_inner().holders.len());
        }
        if total.holders > self.bounds.holders_max
            && let Some(only) = known.get_mut(&just_updated)
        {
            let only = only.get_mut();
            only.holders = FxHashMap::default();
            only.completeness = Completeness::TooMany;
            total.holders = 0;
        }
    }
}

impl Known {
    fn advice(&self, user: UserId, now: Timestamp) -> Option<EarlyRefusal> {
        let rejection = self.refusal(user, now)?;
        Some(EarlyRefusal { rejection, holds_none: self.held(user) == Some(0) })
    }

    fn refusal(&self, user: UserId, now: Timestamp) -> Option<Rejection> {
        // A queued campaign takes every request and refuses it later.
        if self.campaign.issue_mode.takes_requests() {
            return None;
        }
        if let Err(rejection) = check_open(&self.campaign, now) {
            return Some(rejection);
        }
        // A user who holds as many as allowed gets this refusal also when the campaign is sold out.
        if self.held(user)? >= self.campaign.issue_per_user_max {
            return Some(Rejection::AlreadyIssued);
        }
        (self.campaign.remaining() <= 0).then_some(Rejection::SoldOut)
    }

    /// Returns how many the user holds, if that is known.
    fn held(&self, user: UserId) -> Option<i64> {
        match (self.holders.get(&user), self.completeness) {
            (Some(held), _) => Some(*held),
            (None, Completeness::Complete) => Some(0),
            (None, Completeness::Partial | Completeness::TooMany) => None,
        }
    }

    fn apply(&mut self, facts: CampaignFacts<'_>, update: u64) {
        self.campaign = Arc::clone(facts.campaign);
        self.update = update;
        if self.completeness == Completeness::TooMany {
            return;
        }
        if facts.complete {
            self.holders.clear();
            self.completeness = Completeness::Complete;
        }
        self.holders.extend(facts.holders.iter().copied());
    }
}

impl Gate for MemoryGate {
    fn advice(&self, campaign: CampaignId, user: UserId, now: Timestamp) -> Advice<'_> {
        Advice::Given(self.known.read().get(&campaign).and_then(|known| known.read().advice(user, now)))
    }

    fn is_complete(&self, campaign: CampaignId) -> bool {
        let known = self.known.read();
        known.get(&campaign).is_some_and(|known| known.read().completeness != Completeness::Partial)
    }

    fn forget(&self, campaign: CampaignId) {
        let mut total = self.total.lock();
        let Some(forgotten) = self.known.write().remove(&campaign).map(RwLock::into_inner) else { return };
        total.by_update.remove(&forgotten.update);
        total.holders -= forgotten.holders.len();
    }

    fn apply(&self, facts: CampaignFacts<'_>) {
        let mut total = self.total.lock();
        total.updates += 1;
        let (id, update) = (facts.campaign.id, total.updates);
        let is_known = self.known.read().contains_key(&id);
        if !is_known {
            let known = Known {
                campaign: Arc::clone(facts.campaign),
                holders: FxHashMap::default(),
                completeness: Completeness::Partial,
                update,
            };
            self.known.write().insert(id, RwLock::new(known));
        }
        if let Some(known) = self.known.read().get(&id) {
            let mut known = known.write();
            total.by_update.remove(&known.update);
            total.by_update.insert(update, id);
            total.holders -= known.holders.len();
            known.apply(facts, update);
            total.holders += known.holders.len();
        }
        if total.holders > self.bounds.holders_max || !is_known {
            self.make_room(&mut total, id);
        }
    }
}

#[cfg(test)]
mod tests;
