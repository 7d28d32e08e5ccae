//! What is asked of the server, and what its answers should be.

use std::fmt::Debug;

use crate::connection::Answer;

/// Which request of a plan an answer belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ticket(pub u64);

/// What an answer means to the scenario.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// What the customer hoped for.
    Success,
    /// A refusal that is part of the scenario, such as "sold out".
    Refusal,
    /// Anything else: the scenario went wrong.
    Surprise,
}

impl Verdict {
    pub const fn success_if(condition: bool) -> Verdict {
        if condition { Verdict::Success } else { Verdict::Surprise }
    }
}

/// A number in the shop that must be exactly so afterwards.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// A path that answers anybody.
    pub path: String,
    pub member: &'static str,
    pub expected: i64,
}

/// The requests of one leg, in their order, and the judge of their answers.
pub trait Plan: Debug {
    /// Writes the next request; `None` when there is nothing left to ask.
    fn next(&mut self, request: &mut Vec<u8>) -> Option<Ticket>;

    /// Writes what the same customer asks for after an answer, at once and as part of the same ticket. `false`: that was all.
    fn follow(&mut self, _ticket: Ticket, _answer: Answer<'_>, _request: &mut Vec<u8>) -> bool {
        false
    }

    fn judge(&mut self, ticket: Ticket, answer: Answer<'_>) -> Verdict;

    /// Headers and body of a typical request, for the yardstick.
    fn sample(&self) -> (&str, &str) {
        ("", "{}")
    }

    /// What must hold in the shop when all answers have come.
    fn claims(&self) -> Vec<Claim> {
        vec![]
    }

    /// What does not add up in the answers themselves.
    fn complaints(&self) -> Vec<String> {
        vec![]
    }
}
