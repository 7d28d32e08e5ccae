//! Placing an order.

use std::sync::Arc;
use std::time::Duration;

use super::basket::{CouponWanted, Line, Receiver};
use super::event::{Event, Rejection};
use super::modes::{Mode, Rule};
use super::terms::{Created, Payment};
use crate::ids::{Code, OrderId, UserId};
use crate::limits::{NUMBER_MAX, QUANTITY_MAX};
use crate::money::Money;
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
