//! Plans: sequences of requests and their expected responses.

use std::fmt::Debug;

use crate::connection::Answer;

/// The number of a request within its plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ticket(pub u64);

/// The classification of a response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The expected success.
    Success,
    /// An expected refusal, such as "sold out".
    Refusal,
    /// Anything else: an error.
    Surprise,
}

impl Verdict {
    pub const fn success_if(condition: bool) -> Verdict {
        if condition { Verdict::Success } else { Verdict::Surprise }
    }
}

/// A number in the shop that must have this value after the leg.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// A path that needs no user of its own.
    pub path: String,
    pub member: &'static str,
    pub expected: i64,
}

/// The requests of one leg, in sequence, and the checks of their responses.
pub trait Plan: Debug {
    /// Writes the next request; `None` at the end of the plan.
    fn next(&mut self, request: &mut Vec<u8>) -> Option<Ticket>;

    /// Writes a follow-up request of the same customer, as part of the same ticket. `false`: there is none.
    fn follow(&mut self, _ticket: Ticket, _answer: Answer<'_>, _request: &mut Vec<u8>) -> bool {
        false
    }

    fn judge(&mut self, ticket: Ticket, answer: Answer<'_>) -> Verdict;

    /// Headers and body of a typical request, for the echo baseline.
    fn sample(&self) -> (&str, &str) {
        ("", "{}")
    }

    /// The claims about the shop after all responses.
    fn claims(&self) -> Vec<Claim> {
        vec![]
    }

    /// Inconsistencies among the responses.
    fn complaints(&self) -> Vec<String> {
        vec![]
    }
}
