//! The customers of a rehearsal, drawn from its seed.

use super::SECOND;
use super::script::Script;
use crate::rng::Rng;

/// A customer, and what they will do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Customer {
    /// Microseconds from the start of the drop.
    pub arrives: i64,
    /// The place of the product in the script.
    pub product: usize,
    pub units: i64,
    /// Microseconds between admission and order.
    pub thinks: i64,
    /// When the page looks first, in microseconds after the ticket; from then on at its interval.
    pub looks_after: i64,
    pub orders: bool,
    /// The most microseconds in the queue.
    pub leaves_after: Option<i64>,
    pub orders_again: bool,
    pub pays: bool,
}

/// Returns the customers in the order of their arrival.
pub fn crowd(script: &Script) -> Vec<Customer> {
    let mut rng = Rng::new(script.seed);
    let mut all: Vec<Customer> = (0..script.customers.count).map(|_| customer(&mut rng, script)).collect();
    all.sort_by_key(|customer| customer.arrives);
    all
}

fn customer(rng: &mut Rng, script: &Script) -> Customer {
    let crowd = &script.customers;
    let time = script.arrivals[weighted(rng, script.arrivals.iter().map(|some| some.share))];
    let product = weighted(rng, script.drop.products.iter().map(|product| product.wanted));
    let units = weighted(rng, crowd.units.iter().copied());
    let (thinks, looks) = (crowd.think_seconds * 1_000_000, crowd.look_every_seconds * 1_000_000);
    let leaves_after = (crowd.leave_after_seconds * 1_000_000).cast_signed();
    Customer {
        arrives: rng.amount(time.from * SECOND, time.to * SECOND - 1),
        product,
        units: i64::try_from(units).unwrap_or(0) + 1,
        thinks: rng.between(thinks / 2, thinks + thinks / 2).cast_signed(),
        looks_after: rng.between(1, looks).cast_signed(),
        orders: !rng.happens(crowd.no_show_percent * 10),
        leaves_after: rng.happens(crowd.leave_percent * 10).then_some(leaves_after),
        orders_again: rng.happens(crowd.again_percent * 10),
        pays: !rng.happens(crowd.unpaid_percent * 10),
    }
}

/// Returns the place of a weight that is drawn.
fn weighted(rng: &mut Rng, weights: impl Iterator<Item = u64> + Clone) -> usize {
    let all: u64 = weights.clone().sum();
    let mut drawn = rng.below(all.max(1));
    for (place, weight) in weights.enumerate() {
        if drawn < weight {
            return place;
        }
        drawn -= weight;
    }
    0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rehearsal::told::tests::script;

    #[test]
    fn the_crowd_is_as_the_script_says() {
        let script = script();
        let all = crowd(&script);
        assert_eq!(all.len(), script.customers.count as usize);
        assert_eq!(all, crowd(&script));
        assert_ne!(all, crowd(&Script { seed: 2, ..script.clone() }));
        let early = all.iter().filter(|customer| customer.arrives < 0).count();
        assert!((100..300).contains(&early), "{early} of 400 come before the start, which should be half");
        assert!(all.iter().all(|customer| (1..=2).contains(&customer.units)));
    }
}
