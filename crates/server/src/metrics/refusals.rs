//! Refused coupons by code. Most refusals leave no event, and a rush has thousands of them in a second: they are
//! counted where they are given, and added to the statistics from time to time.

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::ids::CampaignId;
use parking_lot::Mutex;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;

use super::Metrics;
use crate::http::Code;

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfCode {
    code: &'static str,
}

/// Refusals that are not in the statistics yet, by campaign and code.
pub type Refused = BTreeMap<(CampaignId, &'static str), i64>;

const OF_CAMPAIGNS: [Code; 5] =
    [Code::CouponNotStarted, Code::CouponExpired, Code::CouponAlreadyIssued, Code::CouponSoldOut, Code::CouponPaused];

#[derive(Debug, Default)]
pub struct Refusals {
    waiting: Mutex<Refused>,
    total: Family<OfCode, Counter>,
}

impl Refusals {
    pub fn register(metrics: &Metrics) -> Arc<Refusals> {
        let refusals = Arc::<Refusals>::default();
        // A series that begins at 0 lets a rate show the first one.
        for code in OF_CAMPAIGNS {
            drop(refusals.total.get_or_create(&OfCode { code: code.as_str() }));
        }
        let help = "Coupons that were refused, by the code of the refusal";
        metrics.register(|registry| registry.register("coupons_refused", help, refusals.total.clone()));
        refusals
    }

    /// Counts a refusal that leaves no event. Refusals of unknown campaigns are not counted, because any number may be asked
    /// for.
    pub fn note(&self, campaign: CampaignId, code: Code) {
        if self.count(code.as_str()) {
            *self.waiting.lock().entry((campaign, code.as_str())).or_default() += 1;
        }
    }

    /// Counts a refusal whose event the statistics read; returns whether it was one of a campaign.
    pub(super) fn count(&self, code: &'static str) -> bool {
        let is_counted = OF_CAMPAIGNS.iter().any(|counted| counted.as_str() == code);
        if is_counted {
            self.total.get_or_create(&OfCode { code }).inc();
        }
        is_counted
    }

    /// Takes what waits for the statistics.
    pub fn take(&self) -> Refused {
        std::mem::take(&mut *self.waiting.lock())
    }

    /// Returns what was taken, because it was not committed.
    pub fn put_back(&self, refused: Refused) {
        let mut waiting = self.waiting.lock();
        for (key, count) in refused {
            *waiting.entry(key).or_default() += count;
        }
    }
}
