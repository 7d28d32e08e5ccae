//! An order after claiming: payment, shipment or storage, cancellation, refund (O-28…O-35, P-06, P-07).

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Event, Order, Outcome, Payment, Receiver, Rejection, Status, Whereabouts};
use crate::ids::ProductId;
use crate::money::Money;
use crate::payment::Method;
use crate::reason::Reason;
use crate::refund::{self, Worth};

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Checks that a payment may begin; `shown` is the amount that the customer was shown.
    Pay { shown: Option<Money> },
    /// The amount due was captured.
    Captured,
    /// The time to pay has passed.
    Expire,
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

/// The state of refunded goods.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Goods {
    /// They are in stock and can be sold again.
    #[default]
    Returned,
    /// They are lost or worthless.
    WrittenOff,
    /// They have not arrived yet.
    Awaited,
}

impl Goods {
    pub const ALL: [Goods; 3] = [Goods::Returned, Goods::WrittenOff, Goods::Awaited];

    pub const fn name(self) -> &'static str {
        match self {
            Goods::Returned => "RETURNED",
            Goods::WrittenOff => "WRITTEN_OFF",
            Goods::Awaited => "AWAITED",
        }
    }
}

/// Returned goods and their worth.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Return {
    pub lines: Vec<(ProductId, i64)>,
    /// The money that the customer paid for them; zero for payment on delivery.
    pub money: Money,
    pub points: Money,
    /// No unit of the order is left, so its coupon is restored as well.
    pub is_last: bool,
    /// The reason, in the own words of the person who returns them.
    pub note: Option<Arc<str>>,
    pub goods: Goods,
}

pub(super) fn decide(order: &Order, command: &Command) -> Result<Vec<Event>, Rejection> {
    match command {
        Command::Pay { shown } => pay(order, *shown),
        Command::Captured if order.outcome == Outcome::AwaitingPayment => Ok(vec![Event::Completed]),
        Command::Captured => Err(Rejection::Impossible("only an order that awaits payment is paid")),
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
        Command::Refund { lines, note, goods, by_shop } => give_back(order, (lines, note.as_ref()), (*goods, *by_shop)),
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
    (receiver, warehouse_storage): (Option<&Receiver>, Option<bool>),
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
    let left = left(order);
    if !left.is_empty() {
        events.push(Event::Returned(returned(order, left, (None, Goods::Returned))));
    }
    events.push(Event::StatusChanged { status: Status::Cancelled, reason: Some(reason), note });
    events
}

/// Before the goods leave, a refund is immediate; afterwards the shop must approve it.
fn give_back(
    order: &Order,
    (lines, note): (&[(ProductId, i64)], Option<&Arc<str>>),
    (goods, by_shop): (Whereabouts, Option<Goods>),
) -> Result<Vec<Event>, Rejection> {
    if let Some(asked) = order.refund_asked() {
        let is_same = by_shop.is_none() && wanted(order, lines).is_ok_and(|lines| lines == asked.lines);
        return if is_same { Ok(vec![]) } else { Err(Rejection::RefundPending) };
    }
    if order.outcome != Outcome::Completed || !order.status.is_refundable() {
        return Err(Rejection::NotRefundable);
    }
    match (goods, by_shop) {
        (Whereabouts::SoldAtAuction, _) => Err(Rejection::GoodsSold),
        (Whereabouts::OnTheWay, _) => Err(Rejection::GoodsOnTheWay),
        (Whereabouts::InHouse, _) => {
            let back = returned(order, wanted(order, lines)?, (note.cloned(), Goods::Returned));
            Ok(give_back_now(order, back))
        }
        (Whereabouts::Delivered | Whereabouts::CameBack, Some(goods)) => {
            let back = returned(order, wanted(order, lines)?, (note.cloned(), goods));
            Ok(give_back_now(order, back))
        }
        // Goods that have left belong to an order that is in transit or completed.
        (Whereabouts::Delivered | Whereabouts::CameBack, None)
            if !matches!(order.status, Status::Completed | Status::InTransit) =>
        {
            Err(Rejection::NotRefundable)
        }
        (Whereabouts::Delivered | Whereabouts::CameBack, None) => {
            let lines = wanted(order, lines)?;
            Ok(vec![Event::RefundAsked { lines, note: note.cloned() }, moved(Status::RefundRequested)])
        }
    }
}

/// The lines to return: those named, or all that are left.
fn wanted(order: &Order, lines: &[(ProductId, i64)]) -> Result<Vec<(ProductId, i64)>, Rejection> {
    let left = left(order);
    let lines = if lines.is_empty() { left.clone() } else { super::merge_lines(lines.iter().copied()) };
    let is_there = |(product, quantity): &(ProductId, i64)| {
        *quantity > 0 && left.iter().any(|(of, units)| of == product && units >= quantity)
    };
    if lines.is_empty() || !lines.iter().all(is_there) {
        return Err(Rejection::NotThatMuchLeft);
    }
    Ok(lines)
}

/// A partial return moves goods and money, but not the status.
fn give_back_now(order: &Order, back: Return) -> Vec<Event> {
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
    Ok(give_back_now(order, returned(order, asked.lines.clone(), (None, goods))))
}

fn reject(order: &Order, note: &Arc<str>) -> Result<Vec<Event>, Rejection> {
    let asked = order.refund_asked().ok_or(Rejection::NoRefundAsked)?;
    Ok(vec![Event::RefundRejected { note: Arc::clone(note) }, moved(asked.before)])
}

fn take_in(order: &Order, lines: &[(ProductId, i64)], is_written_off: bool) -> Result<Vec<Event>, Rejection> {
    let awaited = order.after_sales.as_ref().map_or(&[][..], |after| &after.awaited);
    let lines = if lines.is_empty() { awaited.to_vec() } else { super::merge_lines(lines.iter().copied()) };
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
    let asked = Event::RefundAsked { lines: left(order), note: None };
    vec![asked, Event::StatusChanged { status: Status::RefundRequested, reason, note: None }]
}

/// The units of each product that were not returned.
fn left(order: &Order) -> Vec<(ProductId, i64)> {
    let lines = order.created.lines.iter().enumerate();
    let left = lines.map(|(place, line)| (line.product, line.quantity - order.returned(place)));
    left.filter(|(_, units)| *units > 0).collect()
}

fn returned(order: &Order, lines: Vec<(ProductId, i64)>, (note, goods): (Option<Arc<str>>, Goods)) -> Return {
    let mut after = order.clone();
    note_return(&mut after, &lines);
    let (before, after, is_last) = (worth_returned(order), worth_returned(&after), left(&after).is_empty());
    let money = if order.is_prepaid() { after.money - before.money } else { Money::ZERO };
    Return { lines, money, points: after.points - before.points, is_last, note, goods }
}

/// The worth of all units returned so far.
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
    order.fold_given_back(back);
}

fn note_return(order: &mut Order, lines: &[(ProductId, i64)]) {
    order.returned.resize(order.created.lines.len(), 0);
    for (line, returned) in order.created.lines.iter().zip(&mut order.returned) {
        *returned += lines.iter().filter(|(product, _)| *product == line.product).map(|(_, units)| units).sum::<i64>();
    }
}

impl Order {
    /// Returns whether the customer pays before the goods are shipped. An order with no amount due is never paid.
    pub fn is_prepaid(&self) -> bool {
        self.created.payment == Payment::Prepaid && !self.created.due.is_zero()
    }

    /// Returns whether the destination of the goods is known.
    pub fn has_destination(&self) -> bool {
        self.created.warehouse_storage || self.created.receiver.is_some()
    }

    /// Returned units of the line at this index.
    pub fn returned(&self, place: usize) -> i64 {
        self.returned.get(place).copied().unwrap_or(0)
    }

    /// Returns whether every unit was returned.
    pub fn is_all_returned(&self) -> bool {
        !self.returned.is_empty() && left(self).is_empty()
    }

    /// The worth of all units returned so far.
    pub fn worth_returned(&self) -> Worth {
        worth_returned(self)
    }
}

#[cfg(test)]
mod tests;
