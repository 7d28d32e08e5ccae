//! The port to a gate, which refuses coupon commands early.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use domain::coupon::{Campaign, Rejection};
use domain::ids::{CampaignId, UserId};
use domain::time::Timestamp;

/// Committed facts about a campaign, applied to the gate after each commit that touched it.
#[derive(Clone, Debug)]
pub struct CampaignFacts<'a> {
    pub campaign: &'a Arc<Campaign>,
    /// The number of coupons that each of these users has now.
    pub holders: &'a [(UserId, i64)],
    /// True if `holders` are all holders.
    pub complete: bool,
}

/// A refusal that the gate is sure of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EarlyRefusal {
    /// The refusal that the engine would give.
    pub rejection: Rejection,
    /// True if it is also sure that the user has no coupon of the campaign, so that no earlier answer can exist.
    pub holds_none: bool,
}

/// A gate's answer: at once, or after a remote call.
pub enum Advice<'a> {
    Given(Option<EarlyRefusal>),
    Asked(Pin<Box<dyn Future<Output = Option<EarlyRefusal>> + Send + 'a>>),
}

impl Advice<'_> {
    pub async fn get(self) -> Option<EarlyRefusal> {
        match self {
            Advice::Given(advice) => advice,
            Advice::Asked(asked) => asked.await,
        }
    }
}

/// Refuses early, on committed facts only: the campaign is exhausted, or the user has a coupon. Losing its state
/// changes no outcome.
pub trait Gate: Send + Sync {
    /// Returns the refusal that the engine would give, if the gate is sure of it.
    fn advice(&self, campaign: CampaignId, user: UserId, now: Timestamp) -> Advice<'_>;

    /// Returns true if the gate knows all holders of a campaign, or needs no more of them.
    fn is_complete(&self, campaign: CampaignId) -> bool;

    fn apply(&self, facts: CampaignFacts<'_>);

    /// The outcome of a commit is unknown: discards the state of the campaign until the next update or a read of the
    /// store.
    fn forget(&self, campaign: CampaignId);
}
