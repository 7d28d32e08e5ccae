//! Campaigns with their coupons and requests.

use app::audit::{CampaignFact, CouponFacts};
use domain::ids::{CampaignId, UserId};

use super::Reader;
use super::stream::{Stream, Unreadable, least};
use crate::mysql::failure::Result;
use crate::mysql::records::{self, Cells, select_campaign, select_request};

pub(super) fn read(reader: &mut Reader, unreadable: &Unreadable, each: &mut dyn FnMut(CampaignFact)) -> Result<()> {
    let select = select_campaign!("ORDER BY campaign_id");
    let mut campaigns = Stream::new(reader, select, ("campaign", 0), records::campaign, unreadable)?;
    let select = "SELECT coupon_id, code, issue_number, used_order_id, issued_at, campaign_id, user_id FROM coupon
         ORDER BY campaign_id, issue_number";
    let mut coupons = Stream::new(reader, select, ("coupon of campaign", 5), coupon, unreadable)?;
    let select = select_request!("ORDER BY campaign_id, request_id");
    let mut requests = Stream::new(reader, select, ("coupon_request of campaign", 2), records::request, unreadable)?;
    while let Some(id) = least([campaigns.key(), coupons.key(), requests.key()]) {
        each(CampaignFact::Begins(CampaignId(id), campaigns.one(id)?));
        while let Some(coupon) = coupons.one(id)? {
            each(CampaignFact::Coupon(coupon));
        }
        while let Some(request) = requests.one(id)? {
            each(CampaignFact::Request(request));
        }
    }
    Ok(())
}

/// A coupon, then its campaign and its owner.
pub(super) fn coupon(cells: &mut Cells) -> Result<CouponFacts> {
    let coupon = records::coupon(cells)?;
    Ok(CouponFacts { campaign: CampaignId(cells.take()?), user: UserId(cells.take()?), coupon })
}
