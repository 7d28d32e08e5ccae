//! Deletes rows that are kept for a time only.

use std::time::Duration;

use app::commands::Command;
use app::state::rows::{Prunable, Prune};
use app::webhooks::follower::all_endpoints;
use domain::time::Timestamp;

use crate::api::Shop;
use crate::config::Keep;
use crate::system::logging;

/// The most rows of a kind that a round deletes. Endpoints share it; with more than fifty, each has 100 rows.
const ROWS_MAX: i64 = 5_000;

/// Deletes a bounded number of old notices and deliveries, in one commit for each kind.
pub(super) async fn prune_once(shop: &Shop, keep: Keep) {
    if let Some(kept) = keep.notices() {
        submit(shop, vec![Prunable::Notices], kept).await;
    }
    let Some(kept) = keep.deliveries() else { return };
    match all_endpoints(&*shop.submitter.views).await {
        Ok(endpoints) => {
            submit(shop, endpoints.iter().map(|endpoint| Prunable::Deliveries(endpoint.id)).collect(), kept).await;
        }
        Err(error) => logging::error("The webhook endpoints could not be read", &error),
    }
}

async fn submit(shop: &Shop, what: Vec<Prunable>, kept: Duration) {
    if what.is_empty() {
        return;
    }
    let kept = i64::try_from(kept.as_micros()).unwrap_or(i64::MAX);
    let before = Timestamp::from_micros(shop.submitter.clock.now().micros().saturating_sub(kept));
    let limit = ROWS_MAX / i64::try_from(what.len()).unwrap_or(ROWS_MAX).clamp(1, 50);
    let prunes = what.into_iter().map(|what| Prune { what, before, limit }).collect();
    shop.submitter.submit(Command::Prune(prunes), None).await;
}
