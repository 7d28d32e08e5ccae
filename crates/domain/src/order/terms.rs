//! The terms of an order, fixed at placement.

use std::time::Duration;

use super::basket::{CouponWanted, Line, Receiver};
use super::modes::{Mode, Rule};
use super::saga::Step;
use crate::ids::{Code, OrderId, UserId};
use crate::money::Money;
use crate::time::Timestamp;
use crate::word::words;

words! {
    pub enum Payment {
        Prepaid = "PREPAID",
        OnDelivery = "ON_DELIVERY",
    }
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
