//! Starting and ending the compensation of an order.

use std::sync::Arc;

use super::event::Event;
use super::saga::Step;
use super::state::Order;
use crate::ids::UserId;
use crate::reason::Reason;

/// Requires the restoration of what is held or may be held; cancels at once if that is nothing.
pub(super) fn compensate(order: &Order, reason: Reason, note: Option<Arc<str>>) -> Vec<Event> {
    let steps: Vec<Step> = order.saga.to_restore().collect();
    if steps.is_empty() {
        return vec![Event::Cancelled { reason, note }];
    }
    vec![Event::CompensationRequired { reason, steps, note }]
}

/// The final event of a compensated order, with the note that the canceller gave.
pub(super) fn cancelled(order: &Order, reason: Reason) -> Event {
    Event::Cancelled { reason, note: order.cancel_reason().cloned() }
}

/// Marks outstanding restorations as done, so that compensation can finish.
pub(super) fn resolve(order: &Order, by: UserId, reason: &Arc<str>) -> Vec<Event> {
    let cancelled = order.reason.map(|reason| cancelled(order, reason));
    let steps = order.saga.to_restore().collect();
    [Event::CompensationResolved { by, reason: Arc::clone(reason), steps }].into_iter().chain(cancelled).collect()
}
