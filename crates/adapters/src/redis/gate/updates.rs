//! Tells Redis what was committed, beside everything else and in order.

use std::sync::{Arc, Weak};

use domain::coupon::Campaign;
use domain::ids::UserId;
use tokio::sync::{mpsc, oneshot};

use super::Shared;

/// Claims that are told with one call: Redis does nothing else meanwhile.
const CLAIMS_MAX: usize = 500;

pub(super) enum Task {
    Tell(GateUpdate),
    /// Everything before this was told.
    Reach(oneshot::Sender<()>),
}

/// What was committed of a campaign: its row, and how many coupons each of these users holds.
pub(super) struct GateUpdate {
    pub(super) campaign: Arc<Campaign>,
    pub(super) holders: Vec<(UserId, i64)>,
}

/// Tells until nobody learns anything any more.
pub(super) async fn tell(shared: Weak<Shared>, mut tasks: mpsc::Receiver<Task>) {
    while let Some(task) = tasks.recv().await {
        let Some(shared) = shared.upgrade() else { return };
        match task {
            Task::Tell(update) => {
                // What fails is learned again when it matters.
                let _ = shared.tell(&update).await;
            }
            Task::Reach(tell) => {
                // Whoever asked may be gone.
                let _ = tell.send(());
            }
        }
    }
}

impl Shared {
    async fn tell(&self, update: &GateUpdate) -> Option<()> {
        let GateUpdate { campaign, holders } = update;
        let keys = self.scripts.keys(&self.redis, campaign.id);
        let claims = holders.iter().flat_map(|(user, held)| (1..=*held).map(move |number| claim(*user, number)));
        let claims: Vec<String> = claims.collect();
        let mut epoch = 0;
        let mut rest = claims.as_slice();
        loop {
            let (now, later) = rest.split_at(rest.len().min(CLAIMS_MAX));
            let told = self.redis.call(|line| self.scripts.tell(line, &keys, campaign, (epoch, now))).await;
            let Some(found) = told else {
                // What was counted did not arrive, so it may be counted again.
                self.remember(campaign.id, |known| known.rebuilt = None);
                return None;
            };
            if epoch != 0 && found.epoch != epoch {
                // What was told before is lost already; this is told anew from the beginning when it matters.
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

/// The name of the claim that a user's coupon is: the same whenever it is told.
pub(super) fn claim(user: UserId, number: i64) -> String {
    format!("{}#{number}", user.0)
}
