//! Campaigns, the coupons they gave out, and requests for them.

use app::rows::Request;
use app::views::{CouponViews, Reading, UserCoupon};
use domain::coupon::Campaign;
use domain::ids::{CampaignId, CouponId, RequestId, UserId};
use rusqlite::{Connection, Result};

use super::{SqliteViews, follow, sql_limit};
use crate::embedded::records::{self, Cells, select_campaign, select_request};
use crate::embedded::store::find;

impl CouponViews for SqliteViews {
    fn campaign(&self, id: CampaignId) -> Reading<'_, Option<Campaign>> {
        self.read(move |connection| {
            find(connection, select_campaign!("WHERE campaign_id = ?1"), [id.0], records::campaign)
        })
    }

    fn campaigns(&self, after: Option<CampaignId>, limit: usize) -> Reading<'_, Vec<Campaign>> {
        self.read(move |connection| {
            let sql = select_campaign!("WHERE campaign_id > ?1 ORDER BY campaign_id LIMIT ?2");
            let after = after.map_or(i64::MIN, |after| after.0);
            let mut statement = connection.prepare_cached(sql)?;
            statement.query_map((after, sql_limit(limit)), records::campaign)?.collect()
        })
    }

    fn coupon(&self, id: CouponId) -> Reading<'_, Option<UserCoupon>> {
        self.read(move |connection| Ok(user_coupon(connection, id)?.map(|(coupon, _)| coupon)))
    }

    fn coupons_of(&self, user: UserId, before: Option<CouponId>, limit: usize) -> Reading<'_, Vec<UserCoupon>> {
        self.read(move |connection| {
            let newest = newest_coupon(connection, user, before)?;
            follow(newest, limit, |id| user_coupon(connection, id))
        })
    }

    fn request(&self, id: RequestId) -> Reading<'_, Option<Request>> {
        self.read(move |connection| {
            find(connection, select_request!("WHERE request_id = ?1"), [id.0], records::request)
        })
    }
}

/// A coupon, and the one that its owner was given before it.
fn user_coupon(connection: &Connection, id: CouponId) -> Result<Option<(UserCoupon, Option<CouponId>)>> {
    let sql = "SELECT coupon_id, code, issue_number, used_order_id, issued_at, user_id, campaign_id, valid_until,
                   previous_coupon_id
               FROM coupon JOIN campaign USING (campaign_id) WHERE coupon_id = ?1";
    find(connection, sql, [id.0], |row| {
        let mut cells = Cells::of(row);
        let coupon = records::coupon(&mut cells)?;
        let user = UserId(cells.take()?);
        let campaign = CampaignId(cells.take()?);
        let valid_until = cells.at()?;
        let previous = cells.take::<Option<i64>>()?.map(CouponId);
        Ok((UserCoupon { user, campaign, coupon, valid_until }, previous))
    })
}

/// Where a page of a user's coupons begins. Another user's coupon begins nothing.
fn newest_coupon(connection: &Connection, user: UserId, before: Option<CouponId>) -> Result<Option<CouponId>> {
    let newest = match before {
        None => {
            let sql = "SELECT last_coupon_id FROM customer WHERE user_id = ?1";
            find(connection, sql, [user.0], |row| row.get::<_, Option<i64>>(0))?
        }
        Some(before) => {
            let sql = "SELECT previous_coupon_id FROM coupon WHERE coupon_id = ?1 AND user_id = ?2";
            find(connection, sql, (before.0, user.0), |row| row.get(0))?
        }
    };
    Ok(newest.flatten().map(CouponId))
}
