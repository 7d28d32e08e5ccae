//! Rows of campaigns read from the store, not older than a limit.

use std::sync::Arc;
use std::time::{Duration, Instant};

use app::ports::views::CouponViews;
use domain::coupon::Campaign;
use domain::ids::CampaignId;
use parking_lot::Mutex;
use rustc_hash::FxHashMap;

/// The most campaigns remembered in this process; beyond it, all are dropped and loaded again.
pub(super) const CAMPAIGNS_MAX: usize = 10_000;
/// The highest age of a row on which a refusal may rest.
const FRESH: Duration = Duration::from_millis(50);

pub(super) struct Committed {
    views: Arc<dyn CouponViews>,
    rows: Mutex<FxHashMap<CampaignId, Arc<Slot>>>,
}

#[derive(Default)]
struct Slot {
    row: Mutex<Option<(Arc<Campaign>, Instant)>>,
    /// Held while the row is read, so that concurrent requests read it once.
    reading: tokio::sync::Mutex<()>,
}

impl Slot {
    /// Returns the row, if it is fresh and counts at least `issued_min` coupons.
    fn fresh(&self, issued_min: i64) -> Option<Arc<Campaign>> {
        let row = self.row.lock();
        let (campaign, read) = row.as_ref()?;
        (read.elapsed() < FRESH && campaign.issued >= issued_min).then(|| Arc::clone(campaign))
    }
}

impl Committed {
    pub(super) fn new(views: Arc<dyn CouponViews>) -> Committed {
        Committed { views, rows: Mutex::default() }
    }

    /// Returns the campaign's row: a fresh one that counts at least `issued_min` coupons, or else one that is read now.
    /// `None` when the store has none, or does not answer.
    pub(super) async fn row(&self, id: CampaignId, issued_min: i64) -> Option<Arc<Campaign>> {
        let slot = self.slot(id);
        if let Some(row) = slot.fresh(issued_min) {
            return Some(row);
        }
        let _reading = slot.reading.lock().await;
        if let Some(row) = slot.fresh(issued_min) {
            return Some(row);
        }
        // Its age starts before it is read.
        let read_at = Instant::now();
        let row = Arc::new(self.views.campaign(id).await.ok()??);
        *slot.row.lock() = Some((Arc::clone(&row), read_at));
        Some(row)
    }

    /// Takes over the row of a commit of this process, which need not be read.
    pub(super) fn apply(&self, campaign: &Arc<Campaign>) {
        let Some(slot) = self.rows.lock().get(&campaign.id).cloned() else { return };
        let mut row = slot.row.lock();
        let is_older = |known: &Campaign| {
            campaign.issued < known.issued
                || campaign.quantity < known.quantity
                || campaign.updated_at < known.updated_at
        };
        if row.as_ref().is_none_or(|(known, _)| !is_older(known)) {
            *row = Some((Arc::clone(campaign), Instant::now()));
        }
    }

    pub(super) fn forget(&self, id: CampaignId) {
        // A concurrent reader fills the slot that is dropped here.
        self.rows.lock().remove(&id);
    }

    fn slot(&self, id: CampaignId) -> Arc<Slot> {
        let mut rows = self.rows.lock();
        if rows.len() >= CAMPAIGNS_MAX && !rows.contains_key(&id) {
            rows.clear();
        }
        Arc::clone(rows.entry(id).or_default())
    }
}
