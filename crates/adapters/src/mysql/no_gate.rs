//! A gate that lets every request through.

use app::ports::{Advice, CampaignFacts, Gate};
use domain::ids::{CampaignId, UserId};
use domain::time::Timestamp;

/// A gate in memory would know only its own process's commits, and go on refusing after another process raised a
/// campaign. A gate over a shared store must be shared, too; without one, the engine refuses by itself.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoGate;

impl Gate for NoGate {
    fn advice(&self, _campaign: CampaignId, _user: UserId, _now: Timestamp) -> Advice<'_> {
        Advice::Given(None)
    }

    /// Always true, so that no campaign facts are loaded for it.
    fn is_complete(&self, _campaign: CampaignId) -> bool {
        true
    }

    fn apply(&self, _facts: CampaignFacts<'_>) {}

    fn forget(&self, _campaign: CampaignId) {}
}
