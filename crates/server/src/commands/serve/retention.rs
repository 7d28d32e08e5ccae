//! Deletes rows that are kept for a time only.

use std::time::Duration;

use app::commands::Command;
use app::ports::StoreError;
use app::state::rows::{Prunable, Prune};
use domain::time::Timestamp;

use crate::api::Shop;
use crate::config::Keep;
use crate::system::logging;

/// The most rows of a kind that a round deletes: more than a busy shop adds between two rounds.
const ROWS_MAX: i64 = 5_000;
/// Endpoints read at once.
const ENDPOINTS_AT_ONCE: usize = 100;

/// Deletes a bounded number of old notices and deliveries, in one commit for each kind.
pub(super) async fn prune_once(shop: &Shop, keep: Keep) {
    if let Some(kept) = keep.notices() {
        submit(shop, vec![Prunable::Notices], kept).await;
    }
    let Some(kept) = keep.deliveries() else { return };
    match endpoints(shop).await {
        Ok(endpoints) => submit(shop, endpoints, kept).await,
        Err(error) => logging::error("The webhook endpoints could not be read", &error),
    }
}

async fn endpoints(shop: &Shop) -> Result<Vec<Prunable>, StoreError> {
    let (mut all, mut after) = (vec![], None);
    loop {
        let found = shop.submitter.views.webhooks(after, ENDPOINTS_AT_ONCE).await?;
        after = found.last().map(|endpoint| endpoint.id);
        all.extend(found.iter().map(|endpoint| Prunable::Deliveries(endpoint.id)));
        if found.len() < ENDPOINTS_AT_ONCE {
            return Ok(all);
        }
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
