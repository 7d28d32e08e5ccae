//! The words and cells in which every store writes states and kinds.

use app::events::topic::Topic;
use app::log::reactions::Group;
use app::state::rows::{OffsetKey, Partition, TimerKind};
use domain::claim::Claim;
use domain::order::Order;
use domain::order::saga::{Step, StepRecord, StepState};
use domain::pricing::Discount;

/// The kinds of ledger entry.
pub(crate) const ENTRY_KINDS: [&str; 3] = ["CHARGED", "DEDUCTED", "RESTORED"];

pub(crate) const fn claim_state(claim: Claim) -> &'static str {
    match claim {
        Claim::Held => "HELD",
        Claim::Refused(_) => "REFUSED",
        Claim::Released => "RELEASED",
    }
}

/// The cells that name a step: its kind, and its product.
pub(crate) const fn step_cells(step: Step) -> (&'static str, i64) {
    match step {
        Step::Stock(product) => ("STOCK", product.0),
        Step::Coupon => ("COUPON", 0),
        Step::Point => ("POINT", 0),
    }
}

pub(crate) const fn timer_kind(kind: TimerKind) -> &'static str {
    match kind {
        TimerKind::Claims => "CLAIMS",
        TimerKind::Delayed => "DELAYED",
        TimerKind::Restorations { .. } => "RESTORATIONS",
        TimerKind::Payment => "PAYMENT",
    }
}

/// The cell of a step's reason.
pub(crate) const fn step_reason(state: StepState) -> Option<&'static str> {
    match state {
        StepState::Failed(reason) => Some(reason.code()),
        StepState::Waiting | StepState::Requested | StepState::Completed | StepState::Restored => None,
    }
}

/// The cells of an optional step of an order: state, reason, time.
pub(crate) type StepCells = (Option<&'static str>, Option<&'static str>, Option<i64>);

pub(crate) fn saga_step_cells(order: &Order, step: Step) -> StepCells {
    let record = order.saga.steps.iter().find(|record| record.step == step);
    let Some(StepRecord { state, at, .. }) = record else { return (None, None, None) };
    (Some(state.name()), step_reason(*state), Some(at.micros()))
}

/// The cells of a discount: type, value, largest amount.
pub(crate) const fn discount_cells(discount: &Discount) -> (&'static str, i64, Option<i64>) {
    match *discount {
        Discount::Fixed { value } => ("FIXED", value.amount(), None),
        Discount::Percent { value, max_amount: None } => ("PERCENT", value, None),
        Discount::Percent { value, max_amount: Some(max) } => ("PERCENT", value, Some(max.amount())),
    }
}

/// The cell of a partition's topic; empty in the store's own log.
pub(crate) fn topic_cell(partition: Partition) -> &'static str {
    partition.topic.map_or("", Topic::name)
}

/// Returns the key of a group's offset; `None` when this program does not know the group or topic.
pub(crate) fn offset_key(group: &str, topic: &str, number: i32) -> Option<OffsetKey> {
    let topic = if topic.is_empty() { None } else { Some(Topic::from_name(topic)?) };
    Some(OffsetKey { group: Group::from_name(group)?, partition: Partition { topic, number } })
}
