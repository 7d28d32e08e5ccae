//! Those who send the requests.

use std::rc::Rc;

/// Customers with consecutive ids and a token each, made before anything is measured.
#[derive(Clone, Debug)]
pub struct Customers {
    tokens: Rc<[Box<str>]>,
}

/// Apart from the ids that people choose by hand.
const FIRST_ID: i64 = 1_000_001;

impl Customers {
    pub fn new(count: u64, mint: &dyn Fn(i64) -> String) -> Customers {
        let ids = (FIRST_ID..).take(usize::try_from(count.max(1)).unwrap_or(usize::MAX));
        Customers { tokens: ids.map(|id| mint(id).into_boxed_str()).collect() }
    }

    pub fn count(&self) -> u64 {
        self.tokens.len() as u64
    }

    /// The token of the customer whose turn it is; after the last comes the first again.
    pub fn token(&self, turn: u64) -> &str {
        let index = usize::try_from(turn % self.count()).unwrap_or(0);
        &self.tokens[index]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn turns_go_round() {
        let customers = Customers::new(2, &|id| id.to_string());
        assert_eq!([0, 1, 2].map(|turn| customers.token(turn)), ["1000001", "1000002", "1000001"]);
    }
}
