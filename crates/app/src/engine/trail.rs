//! The line of the trail for a job that an admin caused.

use std::sync::Arc;

use domain::time::Timestamp;

use crate::commands::answer::Answer;
use crate::commands::answer::changed::Changed;
use crate::state::rows::{Deed, Recorded};

/// Returns the line. An act that creates something does not name it in its path, so its number is added.
pub(super) fn line(deed: &Deed, answer: &Answer, at: Timestamp) -> Recorded {
    let made = if deed.subject.contains('/') { None } else { made_by(answer) };
    let subject = made.map_or_else(|| Arc::clone(&deed.subject), |id| format!("{}/{id}", deed.subject).into());
    Recorded { id: 0, deed: Deed { subject, ..deed.clone() }, at }
}

fn made_by(answer: &Answer) -> Option<i64> {
    #[expect(clippy::wildcard_enum_match_arm, reason = "other acts are about something that their path names")]
    match answer {
        Answer::UserRegistered { user } => Some(user.0),
        Answer::ProductRegistered { product } => Some(product.0),
        Answer::CampaignCreated { campaign } => Some(campaign.0),
        Answer::Changed { now } => match &**now {
            Changed::Product(product) | Changed::Described(product, _) => Some(product.id.0),
            Changed::Campaign(campaign) => Some(campaign.id.0),
            Changed::Webhook(endpoint) => Some(endpoint.id.0),
            Changed::ApiKey(key) => Some(key.id.0),
            Changed::Drop(drop) => Some(drop.id.0),
            Changed::Login(login) => Some(login.user.0),
            _ => None,
        },
        _ => None,
    }
}
