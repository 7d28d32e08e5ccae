//! An order from placement to its final outcome (O-01…O-16, O-25).
//!
//! `outcome` is the state of claiming; `status` is the order's life cycle (source 003).

mod after_sales;
mod basket;
mod compensation;
mod event;
pub mod fulfilment;
mod modes;
mod outcome;
mod pace;
mod placing;
pub mod saga;
mod state;
mod status;
mod terms;

use std::sync::Arc;

use compensation::{cancelled, compensate, resolve};
use saga::{Next, Report, Step};

use crate::ids::UserId;
use crate::reason::Reason;
use crate::time::Timestamp;

pub use after_sales::{AfterSales, RefundAsked, Whereabouts};
pub use basket::{CouponWanted, Line, Receiver, merge_lines};
pub use event::{Event, Rejection};
pub use modes::{Basket, Choice, Mode, Modes, PARALLEL_ITEMS_MAX, Rule};
pub use outcome::{Canceller, Outcome};
pub use pace::Pace;
pub use placing::Placement;
pub use state::Order;
pub use status::Status;
pub use terms::{Created, Payment};

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    Place(Box<Placement>),
    /// Records a participant's report about one step, made at `at`.
    Collect {
        step: Step,
        report: Report,
        at: Timestamp,
    },
    /// Cancels the order, before its goods leave.
    Cancel {
        by: Canceller,
        /// The reason in the canceller's own words.
        note: Option<Arc<str>>,
    },
    /// Stops waiting for overdue reports and compensates.
    GiveUp,
    /// Marks the compensation as stuck: restorations are overdue and no retries are left.
    Stick,
    /// Requests the outstanding restorations again, for an operator or a repair.
    Resume,
    /// Payment, delivery and refund, after everything is claimed.
    Fulfil(fulfilment::Command),
    /// Marks outstanding restorations as done, on an operator's order.
    Resolve {
        by: UserId,
        reason: Arc<str>,
    },
}

/// Decides a command about an order; `None` is an order that is being placed.
///
/// # Errors
///
/// The first [`Rejection`] whose guard fails; the order of guards is the order of precedence.
pub fn decide(order: Option<&Order>, command: &Command, at: Timestamp) -> Result<Vec<Event>, Rejection> {
    if let Command::Place(placement) = command {
        return placing::place(placement, at);
    }
    let Some(order) = order else { return Err(Rejection::Impossible("the order exists")) };
    match command {
        Command::Place(_) => Err(Rejection::Impossible("an order is placed once")),
        Command::Collect { step, report, at: reported_at } => collect(order, *step, *report, *reported_at, at),
        Command::Cancel { .. } if !order.is_cancellable() => Err(Rejection::NotCancellable),
        Command::Cancel { by, note } if order.outcome == Outcome::Completed => {
            Ok(fulfilment::take_back(order, by.reason(), note.clone()))
        }
        Command::Cancel { by, note } => Ok(compensate(order, by.reason(), note.clone())),
        Command::GiveUp if order.outcome == Outcome::Pending => {
            Ok(compensate(order, order.saga.first_failure().unwrap_or(Reason::StepTimedOut), None))
        }
        Command::Stick if order.outcome == Outcome::Compensating => Ok(vec![Event::CompensationStuck]),
        Command::GiveUp | Command::Stick => Ok(vec![]),
        Command::Resume if order.outcome == Outcome::CompensationStuck => {
            Ok(vec![Event::CompensationResumed { steps: order.saga.to_restore().collect() }])
        }
        Command::Resolve { by, reason } if order.outcome == Outcome::CompensationStuck => {
            Ok(resolve(order, *by, reason))
        }
        Command::Resume | Command::Resolve { .. } => Err(Rejection::NotStuck),
        Command::Fulfil(command) => fulfilment::decide(order, command),
    }
}

impl Order {
    /// Returns whether the order would change by the command now.
    pub fn allows(&self, command: &Command, at: Timestamp) -> bool {
        decide(Some(self), command, at).is_ok_and(|events| !events.is_empty())
    }
}

fn collect(
    order: &Order,
    step: Step,
    report: Report,
    reported_at: Timestamp,
    now: Timestamp,
) -> Result<Vec<Event>, Rejection> {
    if !order.saga.accepts(step, report) {
        return Ok(vec![]);
    }
    let mut saga = order.saga.clone();
    saga.note(step, report, reported_at);
    let mut events = vec![Event::Reported { step, report, at: reported_at }];
    if order.outcome.is_final() {
        return Ok(events);
    }
    match saga.next() {
        Next::Wait => {
            let asked: Vec<Step> = saga.asked_since(&order.saga).collect();
            if !asked.is_empty() {
                events.push(Event::Asked { steps: asked });
            }
            let asked_back: Vec<Step> = saga.asked_back_since(&order.saga).collect();
            if !asked_back.is_empty() {
                events.push(Event::AskedBack { steps: asked_back });
            }
        }
        Next::Claimed => events.push(claimed(order, now)?),
        Next::Compensate(reason) => {
            events.push(Event::CompensationRequired { reason, steps: saga.to_restore().collect(), note: None });
        }
        Next::Cancel(reason) | Next::Compensated(reason) => events.push(cancelled(order, reason)),
    }
    Ok(events)
}

/// Everything is claimed: completes the order, or awaits its payment.
fn claimed(order: &Order, now: Timestamp) -> Result<Event, Rejection> {
    if order.outcome == Outcome::AwaitingPayment {
        return Err(Rejection::Impossible("an order that awaits payment has no open step"));
    }
    if order.created.due.is_zero() || order.created.payment == Payment::OnDelivery {
        return Ok(Event::Completed);
    }
    Ok(Event::AwaitingPayment { pay_before: now + order.created.pay_within })
}

/// Folds an event into the order.
pub fn evolve(order: &mut Option<Order>, event: &Event, at: Timestamp) {
    if let Event::Created(created) = event {
        *order = Some(Order::placed(created));
        return;
    }
    let order = order.as_mut().expect("an order is created before anything else happens to it");
    match event {
        Event::Created(_) => unreachable!("folded above"),
        Event::Asked { .. } | Event::AskedBack { .. } => return,
        Event::Reported { step, report, at } => {
            if order.saga.accepts(*step, *report) {
                order.saga.note(*step, *report, *at);
            }
            return;
        }
        Event::AwaitingPayment { pay_before } => {
            order.outcome = Outcome::AwaitingPayment;
            order.pay_before = Some(*pay_before);
            order.become_status(Status::PendingPayment);
        }
        Event::HoldExtended { pay_before, .. } => order.pay_before = Some(*pay_before),
        Event::Completed => order.become_completed(at),
        Event::CompensationRequired { reason, steps, note } => {
            order.fold_cancel_note(note.as_ref());
            order.outcome = Outcome::Compensating;
            order.is_processing = false;
            order.reason = Some(*reason);
            order.saga.turn_back(*reason, steps, order.created.at);
        }
        Event::CompensationStuck => order.outcome = Outcome::CompensationStuck,
        Event::CompensationResumed { .. } => order.outcome = Outcome::Compensating,
        Event::CompensationResolved { steps, .. } => {
            order.outcome = Outcome::Compensating;
            order.saga.restore(steps, at);
        }
        Event::Cancelled { reason, note } => {
            order.fold_cancel_note(note.as_ref());
            order.outcome = Outcome::Cancelled;
            order.reason = Some(*reason);
            order.pay_before = None;
            order.become_status(Status::Cancelled);
        }
        Event::StatusChanged { status, reason, note } => {
            order.fold_cancel_note(note.as_ref());
            order.reason = reason.or(order.reason);
            order.become_status(*status);
        }
        Event::RefundAsked { lines, note } => order.fold_asked(lines, note.as_ref()),
        Event::RefundRejected { note } => order.fold_rejected(note),
        Event::Returned(back) => order.fold_returned(back),
        Event::GoodsArrived { lines, .. } => order.fold_arrived(lines),
        Event::ProcessingRequested { receiver, warehouse_storage, .. } => {
            order.is_processing = order.outcome == Outcome::AwaitingPayment;
            let created = Arc::make_mut(&mut order.created);
            created.receiver.clone_from(receiver);
            created.warehouse_storage = *warehouse_storage;
        }
        Event::ProcessingFailed { .. } => order.is_processing = false,
    }
    order.version += 1;
    order.updated_at = at;
}

#[cfg(test)]
mod tests;
