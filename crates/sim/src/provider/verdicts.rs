//! The cards in the verdicts of the model provider, which it may leave out.

use std::sync::Arc;

use app::payments::provider::{Ask, Operation, Verdict};
use domain::money::Money;

/// Customers who pay with the same token pay with one card.
pub(super) fn fingerprint(ask: &Ask) -> Option<Arc<str>> {
    let token = ask.means.as_ref().and_then(|means| means.token.clone());
    (ask.operation == Operation::Authorize).then(|| token.unwrap_or_else(|| ask.method.name().into()))
}

/// Callbacks may leave the card out.
pub(super) fn without_card(mut verdict: Verdict) -> Verdict {
    if let Verdict::Approved { fingerprint, .. } = &mut verdict {
        *fingerprint = None;
    }
    verdict
}

/// Adds one won to the approved amount.
pub(super) fn one_more(mut verdict: Verdict) -> Verdict {
    if let Verdict::Approved { amount, .. } = &mut verdict {
        *amount += Money::won(1);
    }
    verdict
}
