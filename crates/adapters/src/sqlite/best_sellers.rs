//! The best sellers of the periods that are asked for, kept beside the store. A period is summed up once, and then every
//! commit adds its own sales, so that a reader looks at as many products as it shows.

use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::sync::Arc;

use app::state::rows::SalesKey;
use domain::ids::ProductId;
use parking_lot::Mutex;
use rustc_hash::FxHashMap;

/// The number of periods that are kept. The API has three of them, and each day begins two new ones.
const PERIODS_MAX: usize = 4;
/// The most products of a period, some 100 bytes each. A period with more is summed up for each reader.
const PRODUCTS_MAX: usize = 250_000;

/// A change of one day's sales, less refunds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Moved {
    pub(super) key: SalesKey,
    pub(super) units: i64,
}

/// The ranked sales of the one engine that writes the store.
#[derive(Debug)]
pub(super) struct BestSellers {
    /// The engine whose commits are counted.
    pub(super) engine: u32,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// The one that was asked for last is at the end.
    periods: Vec<Period>,
    /// Readers that are summing up a period now, for which commits are remembered.
    counting: usize,
    commits: Vec<(i64, Arc<[Moved]>)>,
    /// Counts the commits with an unknown outcome, after which nothing that was read before may be kept.
    doubts: u64,
}

/// The sales since a day.
#[derive(Debug)]
struct Period {
    since: Option<i64>,
    /// The last commit that is included.
    as_of: i64,
    sold: FxHashMap<ProductId, i64>,
    ranked: BTreeSet<(Reverse<i64>, ProductId)>,
}

impl Period {
    fn new(since: Option<i64>, as_of: i64, sold: FxHashMap<ProductId, i64>) -> Period {
        let above_zero = sold.iter().filter(|(_, units)| **units > 0);
        let ranked = above_zero.map(|(product, units)| (Reverse(*units), *product)).collect();
        Period { since, as_of, sold, ranked }
    }

    fn apply(&mut self, commit: i64, moves: &[Moved]) {
        if commit <= self.as_of {
            return;
        }
        self.as_of = commit;
        for Moved { key, units } in moves {
            if self.since.is_some_and(|since| key.day < since) {
                continue;
            }
            let sold = self.sold.entry(key.product).or_default();
            self.ranked.remove(&(Reverse(*sold), key.product));
            *sold += units;
            if *sold > 0 {
                self.ranked.insert((Reverse(*sold), key.product));
            }
        }
    }

    fn best(&self, limit: usize) -> Vec<(ProductId, i64)> {
        self.ranked.iter().take(limit).map(|(Reverse(units), product)| (*product, *units)).collect()
    }
}

impl BestSellers {
    pub(super) fn new(engine: u32) -> BestSellers {
        BestSellers { engine, state: Mutex::default() }
    }

    /// Adds the sales of a commit, before its commands are answered.
    pub(super) fn apply(&self, commit: i64, moves: Vec<Moved>) {
        if moves.is_empty() {
            return;
        }
        let state = &mut *self.state.lock();
        state.periods.iter_mut().for_each(|period| period.apply(commit, &moves));
        state.periods.retain(|period| period.sold.len() <= PRODUCTS_MAX);
        if state.counting > 0 {
            state.commits.push((commit, moves.into()));
        }
    }

    /// Forgets everything, after a commit whose outcome is unknown.
    pub(super) fn forget(&self) {
        let mut state = self.state.lock();
        state.periods.clear();
        state.doubts += 1;
    }

    /// Returns the best sellers of a period, if it is kept; ties by product number.
    pub(super) fn best(&self, since: Option<i64>, limit: usize) -> Option<Vec<(ProductId, i64)>> {
        let mut state = self.state.lock();
        let place = state.periods.iter().position(|period| period.since == since)?;
        state.periods[place..].rotate_left(1);
        state.periods.last().map(|period| period.best(limit))
    }

    /// Begins to sum up a period, before the reader's moment is fixed.
    pub(super) fn count(&self) -> Counting<'_> {
        let mut state = self.state.lock();
        state.counting += 1;
        Counting { sellers: self, doubts: state.doubts }
    }
}

/// A reader that is summing up a period.
pub(super) struct Counting<'b> {
    sellers: &'b BestSellers,
    doubts: u64,
}

impl Counting<'_> {
    /// Keeps the sums that were read as of a commit, and returns the best of them.
    pub(super) fn keep(
        self,
        since: Option<i64>,
        as_of: i64,
        sold: FxHashMap<ProductId, i64>,
        limit: usize,
    ) -> Vec<(ProductId, i64)> {
        let mut period = Period::new(since, as_of, sold);
        let state = &mut *self.sellers.state.lock();
        if self.doubts == state.doubts {
            state.commits.iter().for_each(|(commit, moves)| period.apply(*commit, moves));
        }
        let best = period.best(limit);
        if self.doubts == state.doubts && period.sold.len() <= PRODUCTS_MAX {
            state.periods.retain(|kept| kept.since != since);
            if state.periods.len() >= PERIODS_MAX {
                state.periods.remove(0);
            }
            state.periods.push(period);
        }
        best
    }
}

impl Drop for Counting<'_> {
    fn drop(&mut self) {
        let state = &mut *self.sellers.state.lock();
        state.counting -= 1;
        if state.counting == 0 {
            state.commits = vec![];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moved(day: i64, product: i64, units: i64) -> Moved {
        Moved { key: SalesKey { day, product: ProductId(product) }, units }
    }

    fn found(best: Option<Vec<(ProductId, i64)>>) -> Option<Vec<(i64, i64)>> {
        best.map(|best| best.into_iter().map(|(product, units)| (product.0, units)).collect())
    }

    #[test]
    fn commits_during_the_count_are_added_once() {
        let sellers = BestSellers::new(1);
        assert_eq!(sellers.best(None, 9), None);
        let counting = sellers.count();
        sellers.apply(6, vec![moved(3, 1, 2)]);
        sellers.apply(7, vec![moved(3, 2, 4)]);
        // The reader's moment includes commit 6 but not 7.
        let best = counting.keep(None, 6, FxHashMap::from_iter([(ProductId(1), 3)]), 9);
        assert_eq!(found(Some(best)), Some(vec![(2, 4), (1, 3)]));
        assert_eq!(sellers.state.lock().commits.len(), 0);
        // The sums include a commit that is only reported afterwards.
        sellers.apply(7, vec![moved(3, 2, 4)]);
        sellers.apply(8, vec![moved(3, 1, 1), moved(3, 3, 9), moved(2, 3, -9)]);
        assert_eq!(found(sellers.best(None, 2)), Some(vec![(1, 4), (2, 4)]));
    }

    #[test]
    fn a_period_counts_its_own_days_and_the_oldest_is_forgotten() {
        let sellers = BestSellers::new(1);
        for since in [None, Some(5), Some(6)] {
            sellers.count().keep(since, 0, FxHashMap::default(), 9);
        }
        sellers.apply(1, vec![moved(5, 1, 2), moved(4, 2, 1)]);
        assert_eq!(found(sellers.best(Some(6), 9)), Some(vec![]));
        assert_eq!(found(sellers.best(Some(5), 9)), Some(vec![(1, 2)]));
        assert_eq!(found(sellers.best(None, 9)), Some(vec![(1, 2), (2, 1)]));
        for since in [Some(7), Some(8)] {
            sellers.count().keep(since, 1, FxHashMap::default(), 9);
        }
        assert_eq!(sellers.best(Some(6), 9), None);
        assert_eq!(sellers.state.lock().periods.len(), PERIODS_MAX);
    }

    #[test]
    fn nothing_is_kept_after_a_commit_of_unknown_outcome() {
        let sellers = BestSellers::new(1);
        let counting = sellers.count();
        sellers.forget();
        counting.keep(None, 3, FxHashMap::default(), 9);
        assert_eq!(sellers.best(None, 9), None);
    }
}
