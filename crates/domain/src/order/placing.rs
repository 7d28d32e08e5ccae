//! Placing an order.

use std::sync::Arc;
use std::time::Duration;

use super::{CouponWanted, Event, Line, Mode, Payment, Receiver, Rejection, Rule};
use crate::ids::{Code, OrderId, UserId};
use crate::limits::{NUMBER_MAX, QUANTITY_MAX};
use crate::money::Money;
use crate::order::saga::Step;
use crate::pricing::{self, Discount, PointsAbovePayable};
use crate::time::Timestamp;

/// A priced request for an order: one line per product, at catalogue prices.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placement {
    pub id: OrderId,
    pub number: Code,
    pub user: UserId,
    pub mode: Mode,
    /// The rule that chose the mode; `None` if the mode was named.
    pub chosen_by: Option<Rule>,
    pub payment: Payment,
    pub pay_within: Duration,
    pub lines: Vec<Line>,
    pub coupon: Option<(CouponWanted, Discount)>,
    pub points: Money,
    /// The total of the items that the customer was shown.
    pub total_shown: Option<Money>,
    pub receiver: Option<Receiver>,
    pub warehouse_storage: bool,
}

/// The terms fixed at placement. Only the destination of the goods can change later.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Created {
    pub id: OrderId,
    pub number: Code,
    pub user: UserId,
    pub mode: Mode,
    pub chosen_by: Option<Rule>,
    pub payment: Payment,
    pub pay_within: Duration,
    pub lines: Vec<Line>,
    pub coupon: Option<CouponWanted>,
    pub total: Money,
    pub discount: Money,
    pub points: Money,
    pub due: Money,
    pub receiver: Option<Receiver>,
    pub warehouse_storage: bool,
    pub at: Timestamp,
}

impl Created {
    /// Returns one stock step per product, then the coupon and points steps if the order uses them (O-03, T1).
    pub fn steps(&self) -> impl Iterator<Item = Step> {
        let stock = self.lines.iter().map(|line| Step::Stock(line.product));
        let coupon = self.coupon.iter().map(|_| Step::Coupon);
        let points = (!self.points.is_zero()).then_some(Step::Point);
        stock.chain(coupon).chain(points)
    }
}

pub(super) fn place(placement: &Placement, at: Timestamp) -> Result<Vec<Event>, Rejection> {
    if let Some(line) = placement.lines.iter().find(|line| line.quantity > QUANTITY_MAX) {
        return Err(Rejection::TooManyUnits { product: line.product });
    }
    let total: Money = placement.lines.iter().map(Line::price).sum();
    if total.amount() > NUMBER_MAX {
        return Err(Rejection::TotalTooLarge);
    }
    if placement.total_shown.is_some_and(|shown| shown != total) {
        return Err(Rejection::PriceChanged { total });
    }
    let discount = placement.coupon.as_ref().map(|(_, discount)| discount);
    let quote = pricing::quote(total, discount, placement.points)
        .map_err(|PointsAbovePayable { payable }| Rejection::PointsAbovePayable { payable })?;
    if discount.is_some() && quote.discount.is_zero() {
        return Err(Rejection::CouponWorthless);
    }
    Ok(vec![Event::Created(Arc::new(Created {
        id: placement.id,
        number: placement.number.clone(),
        user: placement.user,
        mode: placement.mode,
        chosen_by: placement.chosen_by,
        payment: placement.payment,
        pay_within: placement.pay_within,
        lines: placement.lines.clone(),
        coupon: placement.coupon.map(|(wanted, _)| wanted),
        total: quote.total,
        discount: quote.discount,
        points: quote.points,
        due: quote.due,
        receiver: placement.receiver.clone(),
        warehouse_storage: placement.warehouse_storage,
        at,
    }))])
}
