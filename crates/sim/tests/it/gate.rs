//! A gate that records its updates.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use app::ports::{Advice, CampaignFacts, Gate};
use domain::ids::{CampaignId, UserId};
use domain::time::Timestamp;

/// An update of one campaign.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct GateUpdate {
    pub(crate) issued: i64,
    pub(crate) quantity: i64,
    pub(crate) holders: Vec<(UserId, i64)>,
    pub(crate) complete: bool,
}

#[derive(Debug, Default)]
struct Book {
    updates: BTreeMap<CampaignId, Vec<GateUpdate>>,
    complete: BTreeSet<CampaignId>,
}

#[derive(Debug, Default)]
pub(crate) struct ModelGate(Mutex<Book>);

impl ModelGate {
    pub(crate) fn updates(&self, campaign: CampaignId) -> Vec<GateUpdate> {
        self.book().updates.get(&campaign).cloned().unwrap_or_default()
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Gate for ModelGate {
    fn advice(&self, _campaign: CampaignId, _user: UserId, _now: Timestamp) -> Advice<'_> {
        Advice::Given(None)
    }

    fn is_complete(&self, campaign: CampaignId) -> bool {
        self.book().complete.contains(&campaign)
    }

    fn forget(&self, campaign: CampaignId) {
        let mut book = self.book();
        book.complete.remove(&campaign);
        book.updates.remove(&campaign);
    }

    fn apply(&self, facts: CampaignFacts<'_>) {
        let update = GateUpdate {
            issued: facts.campaign.issued,
            quantity: facts.campaign.quantity,
            holders: facts.holders.to_vec(),
            complete: facts.complete,
        };
        let mut book = self.book();
        if facts.complete {
            book.complete.insert(facts.campaign.id);
        }
        book.updates.entry(facts.campaign.id).or_default().push(update);
    }
}
