//! The refund of each unit of an order. Discount and points are divided over the lines by largest remainder, and a line's
//! amounts over its units, so that any partial refunds add up exactly to the whole.

use crate::money::Money;
use crate::order::Line;

/// A line's price and its parts: `price = discount + points + due`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Share {
    pub discount: Money,
    pub points: Money,
    pub due: Money,
}

/// The refund for returned goods.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Worth {
    pub money: Money,
    pub points: Money,
}

/// Returns the share of each line, in the order of lines.
pub fn shares(lines: &[Line], discount: Money, points: Money) -> Vec<Share> {
    let prices: Vec<Money> = lines.iter().map(Line::price).collect();
    let discounts = share_out(discount, &prices);
    let payable: Vec<Money> = prices.iter().zip(&discounts).map(|(price, discount)| *price - *discount).collect();
    let points = share_out(points, &payable);
    let lines = payable.into_iter().zip(discounts).zip(points);
    lines.map(|((payable, discount), points)| Share { discount, points, due: payable - points }).collect()
}

/// Returns the refund of a line's first `units`. The difference of two such sums is the refund of the units between.
pub fn worth(share: Share, quantity: i64, units: i64) -> Worth {
    let part = |whole: Money| {
        let part = i128::from(whole.amount()) * i128::from(units) / i128::from(quantity.max(1));
        Money::won(i64::try_from(part).expect("a part is no larger than the whole"))
    };
    Worth { money: part(share.due), points: part(share.points) }
}

/// Divides an amount in proportion to weights, in whole won: rounds down, then adds one won to the largest remainders, to
/// the earlier line on a tie. No part exceeds its weight as long as the amount does not exceed the sum of weights.
fn share_out(amount: Money, weights: &[Money]) -> Vec<Money> {
    let total: i128 = weights.iter().map(|weight| i128::from(weight.amount())).sum();
    if total == 0 {
        return vec![Money::ZERO; weights.len()];
    }
    let exact = |weight: &Money| i128::from(amount.amount()) * i128::from(weight.amount());
    let mut parts: Vec<i128> = weights.iter().map(|weight| exact(weight) / total).collect();
    let mut by_remainder: Vec<usize> = (0..weights.len()).collect();
    by_remainder.sort_by_key(|line| std::cmp::Reverse(exact(&weights[*line]) % total));
    let left = i128::from(amount.amount()) - parts.iter().sum::<i128>();
    for line in by_remainder.into_iter().take(usize::try_from(left).unwrap_or(0)) {
        parts[line] += 1;
    }
    let won = |part| Money::won(i64::try_from(part).expect("a part is no larger than the whole"));
    parts.into_iter().map(won).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::ids::ProductId;

    fn line(product: i64, quantity: i64, unit_price: i64) -> Line {
        Line {
            product: ProductId(product),
            name: "Thing".into(),
            quantity,
            unit_price: Money::won(unit_price),
            drop: None,
        }
    }

    #[test]
    fn indivisible_won_go_to_the_largest_remainders() {
        let shared = share_out(Money::won(100), &[Money::won(1), Money::won(1), Money::won(1)]);
        assert_eq!(shared, [34, 33, 33].map(Money::won));
        let shared = share_out(Money::won(10), &[Money::won(55), Money::won(29), Money::won(16)]);
        assert_eq!(shared, [5, 3, 2].map(Money::won));
    }

    #[test]
    fn a_free_order_has_no_refund() {
        assert_eq!(shares(&[line(1, 2, 0)], Money::ZERO, Money::ZERO), [Share::default()]);
    }

    proptest! {
        #[test]
        fn partial_refunds_add_up_to_the_whole_however_they_are_cut(
            lines in prop::collection::vec((1..9_i64, 0..100_000_i64), 1..6),
            discount in 0..=100_i64,
            points in 0..=100_i64,
            cuts in prop::collection::vec(1..4_i64, 1..40),
        ) {
            let lines: Vec<Line> = (1..).zip(&lines).map(|(no, (quantity, price))| line(no, *quantity, *price)).collect();
            let total: Money = lines.iter().map(Line::price).sum();
            let discount = total.percent(discount);
            let points = (total - discount).percent(points);
            let shares = shares(&lines, discount, points);
            prop_assert_eq!(shares.iter().map(|share| share.discount).sum::<Money>(), discount);

            let (mut money, mut point) = (Money::ZERO, Money::ZERO);
            for (line, share) in lines.iter().zip(&shares) {
                prop_assert_eq!(share.discount + share.points + share.due, line.price());
                prop_assert!(share.due >= Money::ZERO && share.points >= Money::ZERO && share.discount >= Money::ZERO);
                let mut returned = 0;
                for cut in cuts.iter().cycle() {
                    let next = (returned + cut).min(line.quantity);
                    let (before, after) = (worth(*share, line.quantity, returned), worth(*share, line.quantity, next));
                    prop_assert!(after.money >= before.money && after.points >= before.points);
                    money += after.money - before.money;
                    point += after.points - before.points;
                    returned = next;
                    if returned == line.quantity {
                        break;
                    }
                }
            }
            prop_assert_eq!(money, total - discount - points);
            prop_assert_eq!(point, points);
        }
    }
}
