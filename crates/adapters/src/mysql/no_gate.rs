//! A gate that lets everybody through.

use app::ports::{Advice, CampaignFacts, Gate};
use domain::ids::{CampaignId, UserId};
use domain::time::Timestamp;

/// In memory a process would know only its own commits, and go on refusing after another one raised a campaign. A gate
/// over a shared store must be shared, too; where there is none, the engine refuses by itself.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoGate;

impl Gate for NoGate {
    fn advice(&self, _campaign: CampaignId, _user: UserId, _now: Timestamp) -> Advice<'_> {
        Advice::Given(None)
    }

    /// It wants to be told nothing.
    fn is_complete(&self, _campaign: CampaignId) -> bool {
        true
    }

    fn apply(&self, _facts: CampaignFacts<'_>) {}

    fn forget(&self, _campaign: CampaignId) {}
}
