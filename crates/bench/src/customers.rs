//! The customers that send the requests.

use std::rc::Rc;

/// Customers with consecutive ids and one token each, created before the measurement.
#[derive(Clone, Debug)]
pub struct Customers {
    tokens: Rc<[Box<str>]>,
    /// Distance between two consecutive customers.
    stride: u64,
}

/// High enough not to collide with ids that people choose by hand.
const FIRST_ID: i64 = 1_000_001;

impl Customers {
    pub fn new(count: u64, mint: &dyn Fn(i64) -> String) -> Customers {
        let ids = (FIRST_ID..).take(usize::try_from(count.max(1)).unwrap_or(usize::MAX));
        let tokens: Rc<[Box<str>]> = ids.map(|id| mint(id).into_boxed_str()).collect();
        let stride = stride(tokens.len() as u64);
        Customers { tokens, stride }
    }

    pub fn count(&self) -> u64 {
        self.tokens.len() as u64
    }

    /// Returns the token of the customer with this turn, in a cycle over all customers.
    pub fn token(&self, turn: u64) -> &str {
        let index = usize::try_from(turn % self.count() * self.stride % self.count()).unwrap_or(0);
        &self.tokens[index]
    }
}

/// Customers do not arrive in the order of registration, so consecutive ones must be far apart in the store. A stride
/// without a common divisor visits every customer once per cycle.
fn stride(count: u64) -> u64 {
    (count * 618 / 1_000 + 1..).find(|stride| greatest_common_divisor(*stride, count) == 1).unwrap_or(1)
}

const fn greatest_common_divisor(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { greatest_common_divisor(b, a % b) }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn everybody_has_a_turn_before_anybody_has_another() {
        for count in [1, 2, 10, 1_000] {
            let customers = Customers::new(count, &|id| id.to_string());
            let round: BTreeSet<&str> = (0..count).map(|turn| customers.token(turn)).collect();
            assert_eq!(round.len() as u64, count);
            assert_eq!(customers.token(count), customers.token(0));
        }
    }
}
