//! The part of the gate that its calls and its background task share.

use std::sync::Arc;
use std::time::{Duration, Instant};

use app::ports::EarlyRefusal;
use domain::coupon::{Campaign, Rejection, check_open};
use domain::ids::{CampaignId, UserId};
use domain::time::Timestamp;
use parking_lot::Mutex;
use rustc_hash::FxHashMap;

use super::committed::{CAMPAIGNS_MAX, Committed};
use super::scripts::{Claims, Found, Scripts};
use crate::redis::Redis;

/// A campaign's holders are not counted again more often than this.
const REBUILD_EVERY: Duration = Duration::from_secs(1);

pub(super) struct Shared {
    pub(super) redis: Arc<Redis>,
    pub(super) scripts: Scripts,
    pub(super) committed: Committed,
    pub(super) known: Mutex<FxHashMap<CampaignId, Known>>,
}

/// The state of a campaign's gate that this process saw last.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Known {
    /// Another value than before means that Redis has lost its data.
    pub(super) epoch: u64,
    pub(super) is_full: bool,
    pub(super) rebuilt: Option<Instant>,
}

impl Known {
    pub(super) fn needs_nothing(self) -> bool {
        self.is_full || self.rebuilt.is_some_and(|at| at.elapsed() < REBUILD_EVERY)
    }
}

impl Shared {
    pub(super) async fn advice(&self, campaign: CampaignId, user: UserId, now: Timestamp) -> Option<EarlyRefusal> {
        let keys = self.scripts.keys(&self.redis, campaign);
        let found = self.redis.call(|line| self.scripts.read(line, &keys, user)).await?;
        self.see(campaign, &found);
        if !found.holds_all && !found.is_full {
            return None;
        }
        let row = self.committed.row(campaign, found.count).await?;
        if row.issued < found.count {
            // Redis knows of coupons that the store never issued, or no longer has.
            tracing::warn!("The gate of campaign {campaign} knew more coupons than the store and was cleared.");
            self.redis.call(|line| self.scripts.clear(line, &keys)).await;
            return None;
        }
        let rejection = refusal(&row, &found, now);
        if rejection.is_none() && !row.issue_mode.takes_requests() {
            // The campaign was raised, and the update was lost.
            self.redis.call(|line| self.scripts.update(line, &keys, &row, Claims::default())).await;
        }
        Some(EarlyRefusal { rejection: rejection?, holds_none: found.holds_none })
    }

    pub(super) fn seen(&self, campaign: CampaignId) -> Option<Known> {
        self.known.lock().get(&campaign).copied()
    }

    pub(super) fn see(&self, campaign: CampaignId, found: &Found) {
        self.remember(campaign, |known| {
            if known.epoch != found.epoch {
                *known = Known { epoch: found.epoch, ..Known::default() };
            }
            known.is_full = found.is_full;
        });
    }

    pub(super) fn remember(&self, campaign: CampaignId, change: impl FnOnce(&mut Known)) {
        let mut known = self.known.lock();
        if known.len() >= CAMPAIGNS_MAX && !known.contains_key(&campaign) {
            known.clear();
        }
        change(known.entry(campaign).or_default());
    }
}

/// Returns what the engine would answer, in its order of checks; `None` where it would not refuse.
fn refusal(row: &Campaign, found: &Found, now: Timestamp) -> Option<Rejection> {
    // A queued campaign takes every request and refuses it later.
    if row.issue_mode.takes_requests() {
        return None;
    }
    if let Err(rejection) = check_open(row, now) {
        return Some(rejection);
    }
    if found.holds_all {
        return Some(Rejection::AlreadyIssued);
    }
    (row.remaining() <= 0).then_some(Rejection::SoldOut)
}
