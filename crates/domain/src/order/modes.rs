//! How orders are claimed, and who decides which way (O-17…O-21, T5, T28).

use serde::{Deserialize, Serialize};

use crate::ids::UserId;

/// How the claims of one order are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// All requests go out together; any failure restores what was or may have been claimed.
    Parallel,
    /// Stock, then coupon, then points, each asked for when the one before is held.
    Sequential,
    /// One decision claims everything or nothing.
    Atomic,
    /// The same, and whoever placed the order waits for it.
    Sync,
}

/// The way through the saga's table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// Every step is asked for at the start.
    Together,
    /// A wave of steps is asked for when the wave before is held.
    InWaves,
    /// No step is asked for: all are taken in the decision that places the order.
    AtOnce,
}

impl Mode {
    pub const ALL: [Mode; 4] = [Mode::Parallel, Mode::Sequential, Mode::Atomic, Mode::Sync];

    pub const fn name(self) -> &'static str {
        match self {
            Mode::Parallel => "parallel",
            Mode::Sequential => "sequential",
            Mode::Atomic => "atomic",
            Mode::Sync => "sync",
        }
    }

    pub const fn pace(self) -> Pace {
        match self {
            Mode::Parallel => Pace::Together,
            Mode::Sequential => Pace::InWaves,
            Mode::Atomic | Mode::Sync => Pace::AtOnce,
        }
    }
}

/// What the mode of an order is decided by: always the same, or a rule that looks at the order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Choice {
    Parallel,
    Sequential,
    /// Small orders in parallel, the others step by step.
    Adaptive,
    /// A stable share of the users in parallel, the others step by step.
    Gradual,
    Atomic,
    Sync,
}

/// The rules among the choices.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Rule {
    Adaptive,
    Gradual,
}

/// What a rule looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Basket {
    pub user: UserId,
    /// Different products.
    pub items: usize,
    pub has_coupon: bool,
    pub has_points: bool,
}

/// The most items that the adaptive rule takes in parallel.
pub const PARALLEL_ITEMS_MAX: usize = 3;
const PERCENT: u64 = 100;

impl Choice {
    pub const ALL: [Choice; 6] =
        [Choice::Parallel, Choice::Sequential, Choice::Adaptive, Choice::Gradual, Choice::Atomic, Choice::Sync];

    pub const fn name(self) -> &'static str {
        match self {
            Choice::Parallel => "parallel",
            Choice::Sequential => "sequential",
            Choice::Adaptive => "adaptive",
            Choice::Gradual => "gradual",
            Choice::Atomic => "atomic",
            Choice::Sync => "sync",
        }
    }

    pub fn from_name(name: &str) -> Option<Choice> {
        Choice::ALL.into_iter().find(|choice| choice.name() == name)
    }
}

impl Rule {
    pub const ALL: [Rule; 2] = [Rule::Adaptive, Rule::Gradual];

    pub const fn name(self) -> &'static str {
        match self {
            Rule::Adaptive => "adaptive",
            Rule::Gradual => "gradual",
        }
    }
}

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

/// The setting in force: a choice, and the share of users that the gradual rule takes in parallel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Modes {
    pub choice: Choice,
    /// 0: nobody yet, everybody goes step by step.
    pub percent: u8,
}

impl Modes {
    pub const fn always(choice: Choice) -> Modes {
        Modes { choice, percent: 0 }
    }

    /// The mode of one order, and the rule that it comes from, if it was one.
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

/// Whoever is among the first percent stays among them when there are more.
const fn is_chosen(user: UserId, percent: u8) -> bool {
    bucket(hash(user)) < percent as u64
}

/// Unsigned from end to end: a signed remainder, or the absolute value of the smallest number, would be negative.
const fn bucket(hash: u64) -> u64 {
    hash % PERCENT
}

/// SplitMix64: neighbouring users are strewn over all buckets, and for ever over the same ones.
const fn hash(user: UserId) -> u64 {
    let mixed = user.0.cast_unsigned().wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

#[cfg(test)]
mod tests;
