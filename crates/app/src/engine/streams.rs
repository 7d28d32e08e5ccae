//! The campaigns of the `stream` mode, held by the engine whose consumer decides their requests (C-02, C-10).
//!
//! The checkpoint is the campaign's own row, written by the deciding commit together with the group's offset. So the
//! row is read once, for the first request. From then on a commit only compares it; if another writer has changed it,
//! the batch fails and is decided again on fresh rows.

use std::collections::{BTreeMap, BTreeSet};

use domain::coupon::{Campaign, IssueMode};
use domain::ids::CampaignId;

use super::batch::Batch;
use crate::state::rows::{Keys, Rows};

/// The number of held campaigns; beyond it the oldest is dropped, and read again when it is needed.
const HELD_MAX: usize = 256;

#[derive(Debug, Default)]
pub(super) struct Streams(BTreeMap<CampaignId, Campaign>);

impl Streams {
    /// Gives a batch the held campaigns among its keys.
    pub(super) fn give(&self, keys: &mut Keys, rows: &mut Rows) {
        for campaign in self.0.values().filter(|campaign| keys.remove(&campaign.id.into())) {
            rows.hold(campaign.clone());
        }
    }

    /// Holds the batch's campaigns whose requests it decided, now that it is committed.
    pub(super) fn apply(&mut self, batch: &Batch) {
        let held = batch.rows.held.iter().map(|campaign| campaign.id);
        // A batch decides many requests for each.
        let relied_on: BTreeSet<CampaignId> = held.chain(batch.requested_campaigns()).collect();
        for id in relied_on {
            let Ok(Some(campaign)) = batch.rows.campaigns.get(id) else { continue };
            if campaign.issue_mode == IssueMode::Stream {
                self.0.insert(id, campaign.clone());
            }
        }
        while self.0.len() > HELD_MAX {
            self.0.pop_first();
        }
    }

    /// Drops the campaigns that a failed batch used.
    pub(super) fn forget(&mut self, rows: &Rows) {
        rows.held.iter().for_each(|campaign| drop(self.0.remove(&campaign.id)));
    }
}
