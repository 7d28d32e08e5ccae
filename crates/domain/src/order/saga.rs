//! The order saga: a table of steps, and a pure function that returns the next action (O-03…O-14, O-22, O-23).
//!
//! The only state is each step's report, so recovery after a crash or a duplicate calls [`Saga::next`] again.

use serde::{Deserialize, Serialize};

use super::pace::Pace;
use crate::ids::ProductId;
use crate::reason::Reason;
use crate::time::Timestamp;

/// A claim that an order needs. Declared in the order of claiming; compensation runs in reverse.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(tag = "step", content = "productId", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Step {
    Stock(ProductId),
    Coupon,
    Point,
}

impl Step {
    /// The saga's table of waves: with [`Pace::InWaves`], a step is requested when all steps of the wave before are held.
    /// Restoration runs in reverse.
    pub const fn wave(self) -> u8 {
        match self {
            Step::Stock(_) => 1,
            Step::Coupon => 2,
            Step::Point => 3,
        }
    }
}

/// The state of a step, as far as the order knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StepState {
    /// Not requested yet: nothing is held, and nothing can be.
    Waiting,
    /// Requested; not reported yet.
    Requested,
    Completed,
    Failed(Reason),
    /// Restored, or never to be claimed: a tombstone refuses a late request.
    Restored,
}

impl StepState {
    pub const fn name(self) -> &'static str {
        match self {
            StepState::Waiting => "WAITING",
            StepState::Requested => "REQUESTED",
            StepState::Completed => "COMPLETED",
            StepState::Failed(_) => "FAILED",
            StepState::Restored => "RESTORED",
        }
    }
}

/// A participant's report about a step.
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

/// The direction of the saga.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    Claiming,
    /// Compensating, for the given reason.
    Restoring(Reason),
}

/// The order's next action.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    Wait,
    /// Everything is claimed.
    Claimed,
    /// A step failed, every requested step has reported, and something is held.
    Compensate(Reason),
    /// A step failed and nothing is held.
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
    pub fn new(steps: impl IntoIterator<Item = Step>, pace: Pace, at: Timestamp) -> Saga {
        let state = match pace {
            Pace::Together | Pace::AtOnce => StepState::Requested,
            Pace::InWaves => StepState::Waiting,
        };
        let steps = steps.into_iter().map(|step| StepRecord { step, state, at }).collect();
        let mut saga = Saga { direction: Direction::Claiming, steps };
        saga.ask_next();
        saga
    }

    /// Returns the next action.
    pub fn next(&self) -> Next {
        match self.direction {
            Direction::Restoring(reason) if self.to_restore().next().is_none() => Next::Compensated(reason),
            Direction::Restoring(_) => Next::Wait,
            Direction::Claiming if self.is_open() => Next::Wait,
            Direction::Claiming => match self.first_failure() {
                None if self.steps.iter().any(|record| record.state == StepState::Waiting) => Next::Wait,
                None => Next::Claimed,
                Some(reason) if self.to_restore().next().is_none() => Next::Cancel(reason),
                Some(reason) => Next::Compensate(reason),
            },
        }
    }

    /// The steps that hold, or may hold, a claim: completed and unreported ones, point → coupon → stock.
    pub fn to_restore(&self) -> impl Iterator<Item = Step> {
        self.steps
            .iter()
            .rev()
            .filter(|record| matches!(record.state, StepState::Completed | StepState::Requested))
            .map(|record| record.step)
    }

    /// The steps whose restoration is requested now: those of the last wave that has anything to restore. A wave is
    /// restored when the wave after it is done, point → coupon → stock (O-12).
    pub fn to_ask_back(&self) -> impl Iterator<Item = Step> {
        let wave = self.wave_to_restore();
        self.to_restore().filter(move |step| Some(step.wave()) == wave)
    }

    /// The steps whose restoration is requested now and was not requested in `before`.
    pub fn asked_back_since(&self, before: &Saga) -> impl Iterator<Item = Step> {
        let is_next = self.wave_to_restore() < before.wave_to_restore();
        self.to_ask_back().filter(move |_| is_next && matches!(self.direction, Direction::Restoring(_)))
    }

    fn wave_to_restore(&self) -> Option<u8> {
        self.to_restore().map(Step::wave).max()
    }

    /// Returns whether a report changes the saga. The first definite report about a claim is final, and a restored step
    /// stays restored, so reports may arrive twice, late and in any order.
    pub fn accepts(&self, step: Step, report: Report) -> bool {
        let Some(record) = self.record(step) else { return false };
        match (record.state, report) {
            (StepState::Waiting, _) => false,
            (StepState::Requested, Report::Completed | Report::Failed(_)) => true,
            (StepState::Requested | StepState::Completed | StepState::Failed(_), Report::Restored) => {
                matches!(self.direction, Direction::Restoring(_))
            }
            (StepState::Completed | StepState::Failed(_), Report::Completed | Report::Failed(_)) => false,
            (StepState::Restored, _) => false,
        }
    }

    /// Records a report that [`Saga::accepts`].
    pub fn note(&mut self, step: Step, report: Report, at: Timestamp) {
        let Some(record) = self.steps.iter_mut().find(|record| record.step == step) else { return };
        record.state = match report {
            Report::Completed => StepState::Completed,
            Report::Failed(reason) => StepState::Failed(reason),
            Report::Restored => StepState::Restored,
        };
        record.at = at;
        self.ask_next();
    }

    /// Requests the next wave once all requested steps are held. The current wave follows from the reports, so recovery
    /// needs no record of it.
    fn ask_next(&mut self) {
        let is_held = |record: &StepRecord| matches!(record.state, StepState::Completed | StepState::Waiting);
        if self.direction != Direction::Claiming || !self.steps.iter().all(is_held) {
            return;
        }
        let is_waiting = |record: &&mut StepRecord| record.state == StepState::Waiting;
        let Some(wave) = self.steps.iter_mut().find(is_waiting).map(|record| record.step.wave()) else { return };
        // The wave begins at the time of the latest report, in whichever order reports are collected.
        let Some(at) = self.steps.iter().map(|record| record.at).max() else { return };
        for record in self.steps.iter_mut().filter(|record| record.step.wave() == wave) {
            *record = StepRecord { state: StepState::Requested, at, ..*record };
        }
    }

    /// Begins to restore `steps`, which are all that hold or may hold a claim. In the history, a wave's last report may
    /// precede this event although it was collected later: a requested step that is not among `steps` was never requested.
    pub fn turn_back(&mut self, reason: Reason, steps: &[Step], begun: Timestamp) {
        self.direction = Direction::Restoring(reason);
        let was_never_asked =
            |record: &&mut StepRecord| record.state == StepState::Requested && !steps.contains(&record.step);
        for record in self.steps.iter_mut().filter(was_never_asked) {
            *record = StepRecord { state: StepState::Waiting, at: begun, ..*record };
        }
    }

    /// Marks these steps as restored, whatever their participants reported.
    pub fn restore(&mut self, steps: &[Step], at: Timestamp) {
        for record in self.steps.iter_mut().filter(|record| steps.contains(&record.step)) {
            *record = StepRecord { state: StepState::Restored, at, ..*record };
        }
    }

    /// The steps that are requested and not reported.
    pub fn asked(&self) -> impl Iterator<Item = Step> {
        self.steps.iter().filter(|record| record.state == StepState::Requested).map(|record| record.step)
    }

    /// The steps that are requested now and were waiting in `before`.
    pub fn asked_since(&self, before: &Saga) -> impl Iterator<Item = Step> {
        let pairs = self.steps.iter().zip(&before.steps);
        pairs
            .filter(|(now, before)| before.state == StepState::Waiting && now.state == StepState::Requested)
            .map(|(now, _)| now.step)
    }

    fn record(&self, step: Step) -> Option<&StepRecord> {
        self.steps.iter().find(|record| record.step == step)
    }

    fn is_open(&self) -> bool {
        self.steps.iter().any(|record| record.state == StepState::Requested)
    }

    /// The failure that is reported to the customer: the first in the order of claiming, not in time.
    pub fn first_failure(&self) -> Option<Reason> {
        self.steps.iter().find_map(|record| match record.state {
            StepState::Failed(reason) => Some(reason),
            StepState::Waiting | StepState::Requested | StepState::Completed | StepState::Restored => None,
        })
    }
}

#[cfg(test)]
mod tests;
