//! Money in the smallest unit of the shop's currency, by default whole won. Points are money too: one point is one unit.

use std::iter::Sum;
use std::ops::{Add, AddAssign, Neg, Sub, SubAssign};

use serde::{Deserialize, Serialize};

/// An amount in the smallest unit of the shop's currency, by default in whole won. Arithmetic panics on overflow in every profile; the limits make overflow unreachable.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "i64", into = "i64")]
pub struct Money(i64);

/// An amount that no shop can have. It comes from a damaged row or a forged event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the amount {0} is larger than any that a shop can have")]
pub struct TooLarge(pub i64);

impl Money {
    pub const ZERO: Money = Money(0);
    /// The largest amount that is read from outside, also with a minus sign. A thousand of them can be added up.
    pub const MAX: Money = Money((1 << 53) - 1);

    pub const fn won(amount: i64) -> Money {
        Money(amount)
    }

    pub const fn amount(self) -> i64 {
        self.0
    }

    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    pub fn times(self, quantity: i64) -> Money {
        Money(self.0.checked_mul(quantity).expect("limits keep totals within 64 bits"))
    }

    /// `percent` of the amount, rounded down to a whole won.
    pub fn percent(self, percent: i64) -> Money {
        let share = i128::from(self.0) * i128::from(percent) / 100;
        Money(i64::try_from(share).expect("a share of at most 100 % is no larger than the whole"))
    }
}

impl TryFrom<i64> for Money {
    type Error = TooLarge;

    fn try_from(amount: i64) -> Result<Money, TooLarge> {
        let is_possible = (-Money::MAX.0..=Money::MAX.0).contains(&amount);
        if is_possible { Ok(Money(amount)) } else { Err(TooLarge(amount)) }
    }
}

impl From<Money> for i64 {
    fn from(money: Money) -> i64 {
        money.0
    }
}

impl Add for Money {
    type Output = Money;
    fn add(self, other: Money) -> Money {
        Money(self.0.checked_add(other.0).expect("limits keep totals within 64 bits"))
    }
}

impl Sub for Money {
    type Output = Money;
    fn sub(self, other: Money) -> Money {
        Money(self.0.checked_sub(other.0).expect("limits keep totals within 64 bits"))
    }
}

impl Neg for Money {
    type Output = Money;
    fn neg(self) -> Money {
        Money(-self.0)
    }
}

impl AddAssign for Money {
    fn add_assign(&mut self, other: Money) {
        *self = *self + other;
    }
}

impl SubAssign for Money {
    fn sub_assign(&mut self, other: Money) {
        *self = *self - other;
    }
}

impl Sum for Money {
    fn sum<I: Iterator<Item = Money>>(amounts: I) -> Money {
        amounts.fold(Money::ZERO, Add::add)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentage_rounds_down() {
        assert_eq!(Money::won(999).percent(10), Money::won(99));
        assert_eq!(Money::won(i64::MAX).percent(100), Money::won(i64::MAX));
        assert_eq!(Money::won(1).percent(99), Money::ZERO);
    }

    #[test]
    fn an_amount_beyond_the_largest_is_not_read() {
        let largest = Money::MAX.amount();
        for amount in [0, largest, -largest] {
            assert_eq!(Money::try_from(amount), Ok(Money::won(amount)));
            assert_eq!(i64::from(Money::won(amount)), amount);
        }
        for amount in [largest + 1, -largest - 1, i64::MAX, i64::MIN] {
            assert_eq!(Money::try_from(amount), Err(TooLarge(amount)));
        }
    }
}
