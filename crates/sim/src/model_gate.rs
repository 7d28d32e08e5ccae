//! The gate as the model has it: says no on committed facts, and can be lost.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use app::ports::{Advice, CampaignFacts, EarlyRefusal, Gate};
use domain::coupon::{Campaign, Rejection, check_open};
use domain::ids::{CampaignId, UserId};
use domain::time::Timestamp;

/// What is known of one campaign.
#[derive(Debug)]
struct Known {
    campaign: Arc<Campaign>,
    holders: BTreeMap<UserId, i64>,
    is_complete: bool,
    /// Whom the gate let through since the campaign last got more.
    admitted: i64,
}

/// A gate in memory, shared by the processes of a world.
#[derive(Debug, Default)]
pub struct ModelGate {
    known: Mutex<BTreeMap<CampaignId, Known>>,
    /// The mistake that is made on purpose: to close on admissions instead of commits.
    counts_admissions: bool,
}

impl ModelGate {
    pub fn that_counts_admissions() -> ModelGate {
        ModelGate { counts_admissions: true, ..ModelGate::default() }
    }

    /// Loses everything.
    pub fn lose_all(&self) {
        self.known().clear();
    }

    /// Notes that somebody was let through.
    pub fn admit(&self, campaign: CampaignId) {
        if let Some(known) = self.known().get_mut(&campaign) {
            known.admitted += 1;
        }
    }

    /// The refusal that the engine would give.
    pub fn refusal(&self, campaign: CampaignId, user: UserId, now: Timestamp) -> Option<Rejection> {
        let all = self.known();
        let known = all.get(&campaign)?;
        let is_full = self.counts_admissions && known.admitted >= known.campaign.quantity;
        let is_direct = !known.campaign.issue_mode.takes_requests();
        known.refusal(user, now).or((is_full && is_direct).then_some(Rejection::SoldOut))
    }

    fn known(&self) -> MutexGuard<'_, BTreeMap<CampaignId, Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    fn refusal(&self, user: UserId, now: Timestamp) -> Option<Rejection> {
        if self.campaign.issue_mode.takes_requests() {
            return None;
        }
        if let Err(rejection) = check_open(&self.campaign, now) {
            return Some(rejection);
        }
        let held = match self.holders.get(&user) {
            Some(held) => *held,
            None if self.is_complete => 0,
            None => return None,
        };
        if held >= self.campaign.issue_per_user_max {
            return Some(Rejection::AlreadyIssued);
        }
        (self.campaign.remaining() <= 0).then_some(Rejection::SoldOut)
    }
}

impl Gate for ModelGate {
    fn advice(&self, campaign: CampaignId, user: UserId, now: Timestamp) -> Advice<'_> {
        let refusal = self.refusal(campaign, user, now);
        Advice::Given(refusal.map(|rejection| EarlyRefusal { rejection, holds_none: false }))
    }

    fn is_complete(&self, campaign: CampaignId) -> bool {
        self.known().get(&campaign).is_some_and(|known| known.is_complete)
    }

    fn forget(&self, campaign: CampaignId) {
        self.known().remove(&campaign);
    }

    fn apply(&self, facts: CampaignFacts<'_>) {
        let mut all = self.known();
        let campaign = Arc::clone(facts.campaign);
        let known = all.entry(campaign.id).or_insert_with(|| Known {
            campaign: Arc::clone(&campaign),
            holders: BTreeMap::new(),
            is_complete: false,
            admitted: campaign.issued,
        });
        known.campaign = campaign;
        if facts.complete {
            known.holders.clear();
            known.is_complete = true;
        }
        known.holders.extend(facts.holders.iter().copied());
    }
}
