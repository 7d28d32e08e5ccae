//! An order after it has claimed everything: paid, sent or stored, taken back, refunded (O-28…O-35, P-06, P-07).

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
    /// Asks whether a payment may begin; `shown` is the amount that the customer was shown.
    Pay { shown: Option<Money> },
    /// The amount due was taken.
    Captured,
    /// Nobody paid in time.
    Expire,
    /// Pay what is due and send the goods, or store them, in one step.
    Process {
        method: Option<Method>,
        receiver: Option<Receiver>,
        /// `None` leaves it as the order has it.
        warehouse_storage: Option<bool>,
    },
    /// The payment of that step was refused.
    FailProcessing { code: Arc<str> },
    /// The goods go where they are to go, if that is known.
    Dispatch,
    /// The goods are further on their way.
    Follow { status: Status },
    /// Units come back; none named is all that are left.
    Refund {
        lines: Vec<(ProductId, i64)>,
        note: Option<Arc<str>>,
        goods: Whereabouts,
        /// The shop itself gives them back, and says what becomes of goods that have left.
        by_shop: Option<Goods>,
    },
    /// The shop takes back what its customer asked it to.
    ApproveRefund { goods: Goods },
    /// It does not.
    RejectRefund { note: Arc<str> },
    /// Goods whose price was given back arrived, or are written off; none named is all that are awaited.
    TakeIn { lines: Vec<(ProductId, i64)>, is_written_off: bool },
    /// The parcel could not be delivered and came back.
    ComeBack,
    /// The money of the whole order was given back.
    ConfirmRefund,
}

/// What becomes of goods whose price is given back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Goods {
    /// They are in the house and can be sold again.
    #[default]
    Returned,
    /// They are lost, or worth nothing any more.
    WrittenOff,
    /// They are still to arrive.
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
    pub goods: Goods,
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
        && !matches!(order.status, Status::RefundRequested)
        && order.status.can_become(status)
}

/// The same wish again changes nothing (O-35, T14). Another one is met as long as the goods can still go there, and refused otherwise.
fn process(
    order: &Order,
    method: Option<Method>,
    (receiver, warehouse_storage): (Option<&Receiver>, Option<bool>),
) -> Result<Vec<Event>, Rejection> {
    let created = &order.created;
    let receiver = receiver.or(created.receiver.as_ref());
    // Who sends no receiver to a stored order does not say where else it should go.
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
        events.push(Event::Returned(returned(order, left, (None, Goods::Returned))));
    }
    events.push(Event::StatusChanged { status: Status::Cancelled, reason: Some(reason), note });
    events
}

/// Before the goods leave, they come back at the customer's word; afterwards the shop is asked.
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
        // Goods that have left belong to an order that is as far.
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

/// What is to come back: what was named, or all that is left.
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

/// A part that comes back moves goods and money, not the life cycle.
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

/// A parcel that could not be delivered asks for its refund by itself.
fn come_back(order: &Order) -> Vec<Event> {
    if order.outcome != Outcome::Completed || order.status != Status::InTransit {
        return vec![];
    }
    let reason = Some(Reason::ShipmentReturned);
    let asked = Event::RefundAsked { lines: left(order), note: None };
    vec![asked, Event::StatusChanged { status: Status::RefundRequested, reason, note: None }]
}

/// The units of each product that have not come back.
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
    order.fold_given_back(back);
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
