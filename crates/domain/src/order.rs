//! An order from placement to its final outcome (O-01…O-16, O-25).
//!
//! `outcome` is the state of claiming; `status` is the order's life cycle (source 003).

mod after_sales;
mod basket;
pub mod fulfilment;
mod modes;
mod outcome;
mod placing;
mod status;
mod terms;

use std::sync::Arc;

use crate::ids::{OrderId, ProductId, UserId};
use crate::money::Money;
use crate::order::saga::{Next, Report, Saga, Step};
use crate::payment::Method;
use crate::reason::Reason;
use crate::time::Timestamp;

pub use after_sales::{AfterSales, RefundAsked, Whereabouts};
pub use basket::{CouponWanted, Line, Receiver, merge_lines};
pub use modes::{Basket, Choice, Mode, Modes, PARALLEL_ITEMS_MAX, Pace, Rule};
pub use outcome::{Canceller, Outcome};
pub use placing::{Created, Placement};
pub use status::Status;
pub use terms::Payment;

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

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    Created(Arc<Created>),
    /// A participant's report. Only folded, never written: the participant's own event already records it.
    Reported {
        step: Step,
        report: Report,
        at: Timestamp,
    },
    /// The next wave of steps is requested. Only folded, together with the report that ended the wave before.
    Asked {
        steps: Vec<Step>,
    },
    /// The restoration of the next wave of steps is requested. Only folded, in the same way.
    AskedBack {
        steps: Vec<Step>,
    },
    /// Everything is claimed and an amount is due.
    AwaitingPayment {
        pay_before: Timestamp,
    },
    Completed,
    /// The claims of `steps` must be restored, in this order.
    CompensationRequired {
        reason: Reason,
        steps: Vec<Step>,
        /// The reason in the canceller's own words.
        note: Option<Arc<str>>,
    },
    CompensationStuck,
    CompensationResumed {
        steps: Vec<Step>,
    },
    CompensationResolved {
        by: UserId,
        reason: Arc<str>,
        steps: Vec<Step>,
    },
    Cancelled {
        reason: Reason,
        note: Option<Arc<str>>,
    },
    /// The life cycle advanced. `reason` is set when the order is cancelled or its parcel was returned.
    StatusChanged {
        status: Status,
        reason: Option<Reason>,
        note: Option<Arc<str>>,
    },
    /// The customer requests a refund, which the shop must approve or reject.
    RefundAsked {
        lines: Vec<(ProductId, i64)>,
        note: Option<Arc<str>>,
    },
    /// The shop rejects it; the order returns to its previous status.
    RefundRejected {
        note: Arc<str>,
    },
    /// Units were returned: their price is owed to the customer.
    Returned(fulfilment::Return),
    /// Refunded units arrived, or are written off because they will not arrive.
    GoodsArrived {
        lines: Vec<(ProductId, i64)>,
        is_written_off: bool,
    },
    /// Payment and dispatch in one step were requested.
    ProcessingRequested {
        method: Option<Method>,
        receiver: Option<Receiver>,
        warehouse_storage: bool,
    },
    /// The payment of that step was declined; the order can still be paid.
    ProcessingFailed {
        code: Arc<str>,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rejection {
    /// The total that the customer was shown differs from the catalogue's.
    PriceChanged {
        total: Money,
    },
    PointsAbovePayable {
        payable: Money,
    },
    /// All lines of one product together exceed [`QUANTITY_MAX`](crate::limits::QUANTITY_MAX).
    TooManyUnits {
        product: ProductId,
    },
    /// The total exceeds [`NUMBER_MAX`](crate::limits::NUMBER_MAX).
    TotalTooLarge,
    /// The coupon's discount rounds down to zero.
    CouponWorthless,
    /// The order is cancelled or compensating, or its goods have left.
    NotCancellable,
    NotStuck,
    /// No amount is due.
    NotDue,
    /// Claiming is still under way; retry later.
    NotYetDue,
    /// The order is cancelled, compensating or refunded.
    NotPayable,
    AlreadyPaid,
    /// The amount that the customer was shown is not the amount due.
    AmountMismatch {
        due: Money,
    },
    /// The order has neither a receiver nor warehouse storage.
    ReceiverMissing,
    NotRefundable,
    /// An earlier refund request is not decided yet.
    RefundPending,
    /// No refund request waits for a decision.
    NoRefundAsked,
    /// The goods are in transit; they can be returned after delivery.
    GoodsOnTheWay,
    /// The goods were sold at auction.
    GoodsSold,
    /// The goods have left, or are stored: their destination is fixed.
    GoodsCommitted,
    /// More units are reported as arrived than are awaited.
    NotThatMuchAwaited,
    /// More units are to be returned than the customer has.
    NotThatMuchLeft,
    /// The status table has no edge from `from` to the requested status.
    NoSuchEdge {
        from: Status,
    },
    /// The named invariant would be violated: a defect or a forged event.
    Impossible(&'static str),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    pub created: Arc<Created>,
    pub saga: Saga,
    pub outcome: Outcome,
    pub status: Status,
    pub reason: Option<Reason>,
    pub pay_before: Option<Timestamp>,
    /// Payment and dispatch in one step are under way.
    pub is_processing: bool,
    /// Returned units of each line; empty while nothing was returned.
    pub returned: Vec<i64>,
    /// Cancellation and refund details; most orders have none.
    pub after_sales: Option<Arc<AfterSales>>,
    /// `None` also for orders completed before this field existed.
    pub completed_at: Option<Timestamp>,
    /// Number of the order's own events, from 1 without gap.
    pub version: i64,
    pub updated_at: Timestamp,
}

impl Order {
    pub fn id(&self) -> OrderId {
        self.created.id
    }

    pub fn user(&self) -> UserId {
        self.created.user
    }

    /// Returns whether the whole order can be cancelled. The outcome of a completed order stays; its status shows the
    /// cancellation.
    pub fn is_cancellable(&self) -> bool {
        match self.outcome {
            Outcome::Pending | Outcome::AwaitingPayment => true,
            Outcome::Completed => self.status.is_cancellable(),
            Outcome::Compensating | Outcome::Cancelled | Outcome::CompensationStuck => false,
        }
    }

    /// Number of kinds of steps (stock, coupon, points): 1 to 3 (O-04).
    pub fn total_steps(&self) -> usize {
        1 + usize::from(self.created.coupon.is_some()) + usize::from(!self.created.points.is_zero())
    }
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
        Command::Collect { step, report, at: reported_at } => collect(order, *step, *report, (*reported_at, at)),
        Command::Cancel { .. } if !order.is_cancellable() => Err(Rejection::NotCancellable),
        Command::Cancel { by, note } if order.outcome == Outcome::Completed => {
            Ok(fulfilment::take_back(order, by.reason(), note.clone()))
        }
        Command::Cancel { by, note } => Ok(give_up(order, by.reason(), note.clone())),
        Command::GiveUp if order.outcome == Outcome::Pending => {
            Ok(give_up(order, order.saga.first_failure().unwrap_or(Reason::StepTimedOut), None))
        }
        Command::Stick if order.outcome == Outcome::Compensating => Ok(vec![Event::CompensationStuck]),
        Command::GiveUp | Command::Stick => Ok(vec![]),
        Command::Resume if order.outcome == Outcome::CompensationStuck => {
            Ok(vec![Event::CompensationResumed { steps: order.saga.to_restore().collect() }])
        }
        Command::Resolve { by, reason } if order.outcome == Outcome::CompensationStuck => {
            Ok(resolve(order, (*by, reason)))
        }
        Command::Resume | Command::Resolve { .. } => Err(Rejection::NotStuck),
        Command::Fulfil(command) => fulfilment::decide(order, command),
    }
}

fn collect(
    order: &Order,
    step: Step,
    report: Report,
    (reported_at, now): (Timestamp, Timestamp),
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

/// Marks outstanding restorations as done, so that compensation can finish.
fn resolve(order: &Order, (by, reason): (UserId, &Arc<str>)) -> Vec<Event> {
    let cancelled = order.reason.map(|reason| cancelled(order, reason));
    let steps = order.saga.to_restore().collect();
    [Event::CompensationResolved { by, reason: Arc::clone(reason), steps }].into_iter().chain(cancelled).collect()
}

fn give_up(order: &Order, reason: Reason, note: Option<Arc<str>>) -> Vec<Event> {
    let steps: Vec<Step> = order.saga.to_restore().collect();
    if steps.is_empty() {
        return vec![Event::Cancelled { reason, note }];
    }
    vec![Event::CompensationRequired { reason, steps, note }]
}

/// The final event of a compensated order, with the note that the canceller gave.
fn cancelled(order: &Order, reason: Reason) -> Event {
    Event::Cancelled { reason, note: order.cancel_reason().cloned() }
}

/// Folds an event into the order.
pub fn evolve(order: &mut Option<Order>, event: &Event, at: Timestamp) {
    if let Event::Created(created) = event {
        *order = Some(placed(created));
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
            become_status(order, Status::PendingPayment);
        }
        Event::Completed => become_completed(order, at),
        Event::CompensationRequired { reason, steps, note } => {
            note_cancel(order, note.as_ref());
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
            note_cancel(order, note.as_ref());
            order.outcome = Outcome::Cancelled;
            order.reason = Some(*reason);
            order.pay_before = None;
            become_status(order, Status::Cancelled);
        }
        Event::StatusChanged { status, reason, note } => {
            note_cancel(order, note.as_ref());
            order.reason = reason.or(order.reason);
            become_status(order, *status);
        }
        Event::RefundAsked { lines, note } => order.fold_asked(lines, note.as_ref()),
        Event::RefundRejected { note } => order.fold_rejected(note),
        Event::Returned(back) => fulfilment::fold_return(order, back),
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

fn note_cancel(order: &mut Order, note: Option<&Arc<str>>) {
    if let Some(note) = note {
        order.note(|after| after.cancel_reason = Some(Arc::clone(note)));
    }
}

fn become_completed(order: &mut Order, at: Timestamp) {
    order.outcome = Outcome::Completed;
    order.completed_at = Some(at);
    order.pay_before = None;
    order.is_processing = false;
    let is_paid = order.created.due.is_zero() || order.created.payment == Payment::Prepaid;
    become_status(order, if is_paid { Status::PaymentCompleted } else { Status::Preparing });
}

fn become_status(order: &mut Order, next: Status) {
    assert!(order.status.can_become(next), "{:?} never becomes {next:?}", order.status);
    order.status = next;
}

fn placed(created: &Arc<Created>) -> Order {
    Order {
        saga: Saga::new(created.steps(), created.mode.pace(), created.at),
        outcome: Outcome::Pending,
        status: Status::Created,
        reason: None,
        pay_before: None,
        is_processing: false,
        returned: vec![],
        after_sales: None,
        completed_at: None,
        version: 1,
        updated_at: created.at,
        created: Arc::clone(created),
    }
}

pub mod saga;
#[cfg(test)]
mod tests;
