//! An order after claiming: payment, shipment or storage, cancellation, refund (O-28…O-35, P-06, P-07).

use std::sync::Arc;

use super::after_sales::Whereabouts;
pub use super::after_sales::{Goods, Return};
use super::basket::{Receiver, merge_lines};
use super::compensation::compensate;
use super::event::{Event, Rejection};
use super::outcome::Outcome;
use super::state::Order;
use super::status::Status;
use crate::ids::{ProductId, UserId};
use crate::money::Money;
use crate::payment::Method;
use crate::reason::Reason;
use crate::time::Timestamp;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Checks that a payment may begin; `shown` is the amount that the customer was shown.
    Pay { shown: Option<Money> },
    /// The amount due was captured.
    Captured,
    /// The time to pay has passed.
    Expire,
    /// A drop refuses the card or account that would pay.
    RefuseCard,
    /// An admin gives the customer more time to pay.
    ExtendHold { by: UserId, pay_before: Timestamp },
    /// Pays the amount due and ships or stores the goods, in one step.
    Process {
        method: Option<Method>,
        receiver: Option<Receiver>,
        /// `None` keeps the order's value.
        warehouse_storage: Option<bool>,
    },
    /// The payment of that step was declined.
    FailProcessing { code: Arc<str> },
    /// Ships or stores the goods, if their destination is known.
    Dispatch,
    /// Follows the shipment to its next status.
    Follow { status: Status },
    /// Refunds units; no lines mean all units that are left.
    Refund {
        lines: Vec<(ProductId, i64)>,
        note: Option<Arc<str>>,
        goods: Whereabouts,
        /// Set when the shop itself refunds: what happens to goods that have left.
        by_shop: Option<Goods>,
    },
    /// Approves the refund request.
    ApproveRefund { goods: Goods },
    /// Rejects the refund request.
    RejectRefund { note: Arc<str> },
    /// Records refunded goods as arrived or written off; no lines mean all that are awaited.
    TakeIn { lines: Vec<(ProductId, i64)>, is_written_off: bool },
    /// The parcel could not be delivered and was returned.
    ComeBack,
    /// The money of the whole order was refunded.
    ConfirmRefund,
}

pub(super) fn decide(order: &Order, command: &Command) -> Result<Vec<Event>, Rejection> {
    match command {
        Command::Pay { shown } => pay(order, *shown),
        Command::Captured if order.outcome == Outcome::AwaitingPayment => Ok(vec![Event::Completed]),
        Command::Captured => Err(Rejection::Impossible("only an order that awaits payment is paid")),
        Command::Expire if order.outcome == Outcome::AwaitingPayment => {
            Ok(compensate(order, Reason::PaymentExpired, None))
        }
        Command::RefuseCard if order.outcome == Outcome::AwaitingPayment => {
            Ok(compensate(order, Reason::PaymentMethodLimitExceeded, None))
        }
        Command::Expire | Command::RefuseCard => Ok(vec![]),
        Command::ExtendHold { by, pay_before } => {
            pay(order, None)?;
            Ok(vec![Event::HoldExtended { by: *by, pay_before: *pay_before }])
        }
        Command::Process { method, receiver, warehouse_storage } => {
            process(order, *method, receiver.as_ref(), *warehouse_storage)
        }
        Command::FailProcessing { code } if order.is_processing => {
            Ok(vec![Event::ProcessingFailed { code: Arc::clone(code) }])
        }
        Command::FailProcessing { .. } => Ok(vec![]),
        Command::Dispatch => Ok(dispatch(order)),
        Command::Follow { status } if order.status == *status => Ok(vec![]),
        Command::Follow { status } if may_follow(order, *status) => Ok(vec![moved(*status)]),
        Command::Follow { .. } => Err(Rejection::NoSuchEdge { from: order.status }),
        Command::Refund { lines, note, goods, by_shop } => refund(order, lines, note.as_ref(), *goods, *by_shop),
        Command::ApproveRefund { goods } => approve(order, *goods),
        Command::RejectRefund { note } => reject(order, note),
        Command::TakeIn { lines, is_written_off } => take_in(order, lines, *is_written_off),
        Command::ComeBack => Ok(come_back(order)),
        Command::ConfirmRefund if order.status == Status::RefundRequested && order.is_all_returned() => {
            Ok(vec![moved(Status::Refunded)])
        }
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

/// The rejection for an order that does not await payment.
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

/// Only shipment statuses are followed; payments and refunds have rules of their own.
const fn may_follow(order: &Order, status: Status) -> bool {
    matches!(status, Status::ShipmentStarted | Status::InTransit | Status::Completed)
        && matches!(order.outcome, Outcome::Completed)
        && !matches!(order.status, Status::RefundRequested)
        && order.status.can_become(status)
}

/// A repeated request changes nothing (O-35, T14). A different destination is accepted until the goods are committed.
fn process(
    order: &Order,
    method: Option<Method>,
    receiver: Option<&Receiver>,
    warehouse_storage: Option<bool>,
) -> Result<Vec<Event>, Rejection> {
    let created = &order.created;
    let receiver = receiver.or(created.receiver.as_ref());
    // Without a receiver, a request cannot move an order out of storage.
    let storage = warehouse_storage.unwrap_or(false) || created.warehouse_storage;
    let warehouse_storage = if receiver.is_none() { storage } else { warehouse_storage.unwrap_or(storage) };
    let is_same = (receiver, warehouse_storage) == (created.receiver.as_ref(), created.warehouse_storage);
    match (order.outcome, order.status) {
        (Outcome::AwaitingPayment, _) if is_same && order.is_processing => return Ok(vec![]),
        (Outcome::AwaitingPayment, _) => {}
        (Outcome::Completed, Status::RefundRequested | Status::Refunded | Status::Cancelled) => {
            return Err(why_not_payable(order));
        }
        (Outcome::Completed, _) if is_same && order.has_destination() => return Ok(vec![]),
        (Outcome::Completed, Status::PaymentCompleted | Status::Preparing) => {}
        (Outcome::Completed, _) => return Err(Rejection::GoodsCommitted),
        _ => return Err(why_not_payable(order)),
    }
    if receiver.is_none() && !warehouse_storage {
        return Err(Rejection::ReceiverMissing);
    }
    Ok(vec![Event::ProcessingRequested { method, receiver: receiver.cloned(), warehouse_storage }])
}

/// The status changes of a paid order whose goods can be shipped or stored (O-33, O-34).
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

/// Cancels a completed order as a whole, before its goods leave.
pub(super) fn take_back(order: &Order, reason: Reason, note: Option<Arc<str>>) -> Vec<Event> {
    let mut events = vec![];
    let left = order.units_left();
    if !left.is_empty() {
        events.push(Event::Returned(returned(order, left, None, Goods::Returned)));
    }
    events.push(Event::StatusChanged { status: Status::Cancelled, reason: Some(reason), note });
    events
}

/// Before the goods leave, a refund is immediate; afterwards the shop must approve it.
fn refund(
    order: &Order,
    lines: &[(ProductId, i64)],
    note: Option<&Arc<str>>,
    goods: Whereabouts,
    by_shop: Option<Goods>,
) -> Result<Vec<Event>, Rejection> {
    if let Some(asked) = order.refund_asked() {
        let is_same = by_shop.is_none() && lines_to_return(order, lines).is_ok_and(|lines| lines == asked.lines);
        return if is_same { Ok(vec![]) } else { Err(Rejection::RefundPending) };
    }
    if order.outcome == Outcome::Completed && goods == Whereabouts::OnTheWay {
        return Err(Rejection::GoodsOnTheWay);
    }
    if order.outcome != Outcome::Completed || !order.status.is_refundable() {
        return Err(Rejection::NotRefundable);
    }
    match (goods, by_shop) {
        (Whereabouts::SoldAtAuction, _) => Err(Rejection::GoodsSold),
        (Whereabouts::OnTheWay, _) => Err(Rejection::GoodsOnTheWay),
        (Whereabouts::InHouse, _) => {
            let back = returned(order, lines_to_return(order, lines)?, note.cloned(), Goods::Returned);
            Ok(return_now(order, back))
        }
        (Whereabouts::Delivered | Whereabouts::CameBack, Some(goods)) => {
            let back = returned(order, lines_to_return(order, lines)?, note.cloned(), goods);
            Ok(return_now(order, back))
        }
        // Goods that have left belong to an order that is in transit or completed.
        (Whereabouts::Delivered | Whereabouts::CameBack, None)
            if !matches!(order.status, Status::Completed | Status::InTransit) =>
        {
            Err(Rejection::NotRefundable)
        }
        (Whereabouts::Delivered | Whereabouts::CameBack, None) => {
            let lines = lines_to_return(order, lines)?;
            Ok(vec![Event::RefundAsked { lines, note: note.cloned() }, moved(Status::RefundRequested)])
        }
    }
}

/// The lines to return: those named, or all that are left.
fn lines_to_return(order: &Order, lines: &[(ProductId, i64)]) -> Result<Vec<(ProductId, i64)>, Rejection> {
    let left = order.units_left();
    let lines = if lines.is_empty() { left.clone() } else { merge_lines(lines.iter().copied()) };
    let is_there = |(product, quantity): &(ProductId, i64)| {
        *quantity > 0 && left.iter().any(|(of, units)| of == product && units >= quantity)
    };
    if lines.is_empty() || !lines.iter().all(is_there) {
        return Err(Rejection::NotThatMuchLeft);
    }
    Ok(lines)
}

/// A partial return moves goods and money, but not the status.
fn return_now(order: &Order, back: Return) -> Vec<Event> {
    let is_last = back.is_last;
    let mut events = vec![Event::Returned(back)];
    match order.refund_asked() {
        None if is_last => events.push(moved(Status::RefundRequested)),
        Some(asked) if !is_last => events.push(moved(asked.before)),
        None | Some(_) => {}
    }
    events
}

fn approve(order: &Order, goods: Goods) -> Result<Vec<Event>, Rejection> {
    let asked = order.refund_asked().ok_or(Rejection::NoRefundAsked)?;
    Ok(return_now(order, returned(order, asked.lines.clone(), None, goods)))
}

fn reject(order: &Order, note: &Arc<str>) -> Result<Vec<Event>, Rejection> {
    let asked = order.refund_asked().ok_or(Rejection::NoRefundAsked)?;
    // Without it, the customer would read that a parcel is on its way that came back.
    let reason = order.reason.filter(|reason| *reason == Reason::ShipmentReturned);
    let back = Event::StatusChanged { status: asked.before, reason, note: None };
    Ok(vec![Event::RefundRejected { note: Arc::clone(note) }, back])
}

fn take_in(order: &Order, lines: &[(ProductId, i64)], is_written_off: bool) -> Result<Vec<Event>, Rejection> {
    let awaited = order.after_sales.as_ref().map_or(&[][..], |after| &after.awaited);
    let lines = if lines.is_empty() { awaited.to_vec() } else { merge_lines(lines.iter().copied()) };
    let is_awaited = |(product, units): &(ProductId, i64)| *units > 0 && order.awaited(*product) >= *units;
    if lines.is_empty() || !lines.iter().all(is_awaited) {
        return Err(Rejection::NotThatMuchAwaited);
    }
    Ok(vec![Event::GoodsArrived { lines, is_written_off }])
}

/// An undeliverable parcel requests its own refund.
fn come_back(order: &Order) -> Vec<Event> {
    if order.outcome != Outcome::Completed || order.status != Status::InTransit {
        return vec![];
    }
    let reason = Some(Reason::ShipmentReturned);
    let asked = Event::RefundAsked { lines: order.units_left(), note: None };
    vec![asked, Event::StatusChanged { status: Status::RefundRequested, reason, note: None }]
}

fn returned(order: &Order, lines: Vec<(ProductId, i64)>, note: Option<Arc<str>>, goods: Goods) -> Return {
    let mut after = order.clone();
    after.count_returned(&lines);
    let (before, is_last) = (order.worth_returned(), after.units_left().is_empty());
    let after = after.worth_returned();
    let worth = after.money - before.money;
    let (money, no_longer_due) = if order.is_prepaid() { (worth, Money::ZERO) } else { (Money::ZERO, worth) };
    Return { lines, money, no_longer_due, points: after.points - before.points, is_last, note, goods }
}

#[cfg(test)]
mod tests;
