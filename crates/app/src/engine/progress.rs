//! Counts what became of orders, coupons and events in a batch.

use domain::time::Timestamp;

use super::{Job, Progress};
use crate::events::event::Event;
use crate::state::rows::{NewEvent, OrderKey, Rows};

/// Counts the events of a batch, and the delivered events that its jobs handled.
pub(super) fn note<'a>(rows: &Rows, handled: impl Iterator<Item = &'a Job>, now: Timestamp, progress: &mut Progress) {
    for event in &rows.events {
        note_event(rows, event, progress);
    }
    for job in handled {
        if let (Some(source), Some(carried)) = (job.source, &job.carried) {
            progress.handled.push((source.offset.group, now - carried.delivery.at));
        }
    }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "only a few events are counted here")]
fn note_event(rows: &Rows, event: &NewEvent, progress: &mut Progress) {
    let order = || event.order.and_then(|order| rows.orders.get(OrderKey(order)).ok().flatten());
    match &event.event {
        Event::OrderCreated(_) => match order().and_then(|row| row.previous) {
            Some(_) => progress.orders_of_returning += 1,
            None => progress.orders_of_new += 1,
        },
        Event::OrderCompleted(completed) => {
            progress.completed.push(completed.completed_at - completed.order_created_at);
        }
        Event::OrderCancelled(cancelled) => {
            let took = order().map_or_else(Default::default, |row| event.at - row.order.created.at);
            progress.failed.push((cancelled.reason, took));
        }
        Event::CouponIssued(_) => progress.coupons_issued += 1,
        _ => {}
    }
}
