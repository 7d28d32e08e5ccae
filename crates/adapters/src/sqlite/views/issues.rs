//! The issues of a campaign.

use app::ports::views::{IssuePath, IssueViews, Reading, WantedIssues};
use domain::coupon::chain::Issue;
use domain::ids::{CampaignId, CouponId};

use super::{SqliteViews, sql_limit};
use crate::selects::select_issue;
use crate::sqlite::cells::find_all;

impl IssueViews for SqliteViews {
    fn first_issue(&self, campaign: CampaignId) -> Reading<'_, Option<CouponId>> {
        self.read(move |connection| {
            // The sum keeps SQLite from walking through all coupons for the minimum.
            let sql = "SELECT MIN(coupon_id + 0) FROM coupon WHERE campaign_id = ?1";
            let first: Option<i64> = connection.prepare_cached(sql)?.query_row([campaign.0], |row| row.get(0))?;
            Ok(first.map(CouponId))
        })
    }

    fn issues(&self, wanted: WantedIssues) -> Reading<'_, Vec<Issue>> {
        self.read(move |connection| {
            // A plus sign keeps a condition from choosing the index.
            let sql = match wanted.path {
                IssuePath::Campaign => {
                    select_issue!(
                        "WHERE campaign_id = ?1 AND +coupon_id BETWEEN ?2 AND ?3 AND issue_number BETWEEN ?4 AND ?5
                         ORDER BY coupon_id LIMIT ?6"
                    )
                }
                IssuePath::Numbers => {
                    select_issue!(
                        "WHERE +campaign_id = ?1 AND coupon_id BETWEEN ?2 AND ?3 AND issue_number BETWEEN ?4 AND ?5
                         ORDER BY coupon_id LIMIT ?6"
                    )
                }
            };
            let (lowest, highest) = (wanted.coupons.start().0, wanted.coupons.end().0);
            let (first, last) = wanted.numbers.into_inner();
            find_all(connection, sql, (wanted.campaign.0, lowest, highest, first, last, sql_limit(wanted.limit)))
        })
    }
}
