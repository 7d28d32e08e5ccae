//! The issue numbers of a campaign: 1 to N in any order, without repeats.

/// A larger number is a defect of the server.
const NUMBER_MAX: u64 = 100_000_000;

/// A set of numbers with one bit each.
#[derive(Debug, Default)]
pub struct Numbers {
    seen: Vec<u64>,
    count: u64,
    highest: u64,
}

impl Numbers {
    /// Records a number; returns `false` if it is invalid or a repeat.
    pub fn note(&mut self, number: i64) -> bool {
        let Ok(number @ 1..=NUMBER_MAX) = u64::try_from(number) else { return false };
        let (word, bit) = ((number / 64) as usize, 1_u64 << (number % 64));
        if word >= self.seen.len() {
            self.seen.resize((word + 1).next_power_of_two(), 0);
        }
        let is_new = self.seen[word] & bit == 0;
        self.seen[word] |= bit;
        self.count += u64::from(is_new);
        self.highest = self.highest.max(number);
        is_new
    }

    /// Returns whether the numbers are exactly 1 to `count`.
    pub const fn are_exactly(&self, count: u64) -> bool {
        self.count == count && self.highest == count
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_come_in_any_order_but_once() {
        let mut numbers = Numbers::default();
        assert!([3, 1, 200, 2].into_iter().all(|number| numbers.note(number)));
        assert!(!numbers.note(3));
        assert!(!numbers.note(0));
        assert!(!numbers.note(-1));
        assert!(!numbers.are_exactly(4), "4 to 199 are missing");
        assert!((4..200).all(|number| numbers.note(number)));
        assert!(numbers.are_exactly(200));
    }
}
