//! The issues of a campaign.

use app::ports::views::{IssuePath, IssueViews, Reading, WantedIssues};
use domain::coupon::chain::Issue;
use domain::ids::{CampaignId, CouponId};

use super::{MysqlViews, each, first, sql_limit};
use crate::mysql::sql::statement;
use crate::selects::select_issue;

impl IssueViews for MysqlViews {
    fn first_issue(&self, campaign: CampaignId) -> Reading<'_, Option<CouponId>> {
        let lowest = "SELECT coupon_id FROM (SELECT MIN(coupon_id) AS coupon_id FROM coupon FORCE INDEX (coupon_holding) \
                      WHERE campaign_id = ?) AS lowest WHERE coupon_id IS NOT NULL";
        self.read([statement(lowest, &[&campaign.0])], |answers| Ok(first::<i64>(answers)?.map(CouponId)))
    }

    fn issues(&self, wanted: WantedIssues) -> Reading<'_, Vec<Issue>> {
        let index = match wanted.path {
            IssuePath::Campaign => "FORCE INDEX (coupon_holding)",
            IssuePath::Numbers => "FORCE INDEX (PRIMARY)",
        };
        let rest = "WHERE campaign_id = ? AND coupon_id BETWEEN ? AND ? AND issue_number BETWEEN ? AND ? \
                    ORDER BY coupon_id LIMIT ?";
        let (lowest, highest) = (wanted.coupons.start().0, wanted.coupons.end().0);
        let (first, last) = wanted.numbers.into_inner();
        let limit = sql_limit(wanted.limit);
        let rest = statement(rest, &[&wanted.campaign.0, &lowest, &highest, &first, &last, &limit]);
        self.read([format!("{}{index} {rest}", select_issue!(""))], each)
    }
}
