//! Campaigns, the coupons that they issued, and requests for them.

use app::ports::views::{CouponViews, Reading, UserCoupon, WantedCampaigns};
use app::state::rows::Request;
use domain::coupon::Campaign;
use domain::ids::{CampaignId, CouponId, RequestId, UserId};
use rusqlite::{Connection, Result};

use super::{Chain, ChainPlace, SqliteViews};
use crate::records::like_pattern;
use crate::selects::{select_campaign, select_request, select_user_coupon};
use crate::sqlite::cells::{find, find_readable};

const COUPONS: Chain = Chain {
    newest: "SELECT last_coupon_id FROM customer WHERE user_id = ?1",
    previous: "SELECT previous_coupon_id FROM coupon WHERE coupon_id = ?1 AND user_id = ?2",
};

impl CouponViews for SqliteViews {
    fn campaign(&self, id: CampaignId) -> Reading<'_, Option<Campaign>> {
        self.read(move |connection| find(connection, select_campaign!("WHERE campaign_id = ?1"), [id.0]))
    }

    fn campaigns(&self, after: Option<CampaignId>, limit: usize) -> Reading<'_, Vec<Campaign>> {
        self.list(limit, move |connection, limit| {
            let sql = select_campaign!("WHERE campaign_id > ?1 ORDER BY campaign_id LIMIT ?2");
            let after = after.map_or(i64::MIN, |after| after.0);
            find_readable(connection, sql, (after, limit))
        })
    }

    fn find_campaigns(
        &self,
        wanted: WantedCampaigns,
        after: Option<CampaignId>,
        limit: usize,
    ) -> Reading<'_, Vec<Campaign>> {
        self.list(limit, move |connection, limit| {
            let sql = select_campaign!(
                "WHERE campaign_id > ?1 AND (?2 IS NULL OR name LIKE ?2 ESCAPE '!') AND (?3 IS NULL OR paused = ?3)
                 ORDER BY campaign_id LIMIT ?4"
            );
            let after = after.map_or(i64::MIN, |after| after.0);
            let text = wanted.text.as_deref().map(like_pattern);
            find_readable(connection, sql, (after, text, wanted.paused, limit))
        })
    }

    fn coupon(&self, id: CouponId) -> Reading<'_, Option<UserCoupon>> {
        self.read(move |connection| Ok(user_coupon(connection, id)?.map(|(coupon, _)| coupon)))
    }

    fn coupons_of(&self, user: UserId, before: Option<CouponId>, limit: usize) -> Reading<'_, Vec<UserCoupon>> {
        self.read(move |connection| {
            let first = COUPONS.first(connection, user, before.map(|before| before.0))?;
            let at = ChainPlace { user, first, left_out: &self.left_out };
            COUPONS.readable(connection, at, limit, |id| user_coupon(connection, CouponId(id)))
        })
    }

    fn request(&self, id: RequestId) -> Reading<'_, Option<Request>> {
        self.read(move |connection| find(connection, select_request!("WHERE request_id = ?1"), [id.0]))
    }
}

/// Reads a coupon and its owner's previous one.
fn user_coupon(connection: &Connection, id: CouponId) -> Result<Option<(UserCoupon, Option<i64>)>> {
    find(connection, select_user_coupon!("WHERE coupon_id = ?1"), [id.0])
}
