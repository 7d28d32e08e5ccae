//! Campaigns, the coupons they gave out, and requests for them.

use app::rows::Request;
use app::views::{CouponViews, Reading, UserCoupon};
use domain::coupon::Campaign;
use domain::ids::{CampaignId, CouponId, RequestId, UserId};

use super::{Chain, MysqlViews, by_id, each, first, page};
use crate::mysql::failure::Result;
use crate::mysql::records::{self, Cells, select_campaign, select_request};

const COUPONS: Chain =
    Chain { table: "coupon", link: "coupon_id", previous: "previous_coupon_id", newest: "last_coupon_id" };
const SELECT_COUPON: &str = "SELECT coupon_id, code, issue_number, used_order_id, issued_at, user_id, campaign_id, \
                             valid_until FROM coupon JOIN campaign USING (campaign_id) ";

impl CouponViews for MysqlViews {
    fn campaign(&self, id: CampaignId) -> Reading<'_, Option<Campaign>> {
        self.read(by_id(select_campaign!(""), "campaign_id", id.0), |answers| first(answers, records::campaign))
    }

    fn campaigns(&self, after: Option<CampaignId>, limit: usize) -> Reading<'_, Vec<Campaign>> {
        let select = page(select_campaign!(""), "campaign_id", after.map(|after| after.0), limit);
        self.read(select, |answers| each(answers, records::campaign))
    }

    fn coupon(&self, id: CouponId) -> Reading<'_, Option<UserCoupon>> {
        self.read(by_id(SELECT_COUPON, "coupon_id", id.0), |answers| first(answers, user_coupon))
    }

    fn coupons_of(&self, user: UserId, before: Option<CouponId>, limit: usize) -> Reading<'_, Vec<UserCoupon>> {
        let chain = COUPONS.of(user.0, before.map(|before| before.0), limit);
        let select = format!("{chain}{SELECT_COUPON}JOIN chain ON coupon_id = link ORDER BY depth");
        self.read([select], |answers| each(answers, user_coupon))
    }

    fn request(&self, id: RequestId) -> Reading<'_, Option<Request>> {
        self.read(by_id(select_request!(""), "request_id", id.0), |answers| first(answers, records::request))
    }
}

fn user_coupon(cells: &mut Cells) -> Result<UserCoupon> {
    let coupon = records::coupon(cells)?;
    Ok(UserCoupon {
        user: UserId(cells.take()?),
        campaign: CampaignId(cells.take()?),
        coupon,
        valid_until: cells.at()?,
    })
}
