//! What the provider names in its verdicts, and leaves out.

use std::sync::Arc;

use app::payments::provider::{Ask, Operation, Verdict};
use domain::money::Money;

/// Customers who pay with the same token pay with one card.
pub(super) fn fingerprint(ask: &Ask) -> Option<Arc<str>> {
    let token = ask.means.as_ref().and_then(|means| means.token.clone());
    (ask.operation == Operation::Authorize).then(|| token.unwrap_or_else(|| ask.method.name().into()))
}

/// Callbacks may leave the card out.
pub(super) fn without_card(verdict: Verdict) -> Verdict {
    match verdict {
        Verdict::Approved { reference, amount, .. } => Verdict::Approved { reference, amount, fingerprint: None },
        Verdict::Declined { .. } | Verdict::ActionRequired { .. } => verdict,
    }
}

/// One won more than was executed.
pub(super) fn one_more(verdict: Verdict) -> Verdict {
    match verdict {
        Verdict::Approved { reference, amount, fingerprint } => {
            Verdict::Approved { reference, amount: amount + Money::won(1), fingerprint }
        }
        Verdict::Declined { .. } | Verdict::ActionRequired { .. } => verdict,
    }
}
