//! Campaigns, the coupons that they issued, and requests for them.

use app::ports::views::{CouponViews, Reading, UserCoupon, WantedCampaigns};
use app::state::rows::Request;
use domain::coupon::Campaign;
use domain::ids::{CampaignId, CouponId, RequestId, UserId};

use super::{Chain, MysqlViews, by_id, first, page};
use crate::mysql::sql::statement;
use crate::records::like_pattern;
use crate::selects::{select_campaign, select_request, select_user_coupon};

const COUPONS: Chain =
    Chain { table: "coupon", link: "coupon_id", previous: "previous_coupon_id", newest: "last_coupon_id" };

impl CouponViews for MysqlViews {
    fn campaign(&self, id: CampaignId) -> Reading<'_, Option<Campaign>> {
        self.read(by_id(select_campaign!(""), "campaign_id", id.0), first)
    }

    fn campaigns(&self, after: Option<CampaignId>, limit: usize) -> Reading<'_, Vec<Campaign>> {
        let after = after.map(|after| after.0);
        self.list(limit, move |limit| page(select_campaign!(""), "campaign_id", after, limit))
    }

    fn find_campaigns(
        &self,
        wanted: WantedCampaigns,
        after: Option<CampaignId>,
        limit: usize,
    ) -> Reading<'_, Vec<Campaign>> {
        let mut rest = statement("WHERE campaign_id > ?", &[&after.map_or(i64::MIN, |after| after.0)]);
        if let Some(text) = wanted.text.as_deref().map(like_pattern) {
            rest += &statement(" AND LOWER(name) LIKE LOWER(?) ESCAPE '!'", &[&text]);
        }
        if let Some(paused) = wanted.paused {
            rest += &statement(" AND paused = ?", &[&paused]);
        }
        rest += " ORDER BY campaign_id";
        self.list(limit, move |limit| format!("{}{rest} LIMIT {limit}", select_campaign!("")))
    }

    fn coupon(&self, id: CouponId) -> Reading<'_, Option<UserCoupon>> {
        self.read(by_id(select_user_coupon!(""), "coupon_id", id.0), first)
    }

    fn coupons_of(&self, user: UserId, before: Option<CouponId>, limit: usize) -> Reading<'_, Vec<UserCoupon>> {
        self.list(limit, move |limit| {
            let chain = COUPONS.of(user.0, before.map(|before| before.0), limit);
            format!("{chain}{}JOIN chain ON coupon_id = link ORDER BY depth", select_user_coupon!(""))
        })
    }

    fn request(&self, id: RequestId) -> Reading<'_, Option<Request>> {
        self.read(by_id(select_request!(""), "request_id", id.0), first)
    }
}
