//! Sends commits to Redis, in order and in the background.

use std::sync::{Arc, Weak};

use domain::coupon::Campaign;
use domain::ids::UserId;
use tokio::sync::{mpsc, oneshot};

use super::scripts::Claims;
use super::shared::Shared;

/// The most claims in one call: Redis serves nothing else meanwhile.
const CLAIMS_MAX: usize = 500;

pub(super) enum Task {
    Send(GateUpdate),
    /// Everything before this was sent.
    Reach(oneshot::Sender<()>),
}

/// The committed state of a campaign: its row, and how many coupons each of these users holds.
pub(super) struct GateUpdate {
    pub(super) campaign: Arc<Campaign>,
    pub(super) holders: Vec<(UserId, i64)>,
}

/// Sends until the gate is dropped.
pub(super) async fn send(shared: Weak<Shared>, mut tasks: mpsc::Receiver<Task>) {
    while let Some(task) = tasks.recv().await {
        let Some(shared) = shared.upgrade() else { return };
        match task {
            Task::Send(update) => {
                // A failed update is made up for when it matters.
                let _ = shared.send(&update).await;
            }
            Task::Reach(sender) => {
                // The receiver may be gone.
                let _ = sender.send(());
            }
        }
    }
}

impl Shared {
    async fn send(&self, update: &GateUpdate) -> Option<()> {
        let GateUpdate { campaign, holders } = update;
        let keys = self.scripts.keys(&self.redis, campaign.id);
        let claims = holders.iter().flat_map(|(user, held)| (1..=*held).map(move |number| claim(*user, number)));
        let claims: Vec<String> = claims.collect();
        let mut epoch = 0;
        let mut rest = claims.as_slice();
        loop {
            let (now, later) = rest.split_at(rest.len().min(CLAIMS_MAX));
            let sent =
                self.redis.call(|line| self.scripts.update(line, &keys, campaign, Claims { epoch, names: now })).await;
            let Some(found) = sent else {
                // The counted claims did not arrive, so they may be counted again.
                self.remember(campaign.id, |known| known.rebuilt = None);
                return None;
            };
            if epoch != 0 && found.epoch != epoch {
                // The earlier claims are lost already; all are sent again when it matters.
                self.see(campaign.id, &found);
                return None;
            }
            epoch = found.epoch;
            rest = later;
            if rest.is_empty() {
                self.remember(campaign.id, |known| {
                    known.epoch = found.epoch;
                    known.is_full = found.is_full;
                });
                return Some(());
            }
        }
    }
}

/// The name of the claim for a user's coupon: the same in every update.
pub(super) fn claim(user: UserId, number: i64) -> String {
    format!("{}#{number}", user.0)
}
