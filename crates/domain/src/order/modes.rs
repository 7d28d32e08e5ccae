//! Processing modes of orders, and the rules that choose one (O-17…O-21, T5, T28).

use super::pace::Pace;
use crate::ids::UserId;
use crate::word::words;

words! {
    /// The order in which the claims of one order are made.
    #[derive(PartialOrd, Ord, Hash)]
    pub enum Mode {
        /// All steps are requested together; any failure restores what was or may have been claimed.
        Parallel = "parallel",
        /// Stock, then coupon, then points, each requested when the one before is held.
        Sequential = "sequential",
        /// One decision claims everything or nothing.
        Atomic = "atomic",
        /// The same, and the request that places the order waits for it.
        Sync = "sync",
    }
}

impl Mode {
    pub const fn pace(self) -> Pace {
        match self {
            Mode::Parallel => Pace::Together,
            Mode::Sequential => Pace::InWaves,
            Mode::Atomic | Mode::Sync => Pace::AtOnce,
        }
    }
}

words! {
    /// The setting that decides an order's mode: a fixed mode, or a rule that considers the order.
    #[derive(PartialOrd, Ord, Hash)]
    pub enum Choice {
        Parallel = "parallel",
        Sequential = "sequential",
        /// Small orders in parallel, the others step by step.
        Adaptive = "adaptive",
        /// A fixed share of the users in parallel, the others step by step.
        Gradual = "gradual",
        Atomic = "atomic",
        Sync = "sync",
    }
}

words! {
    /// The choices that depend on the order.
    pub enum Rule {
        Adaptive = "adaptive",
        Gradual = "gradual",
    }
}

/// The properties of an order that a rule considers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Basket {
    pub user: UserId,
    /// Number of different products.
    pub items: usize,
    pub has_coupon: bool,
    pub has_points: bool,
}

/// The adaptive rule runs orders of up to this many products in parallel.
pub const PARALLEL_ITEMS_MAX: usize = 3;
const PERCENT: u64 = 100;

impl From<Mode> for Choice {
    fn from(mode: Mode) -> Choice {
        match mode {
            Mode::Parallel => Choice::Parallel,
            Mode::Sequential => Choice::Sequential,
            Mode::Atomic => Choice::Atomic,
            Mode::Sync => Choice::Sync,
        }
    }
}

/// The setting in force: a choice, and the gradual rule's share of users.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Modes {
    pub choice: Choice,
    /// Percentage of users that the gradual rule runs in parallel, 0 to 100.
    pub percent: u8,
}

impl Modes {
    pub const fn always(choice: Choice) -> Modes {
        Modes { choice, percent: 0 }
    }

    /// Returns the mode of one order, and the rule that chose it, if one did.
    pub const fn of(self, basket: Basket) -> (Mode, Option<Rule>) {
        match self.choice {
            Choice::Parallel => (Mode::Parallel, None),
            Choice::Sequential => (Mode::Sequential, None),
            Choice::Atomic => (Mode::Atomic, None),
            Choice::Sync => (Mode::Sync, None),
            Choice::Adaptive => (parallel_if(is_small(basket)), Some(Rule::Adaptive)),
            Choice::Gradual => (parallel_if(is_chosen(basket.user, self.percent)), Some(Rule::Gradual)),
        }
    }
}

const fn parallel_if(holds: bool) -> Mode {
    if holds { Mode::Parallel } else { Mode::Sequential }
}

const fn is_small(basket: Basket) -> bool {
    basket.items <= PARALLEL_ITEMS_MAX && !basket.has_coupon && !basket.has_points
}

/// A user below one percentage is below every higher one, so raising it never moves a user back.
const fn is_chosen(user: UserId, percent: u8) -> bool {
    bucket(hash(user)) < percent as u64
}

/// Unsigned throughout: a signed remainder, or the absolute value of `i64::MIN`, would be negative.
const fn bucket(hash: u64) -> u64 {
    hash % PERCENT
}

/// SplitMix64: spreads neighbouring users over all buckets, and never changes a user's bucket.
const fn hash(user: UserId) -> u64 {
    let mixed = user.0.cast_unsigned().wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

#[cfg(test)]
mod tests;
