//! The order saga: a table of steps, and the pure question "what now?" (O-03…O-14, O-22, O-23).
//!
//! Nothing is remembered but what each step answered. Restarting, after a crash or a duplicate, is asking again.

use serde::{Deserialize, Serialize};

use crate::ids::ProductId;
use crate::reason::Reason;
use crate::time::Timestamp;

/// A claim that an order needs. Declared in the order of claiming; compensation goes the other way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(tag = "step", content = "productId", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Step {
    Stock(ProductId),
    Coupon,
    Point,
}

/// What is known of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StepState {
    /// Asked for; no answer yet.
    Requested,
    Completed,
    Failed(Reason),
    /// Given back, or made sure that it never will be taken.
    Restored,
}

impl StepState {
    pub const fn name(self) -> &'static str {
        match self {
            StepState::Requested => "REQUESTED",
            StepState::Completed => "COMPLETED",
            StepState::Failed(_) => "FAILED",
            StepState::Restored => "RESTORED",
        }
    }
}

/// What a participant reports of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Report {
    Completed,
    Failed(Reason),
    Restored,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StepRecord {
    pub step: Step,
    pub state: StepState,
    pub at: Timestamp,
}

/// Which way the saga is going.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    Claiming,
    /// Giving back, because of the reason.
    Restoring(Reason),
}

/// What the order must do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    Wait,
    /// Everything is claimed.
    Claimed,
    /// A step failed, every step has answered, and something is to be given back.
    Compensate(Reason),
    /// A step failed and nothing is held: there is nothing to give back.
    Cancel(Reason),
    /// Everything that may have been claimed is restored.
    Compensated(Reason),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Saga {
    pub direction: Direction,
    /// In the order of claiming: stock by product, coupon, points.
    pub steps: Vec<StepRecord>,
}

impl Saga {
    pub fn new(steps: impl IntoIterator<Item = Step>, at: Timestamp) -> Saga {
        let steps = steps.into_iter().map(|step| StepRecord { step, state: StepState::Requested, at }).collect();
        Saga { direction: Direction::Claiming, steps }
    }

    /// Asks what is to be done, given what is known.
    pub fn next(&self) -> Next {
        match self.direction {
            Direction::Restoring(reason) if self.to_restore().next().is_none() => Next::Compensated(reason),
            Direction::Restoring(_) => Next::Wait,
            Direction::Claiming if self.is_open() => Next::Wait,
            Direction::Claiming => match self.first_failure() {
                None => Next::Claimed,
                Some(reason) if self.to_restore().next().is_none() => Next::Cancel(reason),
                Some(reason) => Next::Compensate(reason),
            },
        }
    }

    /// The steps that hold, or may hold, something: completed and unknown ones, point → coupon → stock.
    pub fn to_restore(&self) -> impl Iterator<Item = Step> {
        self.steps
            .iter()
            .rev()
            .filter(|record| matches!(record.state, StepState::Completed | StepState::Requested))
            .map(|record| record.step)
    }

    /// Whether a report changes what is known. The first definite answer to a claim stands, and a restored step
    /// stays restored, so reports may come twice, late and in any order.
    pub fn accepts(&self, step: Step, report: Report) -> bool {
        let Some(record) = self.record(step) else { return false };
        match (record.state, report) {
            (StepState::Requested, Report::Completed | Report::Failed(_)) => true,
            (StepState::Requested | StepState::Completed | StepState::Failed(_), Report::Restored) => {
                matches!(self.direction, Direction::Restoring(_))
            }
            (StepState::Completed | StepState::Failed(_), Report::Completed | Report::Failed(_)) => false,
            (StepState::Restored, _) => false,
        }
    }

    /// Writes down a report that [`Saga::accepts`].
    pub fn note(&mut self, step: Step, report: Report, at: Timestamp) {
        let Some(record) = self.steps.iter_mut().find(|record| record.step == step) else { return };
        record.state = match report {
            Report::Completed => StepState::Completed,
            Report::Failed(reason) => StepState::Failed(reason),
            Report::Restored => StepState::Restored,
        };
        record.at = at;
    }

    fn record(&self, step: Step) -> Option<&StepRecord> {
        self.steps.iter().find(|record| record.step == step)
    }

    fn is_open(&self) -> bool {
        self.steps.iter().any(|record| record.state == StepState::Requested)
    }

    /// The refusal that the customer is told: the first in the order of claiming, whichever came first in time.
    pub fn first_failure(&self) -> Option<Reason> {
        self.steps.iter().find_map(|record| match record.state {
            StepState::Failed(reason) => Some(reason),
            StepState::Requested | StepState::Completed | StepState::Restored => None,
        })
    }
}

#[cfg(test)]
mod tests;
