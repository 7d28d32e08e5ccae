//! Law 13: what the saga of an order has written down.

use std::collections::BTreeMap;

use domain::order::saga::{Report, Step, StepState};
use domain::order::{Order, Outcome, Pace};

use crate::audit::dossier::Dossier;
use crate::audit::report::{Verdict, ensure};
use crate::events::event::Event;
use crate::log::reactions;

/// What a step's participant has definitely said, in the order in which it can be said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Said {
    Completed,
    Failed,
    Restored,
}

pub(in crate::audit) fn journal(dossier: &Dossier, order: &Order) -> Verdict {
    steps_fit(dossier, order)?;
    let name = &dossier.name;
    let mut said: BTreeMap<Step, Said> = BTreeMap::new();
    let mut is_restoring = false;
    let mut in_turn: &[Step] = &[];
    for (event, _) in dossier.history() {
        if let Some(steps) = to_restore(event) {
            is_restoring = true;
            ensure(is_reverse_part(steps, order), || {
                format!("{name}: restorations are not asked for in the order point, coupon, stock: {steps:?}")
            })?;
        }
        if let Event::CompensationRequired(required) = event {
            in_turn = if required.in_turn { &required.steps } else { &[] };
        }
        let Some((reported, report)) = reactions::step_report(event) else { continue };
        let step = reported.step;
        ensure(order.saga.steps.iter().any(|record| record.step == step), || {
            format!("{name}: {step:?} reports, which is not one of its steps")
        })?;
        let before = said.get(&step).copied();
        ensure(may_say(before, report) && (is_restoring || report != Report::Restored), || {
            format!("{name}: {step:?} says {report:?} after {before:?}")
        })?;
        if report == Report::Restored && before != Some(Said::Restored) {
            let early = in_turn.iter().find(|other| other.wave() > step.wave() && is_owed(said.get(*other).copied()));
            ensure(early.is_none(), || format!("{name}: {step:?} was given back before {early:?} was"))?;
        }
        said.insert(step, later(before, report));
    }
    Ok(())
}

/// Whether what a step holds, or may hold, is still to be given back.
fn is_owed(said: Option<Said>) -> bool {
    matches!(said, None | Some(Said::Completed))
}

/// The steps are as far as the outcome needs them to be.
fn steps_fit(dossier: &Dossier, order: &Order) -> Verdict {
    let is_all = |wanted: fn(StepState) -> bool| order.saga.steps.iter().all(|record| wanted(record.state));
    let fits = match order.outcome {
        Outcome::Pending => is_all(|state| state != StepState::Restored),
        Outcome::AwaitingPayment | Outcome::Completed => is_all(|state| state == StepState::Completed),
        Outcome::Compensating | Outcome::CompensationStuck => order.saga.to_restore().next().is_some(),
        // In one decision, the step that is refused is the last that is asked.
        Outcome::Cancelled if order.created.mode.pace() == Pace::AtOnce => {
            is_all(|state| state != StepState::Completed)
        }
        Outcome::Cancelled => order.saga.to_restore().next().is_none(),
    };
    ensure(fits, || {
        let states: Vec<_> = order.saga.steps.iter().map(|record| record.state.name()).collect();
        format!("{}: is {}, its steps are {states:?}", dossier.name, order.outcome.name())
    })
}

fn to_restore(event: &Event) -> Option<&[Step]> {
    #[expect(clippy::wildcard_enum_match_arm, reason = "no other event names steps")]
    match event {
        Event::CompensationRequired(required) => Some(&required.steps),
        Event::CompensationResumed(resumed) => Some(&resumed.steps),
        Event::CompensationResolved(resolved) => Some(&resolved.steps),
        _ => None,
    }
}

/// Whether the steps are some of the order's, in reverse.
fn is_reverse_part(steps: &[Step], order: &Order) -> bool {
    let mut declared = order.saga.steps.iter().rev().map(|record| record.step);
    !steps.is_empty() && steps.iter().all(|step| declared.any(|candidate| candidate == *step))
}

/// A participant may repeat itself. Once it said no, or gave back, it never says yes again.
const fn may_say(before: Option<Said>, report: Report) -> bool {
    match (before, report) {
        (None | Some(Said::Completed), _) | (Some(_), Report::Failed(_) | Report::Restored) => true,
        (Some(Said::Failed | Said::Restored), Report::Completed) => false,
    }
}

const fn later(before: Option<Said>, report: Report) -> Said {
    match (before, report) {
        (_, Report::Restored) => Said::Restored,
        (Some(Said::Restored), _) => Said::Restored,
        (_, Report::Failed(_)) => Said::Failed,
        (Some(before), Report::Completed) => before,
        (None, Report::Completed) => Said::Completed,
    }
}
