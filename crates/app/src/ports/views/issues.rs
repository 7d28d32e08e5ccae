//! The query side of a campaign's issues, for its chain.

use std::ops::RangeInclusive;

use domain::coupon::chain::Issue;
use domain::ids::{CampaignId, CouponId};

use crate::ports::future::Reading;

/// Reads the issues of campaigns. There is no index on issue numbers, because it would cost each issue an insert.
///
/// # Errors
///
/// Reads fail with [`StoreError`](crate::ports::StoreError) when the store is broken or unreachable.
pub trait IssueViews: Send + Sync {
    /// Returns the coupon with the lowest number of a campaign. It reads an entry of an index for each coupon.
    fn first_issue(&self, campaign: CampaignId) -> Reading<'_, Option<CouponId>>;

    /// Returns issues, by the numbers of their coupons.
    fn issues(&self, wanted: WantedIssues) -> Reading<'_, Vec<Issue>>;
}

/// The issues of a campaign in two ranges: of their coupons' numbers, and of their own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WantedIssues {
    pub campaign: CampaignId,
    pub coupons: RangeInclusive<CouponId>,
    pub numbers: RangeInclusive<i64>,
    pub limit: usize,
    pub path: IssuePath,
}

/// The rows that a read passes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IssuePath {
    /// All coupons of the campaign: for one with few.
    Campaign,
    /// All coupons with a number in the range, also those of other campaigns.
    Numbers,
}
