//! Counts what became of orders, coupons and events in a batch.

use std::time::Duration;

use domain::ids::Code;
use domain::reason::Reason;
use domain::time::Timestamp;

use super::{Job, Progress};
use crate::events::event::Event;
use crate::state::rows::{NewEvent, OrderKey, Rows};

/// Orders that ended for these reasons waited for people.
const PEOPLE: [Reason; 5] = [
    Reason::CancelledByCustomer,
    Reason::CancelledByAdmin,
    Reason::PaymentExpired,
    Reason::PaymentMethodLimitExceeded,
    Reason::ShipmentReturned,
];

impl Progress {
    fn note_slowest(&mut self, number: &Code, took: Duration) {
        if self.slowest.as_ref().is_none_or(|(_, slowest)| *slowest < took) {
            self.slowest = Some((number.clone(), took));
        }
    }
}

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
            let took = completed.completed_at - completed.order_created_at;
            progress.completed.push(took);
            // An order that waited for its payment was claimed before; how long its customer took does not matter.
            if order().is_none_or(|row| !row.order.is_prepaid()) {
                progress.note_slowest(&completed.order_id, took);
            }
        }
        Event::OrderCancelled(cancelled) => {
            let took = order().map_or_else(Default::default, |row| event.at - row.order.created.at);
            progress.failed.push((cancelled.reason, took));
            if !PEOPLE.contains(&cancelled.reason) {
                progress.note_slowest(&cancelled.order_id, took);
            }
        }
        Event::OrderAwaitingPayment(awaiting) => {
            let took = order().map_or_else(Default::default, |row| event.at - row.order.created.at);
            progress.note_slowest(&awaiting.order_id, took);
        }
        Event::CouponIssued(_) => progress.coupons_issued += 1,
        Event::CouponResult(result) => progress.coupons_refused.extend(result.result_code.problem_code()),
        _ => {}
    }
}
