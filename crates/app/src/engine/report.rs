//! What became of a batch, for whoever runs the engine.

use std::sync::Arc;
use std::time::Duration;

use domain::ids::{Code, LetterId, OrderId, RequestId, UserId};

use crate::events::event::PaymentStuck;
use crate::log::reactions::Group;
use crate::ports::views::DaySales;
use crate::state::rows::{EventId, OffsetKey};

/// A dead letter that is new.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadLettered {
    pub letter: LetterId,
    pub group: Group,
    /// The type of its event.
    pub kind: Arc<str>,
    pub error: Arc<str>,
}

/// What a call of [`super::Engine::write_once`] did.
#[derive(Debug, Default)]
pub struct Report {
    pub commits: usize,
    /// Attempts to commit that failed because of the store, not because of what was to be written.
    pub commit_failures: usize,
    pub answered: usize,
    /// Jobs that wait inside the engine for the next batch.
    pub deferred: usize,
    /// Events written.
    pub events: usize,
    /// Rows written, of every kind.
    pub rows: usize,
    /// Statements that the store ran for it, and for what was looked for since the report before.
    pub statements: u64,
    /// How long each sync took that was made for it; none where commits are durable by themselves.
    pub syncs: Vec<Duration>,
    /// Orders that came to an outcome, or whose payment moved.
    pub orders: Vec<OrderId>,
    pub requests: Vec<RequestId>,
    pub noticed: Vec<UserId>,
    /// Whether there is something that a payment provider is to be asked.
    pub asks: bool,
    /// Orders whose compensation got stuck: the operator is told.
    pub stuck: Vec<Code>,
    /// Payments of which a refund or a void got stuck: the operator is told, once.
    pub payments_stuck: Vec<PaymentStuck>,
    /// Events that the log had lost, and that their groups took in from the store.
    pub healed: Vec<(Group, EventId)>,
    /// New dead letters: events that a group has given up. The operator is told.
    pub buried: Vec<DeadLettered>,
    /// Dead letters that have become permanent, new or not: nobody tries them again by himself. The operator is told.
    pub permanent: Vec<(LetterId, Group)>,
    /// Events that a group was handed again, or too late: they changed nothing, and so many were skipped.
    pub skipped: Vec<(Group, usize)>,
    /// What was not done, because something that always holds would not hold any more: the operator is told.
    pub broken: Vec<String>,
    /// Whether parked events can be tried again at once.
    pub is_more_due: bool,
    /// What was sold so far on the days that were touched.
    pub sold: Vec<DaySales>,
    /// Partitions that another worker took over, in which an operator moved the group, or of which a delivery came to
    /// nothing; their groups must ask where they stand.
    pub lost: Vec<OffsetKey>,
    /// What went wrong, for the operator.
    pub errors: Vec<String>,
    /// The disk failed after something was written: the store must not be written to again by this process.
    pub is_broken: bool,
}
