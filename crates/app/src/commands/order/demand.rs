//! The claim of an order on one participant.

use domain::ids::{ProductId, UserId};
use domain::money::Money;
use domain::order::saga::Step;
use domain::order::{CouponWanted, Order};

use crate::commands::context::{Halt, Handled};

/// Everything that a participant must know to claim for an order, and to restore what it claimed.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Demand {
    Stock { product: ProductId, quantity: i64 },
    Coupon { user: UserId, wanted: CouponWanted },
    Points { user: UserId, amount: Money },
}

impl Demand {
    /// Returns the demand of one of the order's steps.
    pub(crate) fn of(order: &Order, step: Step) -> Handled<Demand> {
        let (created, user) = (&order.created, order.user());
        match step {
            Step::Stock(product) => {
                let line = created.lines.iter().find(|line| line.product == product);
                let line = line.ok_or_else(|| Halt::broken("each stock step has a line"))?;
                Ok(Demand::Stock { product, quantity: line.quantity })
            }
            Step::Coupon => {
                let wanted = created.coupon.ok_or_else(|| Halt::broken("an order with a coupon step has a coupon"))?;
                Ok(Demand::Coupon { user, wanted })
            }
            Step::Point => Ok(Demand::Points { user, amount: created.points }),
        }
    }

    pub(crate) const fn step(self) -> Step {
        match self {
            Demand::Stock { product, .. } => Step::Stock(product),
            Demand::Coupon { .. } => Step::Coupon,
            Demand::Points { .. } => Step::Point,
        }
    }

    /// Returns true if the order has this demand.
    pub(crate) fn is_of(self, order: &Order) -> bool {
        let is_same_coupon = |wanted: CouponWanted| order.created.coupon == Some(wanted);
        self.is_of_with(order, is_same_coupon)
    }

    /// Returns true if the order has this demand, whichever coupon of the campaign it names: a restoration names the
    /// campaign alone.
    pub(crate) fn is_restored_by(self, order: &Order) -> bool {
        let is_same_campaign =
            |wanted: CouponWanted| order.created.coupon.is_some_and(|own| own.campaign == wanted.campaign);
        self.is_of_with(order, is_same_campaign)
    }

    fn is_of_with(self, order: &Order, is_same: impl Fn(CouponWanted) -> bool) -> bool {
        let created = &order.created;
        match self {
            Demand::Stock { product, quantity } => {
                created.lines.iter().any(|line| (line.product, line.quantity) == (product, quantity))
            }
            Demand::Coupon { user, wanted } => created.user == user && is_same(wanted),
            Demand::Points { user, amount } => (created.user, created.points) == (user, amount),
        }
    }
}
