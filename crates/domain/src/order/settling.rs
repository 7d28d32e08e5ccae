//! An order after it has claimed everything: paid, sent or stored, taken back, refunded (O-28…O-35, P-06, P-07).

use std::sync::Arc;

use super::{Event, Order, Outcome, Payment, Receiver, Rejection, Status};
use crate::ids::ProductId;
use crate::money::Money;
use crate::payment::Method;
use crate::reason::Reason;
use crate::refund::{self, Worth};

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Asks whether a payment may begin; `shown` is the amount that the customer was shown.
    Pay { shown: Option<Money> },
    /// The amount due was taken.
    Captured,
    /// Nobody paid in time.
    Expire,
    /// Pay what is due and send the goods, or store them, in one step.
    Process { method: Option<Method>, receiver: Option<Receiver>, warehouse_storage: bool },
    /// The payment of that step was refused.
    FailProcessing { code: Arc<str> },
    /// The goods go where they are to go, if that is known.
    Dispatch,
    /// The goods are further on their way.
    Follow { status: Status },
    /// Units come back; none named is all that are left.
    Refund { lines: Vec<(ProductId, i64)>, note: Option<Arc<str>> },
    /// The money of the whole order was given back.
    ConfirmRefund,
}

/// Goods that come back, and what they are worth.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Return {
    pub lines: Vec<(ProductId, i64)>,
    /// What the customer paid for them; nothing where he pays on delivery.
    pub money: Money,
    pub points: Money,
    /// Nothing is left of the order, so its coupon comes back as well.
    pub is_last: bool,
    /// Why, in the words of the person who gives them back.
    pub note: Option<Arc<str>>,
}

pub(super) fn decide(order: &Order, command: &Command) -> Result<Vec<Event>, Rejection> {
    match command {
        Command::Pay { shown } => pay(order, *shown),
        Command::Captured if order.outcome == Outcome::AwaitingPayment => Ok(vec![Event::Completed]),
        Command::Captured => Err(Rejection::Impossible("only an order that waits for its payment is paid")),
        Command::Expire if order.outcome == Outcome::AwaitingPayment => {
            Ok(super::give_up(order, Reason::PaymentExpired, None))
        }
        Command::Expire => Ok(vec![]),
        Command::Process { method, receiver, warehouse_storage } => {
            process(order, *method, (receiver.as_ref(), *warehouse_storage))
        }
        Command::FailProcessing { code } if order.is_processing => {
            Ok(vec![Event::ProcessingFailed { code: Arc::clone(code) }])
        }
        Command::FailProcessing { .. } => Ok(vec![]),
        Command::Dispatch => Ok(dispatch(order)),
        Command::Follow { status } if order.status == *status => Ok(vec![]),
        Command::Follow { status } if may_follow(order, *status) => Ok(vec![moved(*status)]),
        Command::Follow { .. } => Err(Rejection::NoSuchEdge { from: order.status }),
        Command::Refund { lines, note } => give_back(order, lines, note.clone()),
        Command::ConfirmRefund if order.status == Status::RefundRequested => Ok(vec![moved(Status::Refunded)]),
        Command::ConfirmRefund => Ok(vec![]),
    }
}

const fn moved(status: Status) -> Event {
    Event::StatusChanged { status, reason: None, note: None }
}

fn pay(order: &Order, shown: Option<Money>) -> Result<Vec<Event>, Rejection> {
    let due = order.created.due;
    if order.outcome != Outcome::AwaitingPayment {
        return Err(why_not_payable(order));
    }
    if shown.is_some_and(|shown| shown != due) {
        return Err(Rejection::AmountMismatch { due });
    }
    Ok(vec![])
}

/// Why an order that does not wait for its payment is not paid.
fn why_not_payable(order: &Order) -> Rejection {
    let is_given_back = matches!(order.status, Status::RefundRequested | Status::Refunded | Status::Cancelled);
    match order.outcome {
        Outcome::Pending => Rejection::NotYetDue,
        Outcome::Compensating | Outcome::CompensationStuck | Outcome::Cancelled => Rejection::NotPayable,
        Outcome::Completed if is_given_back => Rejection::NotPayable,
        Outcome::Completed if order.is_prepaid() => Rejection::AlreadyPaid,
        Outcome::Completed | Outcome::AwaitingPayment => Rejection::NotDue,
    }
}

/// Only the way of the goods is followed; paying and giving back have rules of their own.
const fn may_follow(order: &Order, status: Status) -> bool {
    matches!(status, Status::ShipmentStarted | Status::InTransit | Status::Completed)
        && matches!(order.outcome, Outcome::Completed)
        && order.status.can_become(status)
}

/// Asked a second time, while it is under way or after it is done, it changes nothing (O-35, T14).
fn process(
    order: &Order,
    method: Option<Method>,
    (receiver, warehouse_storage): (Option<&Receiver>, bool),
) -> Result<Vec<Event>, Rejection> {
    let is_wanted = match (order.outcome, order.status) {
        (Outcome::AwaitingPayment, _) => !order.is_processing,
        (Outcome::Completed, Status::PaymentCompleted | Status::Preparing) => !order.has_destination(),
        (Outcome::Completed, _) => false,
        _ => return Err(why_not_payable(order)),
    };
    if !is_wanted {
        return Ok(vec![]);
    }
    if receiver.is_none() && !warehouse_storage && !order.has_destination() {
        return Err(Rejection::ReceiverMissing);
    }
    let receiver = receiver.or(order.created.receiver.as_ref()).cloned();
    let warehouse_storage = warehouse_storage || order.created.warehouse_storage;
    Ok(vec![Event::ProcessingRequested { method, receiver, warehouse_storage }])
}

/// The edges that the order takes when it is paid and its goods can go (O-33, O-34).
fn dispatch(order: &Order) -> Vec<Event> {
    let is_paid = order.status == Status::PaymentCompleted;
    let waits = is_paid || order.status == Status::Preparing;
    if waits && order.created.warehouse_storage {
        return vec![moved(Status::InWarehouse), moved(Status::Completed)];
    }
    if is_paid && order.created.receiver.is_some() {
        return vec![moved(Status::Preparing)];
    }
    vec![]
}

/// Takes a completed order back as a whole, before its goods leave.
pub(super) fn take_back(order: &Order, reason: Reason, note: Option<Arc<str>>) -> Vec<Event> {
    let mut events = vec![];
    let left = left(order);
    if !left.is_empty() {
        events.push(Event::Returned(returned(order, left, None)));
    }
    events.push(Event::StatusChanged { status: Status::Cancelled, reason: Some(reason), note });
    events
}

fn give_back(order: &Order, lines: &[(ProductId, i64)], note: Option<Arc<str>>) -> Result<Vec<Event>, Rejection> {
    if order.outcome != Outcome::Completed || !order.status.is_refundable() {
        return Err(Rejection::NotRefundable);
    }
    let left = left(order);
    let lines = if lines.is_empty() { left.clone() } else { super::merge_lines(lines.iter().copied()) };
    let is_there = |(product, quantity): &(ProductId, i64)| {
        *quantity > 0 && left.iter().any(|(of, units)| of == product && units >= quantity)
    };
    if lines.is_empty() || !lines.iter().all(is_there) {
        return Err(Rejection::NotThatMuchLeft);
    }
    let back = returned(order, lines, note);
    let is_last = back.is_last;
    let mut events = vec![Event::Returned(back)];
    // A part that comes back moves goods and money, not the life cycle: that has no way back from a refund.
    if is_last {
        events.push(moved(Status::RefundRequested));
    }
    Ok(events)
}

/// The units of each product that have not come back.
fn left(order: &Order) -> Vec<(ProductId, i64)> {
    let lines = order.created.lines.iter().enumerate();
    let left = lines.map(|(place, line)| (line.product, line.quantity - order.returned(place)));
    left.filter(|(_, units)| *units > 0).collect()
}

fn returned(order: &Order, lines: Vec<(ProductId, i64)>, note: Option<Arc<str>>) -> Return {
    let mut after = order.clone();
    note_return(&mut after, &lines);
    let (before, after, is_last) = (worth_returned(order), worth_returned(&after), left(&after).is_empty());
    let money = if order.is_prepaid() { after.money - before.money } else { Money::ZERO };
    Return { lines, money, points: after.points - before.points, is_last, note }
}

/// What everything that has come back so far was worth.
pub(super) fn worth_returned(order: &Order) -> Worth {
    let created = &order.created;
    if order.returned.is_empty() {
        return Worth::default();
    }
    let shares = refund::shares(&created.lines, created.discount, created.points);
    let mut sum = Worth::default();
    for (place, (line, share)) in created.lines.iter().zip(shares).enumerate() {
        let worth = refund::worth(share, line.quantity, order.returned(place));
        sum.money += worth.money;
        sum.points += worth.points;
    }
    sum
}

pub(super) fn fold_return(order: &mut Order, back: &Return) {
    note_return(order, &back.lines);
    if let Some(note) = &back.note {
        order.note(|after| after.refund_reason = Some(Arc::clone(note)));
    }
}

fn note_return(order: &mut Order, lines: &[(ProductId, i64)]) {
    order.returned.resize(order.created.lines.len(), 0);
    for (line, returned) in order.created.lines.iter().zip(&mut order.returned) {
        *returned += lines.iter().filter(|(product, _)| *product == line.product).map(|(_, units)| units).sum::<i64>();
    }
}

impl Order {
    /// Whether the customer's money comes before his goods. An order of which nothing is due is paid by nobody.
    pub fn is_prepaid(&self) -> bool {
        self.created.payment == Payment::Prepaid && !self.created.due.is_zero()
    }

    /// Whether it is known where the goods are to go.
    pub fn has_destination(&self) -> bool {
        self.created.warehouse_storage || self.created.receiver.is_some()
    }

    /// Units of the line at this place that have come back.
    pub fn returned(&self, place: usize) -> i64 {
        self.returned.get(place).copied().unwrap_or(0)
    }

    /// Whether anything has come back, and nothing is left.
    pub fn is_all_returned(&self) -> bool {
        !self.returned.is_empty() && left(self).is_empty()
    }

    /// What came back so far is worth this to the customer.
    pub fn worth_returned(&self) -> Worth {
        worth_returned(self)
    }
}

#[cfg(test)]
mod tests;
