//! A model gate: it refuses on committed facts, and can lose its state.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use app::ports::{Advice, CampaignFacts, EarlyRefusal, Gate};
use app::state::rows::HoldingKey;
use domain::coupon::{Campaign, Holding, Rejection, check_open};
use domain::ids::{CampaignId, UserId};
use domain::time::Timestamp;

use crate::disk::State;
use crate::verdict::{Verdict, ensure};

/// The known facts about one campaign.
#[derive(Debug)]
struct Known {
    campaign: Arc<Campaign>,
    holders: BTreeMap<UserId, i64>,
    is_complete: bool,
    /// Number of admitted requests, for the breakage that counts them.
    admitted: i64,
}

/// A gate in memory, shared by the processes of a world.
#[derive(Debug, Default)]
pub struct ModelGate {
    known: Mutex<BTreeMap<CampaignId, Known>>,
    /// The deliberate defect: to refuse by admissions instead of commits.
    counts_admissions: bool,
}

impl ModelGate {
    pub fn that_counts_admissions() -> ModelGate {
        ModelGate { counts_admissions: true, ..ModelGate::default() }
    }

    /// Loses its whole state.
    pub fn lose_all(&self) {
        self.known().clear();
    }

    /// Counts an admitted request.
    pub fn admit(&self, campaign: CampaignId) {
        if let Some(known) = self.known().get_mut(&campaign) {
            known.admitted += 1;
        }
    }

    /// Returns the engine's refusal as far as the gate knows it.
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

/// Checks that the engine would refuse as well, by committed facts.
pub(crate) fn gate_is_right(state: &State, campaign: CampaignId, user: UserId, refusal: Rejection) -> Verdict {
    let Some(row) = state.campaigns.get(&campaign) else { return Ok(()) };
    let held = state.holdings.get(&HoldingKey { campaign, user }).map_or(0, Holding::count);
    let is_right = match refusal {
        Rejection::SoldOut => row.remaining() <= 0,
        Rejection::AlreadyIssued => held >= row.issue_per_user_max,
        Rejection::Paused => row.paused,
        Rejection::NotStarted | Rejection::Expired | Rejection::NotUsable => true,
    };
    ensure(is_right, || format!("the gate refuses user {user} with {refusal:?}, who holds {held} of {row:?}"))
}
