//! Deletes rows that are kept for a time only, a bounded number in each round.

use std::time::Duration;

use app::commands::Command;
use app::log::reactions::Group;
use app::state::rows::{Prunable, Prune};
use domain::ids::WebhookId;

use crate::api::Shop;
use crate::config::Keep;
use crate::system::logging;

/// The most rows of a kind that a round deletes; endpoints share it, and so do groups.
const ROWS_MAX: i64 = 5_000;
/// The endpoints of a round. The next round goes on behind them.
const ENDPOINTS_MAX: usize = 50;
/// The most answers that one commit deletes: their rows are read first.
const ANSWERS_MAX: usize = 2_000;
/// The commits of a round that delete answers.
const ANSWER_COMMITS_MAX: usize = 5;

/// Deletes old rows in a few bounded commits.
pub(super) struct Retention {
    keep: Keep,
    answers: Duration,
    /// The last endpoint of the latest round, if more follow.
    endpoint: Option<WebhookId>,
}

impl Retention {
    pub(super) const fn new(keep: Keep, answers: Duration) -> Retention {
        Retention { keep, answers, endpoint: None }
    }

    /// Makes one round.
    pub(super) async fn prune_once(&mut self, shop: &Shop) {
        forget_answers(shop, self.answers).await;
        let mut rows = vec![];
        if let Some(kept) = self.keep.notices() {
            rows.extend(old(shop, vec![Prunable::Notices], kept));
        }
        // Also where reactions run inline now: they may have run over a log before.
        if let Some(kept) = self.keep.inbox() {
            rows.extend(old(shop, Group::with_inbox().map(Prunable::Inbox).collect(), kept));
        }
        if shop.tokens.has_ended_any() {
            rows.extend(old(shop, vec![Prunable::EndedTokens], Duration::ZERO));
        }
        submit(shop, rows).await;
        let Some(kept) = self.keep.deliveries() else { return };
        // Also those of removed endpoints.
        match shop.submitter.views.webhook_ids(self.endpoint, ENDPOINTS_MAX).await {
            Ok(endpoints) => {
                self.endpoint = endpoints.last().filter(|_| endpoints.len() == ENDPOINTS_MAX).copied();
                let deliveries = endpoints.into_iter().map(Prunable::Deliveries);
                submit(shop, old(shop, deliveries.collect(), kept)).await;
            }
            Err(error) => logging::error("The webhook endpoints could not be read", &error),
        }
    }
}

/// Returns the deletions of kinds of rows that share a limit.
fn old(shop: &Shop, what: Vec<Prunable>, kept: Duration) -> Vec<Prune> {
    let limit = ROWS_MAX / i64::try_from(what.len()).unwrap_or(ROWS_MAX).max(1);
    let before = shop.submitter.clock.now() - kept;
    what.into_iter().map(|what| Prune { what, before, limit }).collect()
}

async fn submit(shop: &Shop, prunes: Vec<Prune>) {
    if !prunes.is_empty() {
        shop.submitter.submit(Command::Prune(prunes), None).await;
    }
}

/// Deletes idempotency answers that have expired.
async fn forget_answers(shop: &Shop, kept: Duration) {
    let before = shop.submitter.clock.now() - kept;
    for _commit in 0..ANSWER_COMMITS_MAX {
        let keys = match shop.submitter.views.answers_before(before, ANSWERS_MAX).await {
            Ok(keys) => keys,
            Err(error) => return logging::error("Old idempotency answers could not be read", &error),
        };
        let is_last = keys.len() < ANSWERS_MAX;
        if !keys.is_empty() {
            shop.submitter.submit(Command::ForgetAnswers { keys, before }, None).await;
        }
        if is_last {
            return;
        }
    }
}
