//! Campaigns with their coupons and requests.

use app::audit::{CampaignFact, CouponFacts};
use app::state::rows::Request;
use domain::coupon::Campaign;
use domain::ids::CampaignId;

use super::{Source, Stream, least};
use crate::selects::{select_campaign, select_coupon, select_request};

pub(crate) const CAMPAIGNS: Source =
    Source { select: select_campaign!("ORDER BY campaign_id"), table: "campaign", key_column: 0 };
pub(crate) const COUPONS: Source =
    Source { select: select_coupon!("ORDER BY campaign_id, issue_number"), table: "coupon of campaign", key_column: 5 };
pub(crate) const REQUESTS: Source = Source {
    select: select_request!("ORDER BY campaign_id, request_id"),
    table: "coupon_request of campaign",
    key_column: 2,
};

pub(crate) struct Campaigns<'s, E> {
    pub(crate) campaigns: Stream<'s, Campaign, E>,
    pub(crate) coupons: Stream<'s, CouponFacts, E>,
    pub(crate) requests: Stream<'s, Request, E>,
}

impl<E> Campaigns<'_, E> {
    pub(crate) fn report(mut self, each: &mut dyn FnMut(CampaignFact)) -> Result<(), E> {
        while let Some(id) = least([self.campaigns.key(), self.coupons.key(), self.requests.key()]) {
            each(CampaignFact::Begins(CampaignId(id), self.campaigns.one(id)?));
            while let Some(coupon) = self.coupons.one(id)? {
                each(CampaignFact::Coupon(coupon));
            }
            while let Some(request) = self.requests.one(id)? {
                each(CampaignFact::Request(request));
            }
        }
        Ok(())
    }
}
