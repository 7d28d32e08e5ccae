//! The store's rows of campaigns, set by the test.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard};

use app::ports::views::{CouponViews, Reading, UserCoupon, WantedCampaigns};
use app::state::rows::Request;
use domain::coupon::Campaign;
use domain::ids::{CampaignId, CouponId, RequestId, UserId};

#[derive(Default)]
pub(crate) struct Rows {
    campaigns: Mutex<BTreeMap<CampaignId, Campaign>>,
    pub(crate) reads: AtomicUsize,
}

impl Rows {
    pub(crate) fn put(&self, campaign: &Campaign) {
        self.campaigns().insert(campaign.id, campaign.clone());
    }

    fn campaigns(&self) -> MutexGuard<'_, BTreeMap<CampaignId, Campaign>> {
        self.campaigns.lock().unwrap()
    }
}

impl CouponViews for Rows {
    fn campaign(&self, id: CampaignId) -> Reading<'_, Option<Campaign>> {
        self.reads.fetch_add(1, Ordering::Relaxed);
        let row = self.campaigns().get(&id).cloned();
        Box::pin(async move { Ok(row) })
    }

    fn campaigns(&self, _after: Option<CampaignId>, _limit: usize) -> Reading<'_, Vec<Campaign>> {
        unreachable!("the gate reads one campaign")
    }

    fn find_campaigns(
        &self,
        _wanted: WantedCampaigns,
        _after: Option<CampaignId>,
        _limit: usize,
    ) -> Reading<'_, Vec<Campaign>> {
        unreachable!("the gate searches no campaigns")
    }

    fn coupon(&self, _id: CouponId) -> Reading<'_, Option<UserCoupon>> {
        unreachable!("the gate reads one campaign")
    }

    fn coupons_of(&self, _user: UserId, _before: Option<CouponId>, _limit: usize) -> Reading<'_, Vec<UserCoupon>> {
        unreachable!("the gate reads one campaign")
    }

    fn request(&self, _id: RequestId) -> Reading<'_, Option<Request>> {
        unreachable!("the gate reads one campaign")
    }
}
