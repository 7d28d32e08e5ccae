//! Rows that are kept for a time only.

use std::sync::Arc;

use domain::ids::WebhookId;
use domain::time::Timestamp;

use crate::log::group::Group;

/// Rows that a commit deletes, oldest first: those among the oldest `limit` that are from before a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Prune {
    pub what: Prunable,
    pub before: Timestamp,
    pub limit: i64,
}

/// Rows that may be deleted when they are old. Events may not: they are the shop's books.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Prunable {
    Notices,
    /// Inbox rows of a group: each records that it has handled an event.
    Inbox(Group),
    /// Deliveries of an endpoint that are over: completed, or dead letters.
    Deliveries(WebhookId),
    /// Ended tokens that would have expired since.
    EndedTokens,
}

/// Events that a commit removes, because an archive has them: all up to a position. Beside them, what names them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Removal {
    pub through: i64,
    /// The number of all events that an archive has then.
    pub events: i64,
    /// Every archived event is from before this time.
    pub before: Timestamp,
    /// What stays known of all archived events: JSON of [`Archived`](crate::audit::Archived).
    pub archived: Arc<str>,
}

impl Prunable {
    /// The table, under which the store also keeps the moment: an audit does not miss what was deleted.
    pub const fn table(self) -> &'static str {
        match self {
            Prunable::Notices => "notice",
            Prunable::Inbox(_) => "inbox",
            Prunable::Deliveries(_) => "webhook_delivery",
            Prunable::EndedTokens => "ended_token",
        }
    }
}
