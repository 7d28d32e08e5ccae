//! A campaign as it was.

use domain::coupon::{Campaign, QueueKey};
use domain::ids::CampaignId;
use domain::time::Timestamp;

use super::Fold;
use crate::events::event::{Event, EventKind};

/// A campaign that is rebuilt. The number of an issued coupon is the count of issues, so of all issues the last one is
/// enough.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CampaignPast {
    id: CampaignId,
    campaign: Option<Campaign>,
}

impl CampaignPast {
    /// The events that set and change a campaign's terms.
    pub const TERMS: [EventKind; 2] = [EventKind::CampaignCreated, EventKind::CampaignChanged];

    pub const fn new(id: CampaignId) -> CampaignPast {
        CampaignPast { id, campaign: None }
    }

    pub const fn state(&self) -> Option<&Campaign> {
        self.campaign.as_ref()
    }
}

impl Fold for CampaignPast {
    fn take(&mut self, event: &Event, at: Timestamp) {
        match (event, &mut self.campaign) {
            (Event::CampaignCreated(created), campaign) if created.coupon_id == self.id => {
                *campaign = Some(Campaign {
                    id: created.coupon_id,
                    name: created.name.clone(),
                    discount: created.discount,
                    quantity: created.total_quantity,
                    issued: 0,
                    issue_per_user_max: created.max_issue_per_user,
                    issue_starts_at: created.issue_starts_at,
                    issue_ends_at: created.issue_ends_at,
                    valid_until: created.valid_until,
                    issue_mode: created.issue_mode,
                    queue_key: created.queue_key.unwrap_or(QueueKey::Campaign),
                    paused: false,
                    created_at: at,
                    updated_at: at,
                });
            }
            (Event::CampaignChanged(changed), Some(campaign)) if changed.coupon_id == self.id => {
                campaign.paused = changed.paused;
                campaign.quantity = changed.total_quantity;
                campaign.issue_ends_at = changed.issue_ends_at;
                campaign.updated_at = at;
            }
            (Event::CouponIssued(issued), Some(campaign)) if issued.coupon_id == self.id => {
                campaign.issued = campaign.issued.max(issued.issue_number);
            }
            _ => {}
        }
    }
}
