//! The report of a batch, for the loop that runs the engine.

use std::sync::Arc;
use std::time::Duration;

use domain::alert::Alert;
use domain::ids::{Code, DeadLetterId, OrderId, RequestId, UserId, WebhookId};
use domain::reason::Reason;
use domain::webhook::DisabledReason;

use crate::events::event::PaymentStuck;
use crate::log::group::Group;
use crate::ports::ranking::DaySales;
use crate::state::rows::{EventId, OffsetKey};

/// A new dead letter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadLettered {
    pub letter: DeadLetterId,
    pub group: Group,
    /// The type of its event.
    pub kind: Arc<str>,
    pub error: Arc<str>,
}

/// An endpoint that was disabled, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WebhookOff {
    pub webhook: WebhookId,
    pub reason: Option<DisabledReason>,
}

/// The results of orders, coupons and events in a batch, for metrics.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// New orders of customers who had none before.
    pub orders_of_new: usize,
    /// New orders of customers who had ordered before.
    pub orders_of_returning: usize,
    /// The time from placing to completion of each order that completed.
    pub completed: Vec<Duration>,
    /// The time from placing to cancellation of each order that was cancelled, and why.
    pub failed: Vec<(Reason, Duration)>,
    pub coupons_issued: usize,
    /// The code of each refused request for a coupon; most refusals are given without a request.
    pub coupons_refused: Vec<&'static str>,
    /// The order that took longest until it was claimed or refused, and how long; the wait for its payment is not counted.
    pub slowest: Option<(Code, Duration)>,
    /// The time from its commit to its handling of each event that a log delivered to a group.
    pub handled: Vec<(Group, Duration)>,
}

/// The results of a call of [`super::Engine::write_once`].
#[derive(Debug, Default)]
pub struct Report {
    pub commits: usize,
    /// Attempts to commit that failed because of the store, not because of the rows.
    pub commit_failures: usize,
    pub answered: usize,
    /// Jobs that are deferred to the next batch.
    pub deferred: usize,
    /// Events written.
    pub events: usize,
    /// Rows written, of every kind.
    pub rows: usize,
    /// Statements that the store ran for it, and for reads since the previous report.
    pub statements: u64,
    /// The duration of each sync that was made for it; empty where commits are durable by themselves.
    pub syncs: Vec<Duration>,
    /// Orders that reached an outcome, or whose payment changed.
    pub orders: Vec<OrderId>,
    pub progress: Progress,
    pub requests: Vec<RequestId>,
    pub noticed: Vec<UserId>,
    /// True if a payment operation is due.
    pub has_due_payments: bool,
    /// True if a webhook is due.
    pub has_due_webhooks: bool,
    /// True if a notification is due.
    pub has_due_notifications: bool,
    /// Endpoints that were disabled, for operators.
    pub webhooks_disabled: Vec<WebhookOff>,
    /// Webhooks whose schedule came to its end, by endpoint, for operators.
    pub webhooks_dead: Vec<WebhookId>,
    /// Deliveries that were given up because their event is no longer in the store, by endpoint, for operators.
    pub webhooks_lost: Vec<WebhookId>,
    /// Alerts that were raised or cleared.
    pub alerts: Vec<Alert>,
    /// Orders whose compensation got stuck, for operators.
    pub stuck: Vec<Code>,
    /// Payments with a refund or a void that got stuck, for operators; each once.
    pub payments_stuck: Vec<PaymentStuck>,
    /// Events that the log had lost, and that their groups handled from the store.
    pub healed: Vec<(Group, EventId)>,
    /// New dead letters, for operators.
    pub dead_lettered: Vec<DeadLettered>,
    /// Dead letters that have become permanent, new or not: they are not resent automatically. For operators.
    pub permanent: Vec<(DeadLetterId, Group)>,
    /// The number of events by group that were delivered again or too late, and changed nothing.
    pub skipped: Vec<(Group, usize)>,
    /// Invariants that would have been broken, for operators; those commands were not applied.
    pub broken: Vec<String>,
    /// Rows that cannot be read, or name others which do not exist, for operators; each once.
    pub unreadable: Vec<String>,
    /// The number of commands and events that were not decided because a row of theirs cannot be read.
    pub undecidable: usize,
    /// True if parked events can be retried at once.
    pub is_more_due: bool,
    /// The sales so far of the days that changed.
    pub sold: Vec<DaySales>,
    /// Partitions that another worker took over, in which an operator moved the group, or with a failed delivery; their
    /// groups must read their offsets again.
    pub lost: Vec<OffsetKey>,
    /// Errors, for operators.
    pub errors: Vec<String>,
    /// The disk failed after a write: this process must not write to the store again.
    pub is_broken: bool,
}
