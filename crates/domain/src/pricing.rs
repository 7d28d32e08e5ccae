//! The price of an order: items, less the coupon's discount, less points. Never below zero.

use serde::{Deserialize, Serialize};

use crate::money::Money;

/// A coupon's discount.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Discount {
    Fixed {
        value: Money,
    },
    /// Rounded down to a whole won, at most `max_amount`.
    Percent {
        value: i64,
        #[serde(rename = "maxAmount", default, skip_serializing_if = "Option::is_none")]
        max_amount: Option<Money>,
    },
}

impl Discount {
    /// The discount on `total`; never more than `total`.
    pub fn on(&self, total: Money) -> Money {
        let wanted = match *self {
            Discount::Fixed { value } => value,
            Discount::Percent { value, max_amount } => {
                let share = total.percent(value);
                max_amount.map_or(share, |cap| share.min(cap))
            }
        };
        wanted.min(total)
    }
}

/// The amounts of one order. `total = discount + points + due`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quote {
    pub total: Money,
    pub discount: Money,
    pub points: Money,
    pub due: Money,
}

/// The points offered exceed the amount left to pay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PointsAbovePayable {
    pub payable: Money,
}

/// Prices an order whose items cost `total`.
///
/// # Errors
///
/// The points exceed the total less the discount.
pub fn quote(total: Money, discount: Option<&Discount>, points: Money) -> Result<Quote, PointsAbovePayable> {
    let discount = discount.map_or(Money::ZERO, |discount| discount.on(total));
    let payable = total - discount;
    if points > payable {
        return Err(PointsAbovePayable { payable });
    }
    Ok(Quote { total, discount, points, due: payable - points })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_fixed_discount_never_goes_below_zero() {
        assert_eq!(Discount::Fixed { value: Money::won(5_000) }.on(Money::won(3_000)), Money::won(3_000));
    }

    #[test]
    fn a_percentage_is_capped() {
        let discount = Discount::Percent { value: 30, max_amount: Some(Money::won(1_000)) };
        assert_eq!(discount.on(Money::won(2_999)), Money::won(899));
        assert_eq!(discount.on(Money::won(100_000)), Money::won(1_000));
    }

    #[test]
    fn points_above_what_is_left_are_refused() {
        let discount = Discount::Fixed { value: Money::won(400) };
        let refused = quote(Money::won(1_000), Some(&discount), Money::won(601));
        assert_eq!(refused, Err(PointsAbovePayable { payable: Money::won(600) }));
        assert!(quote(Money::won(1_000), Some(&discount), Money::won(600)).is_ok_and(|quote| quote.due.is_zero()));
    }

    proptest! {
        #[test]
        fn the_parts_add_up_to_the_total(total in 0..1_000_000_000_i64, value in 0..=100_i64, points in 0..1_000_000_000_i64) {
            let discount = Discount::Percent { value, max_amount: None };
            if let Ok(quote) = quote(Money::won(total), Some(&discount), Money::won(points)) {
                prop_assert_eq!(quote.total, quote.discount + quote.points + quote.due);
                prop_assert!(quote.due >= Money::ZERO && quote.discount >= Money::ZERO);
            }
        }
    }
}
