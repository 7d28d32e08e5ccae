//! Rows that are kept for a time only.

use domain::ids::WebhookId;
use domain::time::Timestamp;

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
    /// Deliveries of an endpoint that are over: completed, or dead letters.
    Deliveries(WebhookId),
}

impl Prunable {
    /// The table, under which the store also keeps the moment: an audit does not miss what was deleted.
    pub const fn table(self) -> &'static str {
        match self {
            Prunable::Notices => "notice",
            Prunable::Deliveries(_) => "webhook_delivery",
        }
    }
}
