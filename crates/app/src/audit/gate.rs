//! Law 7: a gate's knowledge agrees with the store.

use std::borrow::Cow;
use std::collections::BTreeMap;

use domain::ids::{CampaignId, OrderId};

use super::archived::{Archived, Needed};
use super::proof::{Ends, Proof};
use super::snapshot::{
    CampaignFact, CustomerFacts, DropFact, EventFacts, LogFacts, OrderFacts, ProductFacts, Snapshot, StatisticsFacts,
    WebhookFact,
};
use crate::ports::StoreError;
use crate::state::rows::{AnswerKey, StoredAnswer};

/// What a gate knows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GateFacts {
    /// The number of coupons known to the gate, by campaign; campaigns without an entry are unknown to it.
    pub known: BTreeMap<CampaignId, i64>,
    /// Why the gate could not be read, or not of every campaign.
    pub doubt: Option<String>,
}

/// A snapshot of a store with what its gate answered *before* the snapshot was taken. A gate knows only committed
/// facts, so the later snapshot knows at least as much.
pub struct BesideGate {
    pub store: Box<dyn Snapshot>,
    pub gate: GateFacts,
}

impl Snapshot for BesideGate {
    fn products(&mut self, each: &mut dyn FnMut(ProductFacts)) -> Result<(), StoreError> {
        self.store.products(each)
    }

    fn drops(&mut self, each: &mut dyn FnMut(DropFact)) -> Result<(), StoreError> {
        self.store.drops(each)
    }

    fn campaigns(&mut self, each: &mut dyn FnMut(CampaignFact)) -> Result<(), StoreError> {
        let known = &self.gate.known;
        self.store.campaigns(&mut |fact| {
            let gated = match &fact {
                CampaignFact::Begins(id, _) => known.get(id).copied(),
                CampaignFact::Gated(_) | CampaignFact::Coupon(_) | CampaignFact::Request(_) => None,
            };
            each(fact);
            gated.into_iter().for_each(|count| each(CampaignFact::Gated(count)));
        })
    }

    fn orders(&mut self, each: &mut dyn FnMut(OrderFacts)) -> Result<(), StoreError> {
        self.store.orders(each)
    }

    fn customers(&mut self, each: &mut dyn FnMut(CustomerFacts)) -> Result<(), StoreError> {
        self.store.customers(each)
    }

    fn answers(&mut self, each: &mut dyn FnMut(AnswerKey, StoredAnswer)) -> Result<(), StoreError> {
        self.store.answers(each)
    }

    fn webhooks(&mut self, each: &mut dyn FnMut(WebhookFact)) -> Result<(), StoreError> {
        self.store.webhooks(each)
    }

    fn events(&mut self, each: &mut dyn FnMut(EventFacts)) -> Result<LogFacts, StoreError> {
        self.store.events(each)
    }

    fn archived(&mut self) -> Result<Option<Archived>, StoreError> {
        self.store.archived()
    }

    fn needed(&mut self) -> Result<Vec<Needed>, StoreError> {
        self.store.needed()
    }

    fn ends(&mut self) -> Result<Option<Ends>, StoreError> {
        self.store.ends()
    }

    fn since(&mut self, proof: &Proof) -> Result<Option<BTreeMap<OrderId, usize>>, StoreError> {
        self.store.since(proof)
    }

    fn statistics(&mut self) -> Result<StatisticsFacts, StoreError> {
        self.store.statistics()
    }

    fn gate_doubt(&self) -> Option<Cow<'static, str>> {
        self.gate.doubt.clone().map(Cow::Owned)
    }

    fn integrity(&mut self) -> Result<Vec<String>, StoreError> {
        self.store.integrity()
    }
}
