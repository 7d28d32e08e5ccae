//! The results of a sale: updated by answers, read by the progress display.

use std::collections::BTreeMap;
use std::time::Duration;

use bench::scenario::Numbers;

/// News about a named guest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct News {
    pub at: Duration,
    pub text: String,
}

#[derive(Debug, Default)]
pub struct Board {
    coupons: u64,
    pub(super) issued: u64,
    pub(super) numbers: Numbers,
    /// Refusals by code.
    pub(super) refusals: BTreeMap<&'static str, u64>,
    pub(super) sold_out_at: Option<Duration>,
    /// Orders by outcome.
    pub(super) orders: BTreeMap<String, u64>,
    /// Reasons of cancelled orders.
    pub(super) reasons: BTreeMap<String, u64>,
    /// News that are not yet shown.
    news: Vec<News>,
}

impl Board {
    /// Returns an empty board for a sale of this many coupons.
    pub fn of(coupons: u64) -> Board {
        Board { coupons, ..Board::default() }
    }

    pub const fn issued(&self) -> u64 {
        self.issued
    }

    pub const fn remaining(&self) -> u64 {
        self.coupons.saturating_sub(self.issued)
    }

    pub const fn sold_out_at(&self) -> Option<Duration> {
        self.sold_out_at
    }

    /// Returns how many orders have an outcome.
    pub fn ordered(&self) -> u64 {
        self.orders.values().sum()
    }

    /// Returns the news since the last call.
    pub fn take_news(&mut self) -> Vec<News> {
        std::mem::take(&mut self.news)
    }

    pub(super) fn add_news(&mut self, at: Duration, text: String) {
        self.news.push(News { at, text });
    }

    /// Records an issued coupon. Returns `false` if its number is out of range or was issued before.
    pub(super) fn give(&mut self, number: i64, at: Duration) -> bool {
        self.issued += 1;
        if self.issued == self.coupons {
            self.sold_out_at = Some(at);
            self.add_news(at, format!("sold out: coupon {} was the last", self.coupons));
        }
        self.numbers.note(number)
    }

    pub(super) fn refuse(&mut self, code: &'static str) {
        *self.refusals.entry(code).or_default() += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_coupon_ends_the_sale() {
        let mut board = Board::of(2);
        let (first, last) = (Duration::from_millis(1), Duration::from_millis(2));
        assert!(board.give(1, first));
        assert_eq!((board.remaining(), board.sold_out_at()), (1, None));
        assert!(board.give(2, last));
        assert_eq!((board.remaining(), board.sold_out_at()), (0, Some(last)));
        assert_eq!(board.take_news().len(), 1);
        assert!(board.take_news().is_empty(), "news are returned once");
        assert!(!board.give(2, last), "a number is issued once");
    }
}
