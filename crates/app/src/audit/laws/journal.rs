//! Law 13: the saga's events of an order are complete and in a legal order.

use std::collections::BTreeMap;

use domain::order::saga::{Report, Step, StepState};
use domain::order::{Order, Outcome, Pace};

use super::{list, step_words};
use crate::audit::dossier::Dossier;
use crate::audit::report::{Verdict, ensure};
use crate::events::event::Event;
use crate::log::reactions;

/// The last definite report of a step's participant; variants are in the order in which reports can arrive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum LastReport {
    Completed,
    Failed,
    Restored,
}

pub(in crate::audit) fn journal(dossier: &Dossier, order: &Order) -> Verdict {
    steps_fit(dossier, order)?;
    if dossier.is_cut {
        return Ok(());
    }
    let name = &dossier.name;
    let mut last: BTreeMap<Step, LastReport> = BTreeMap::new();
    let mut is_restoring = false;
    let mut in_turn: &[Step] = &[];
    for (event, _) in dossier.history() {
        if let Some(steps) = to_restore(event) {
            is_restoring = true;
            ensure(is_reverse_part(steps, order), || {
                let steps = list(steps.iter().map(|of| step_words(*of)));
                format!("{name}: restorations are not requested in the order points, coupon, stock: {steps}")
            })?;
        }
        if let Event::CompensationRequired(required) = event {
            in_turn = if required.in_turn { &required.steps } else { &[] };
        }
        let Some((reported, report)) = reactions::step_report(event) else { continue };
        let step = reported.step;
        ensure(order.saga.steps.iter().any(|record| record.step == step), || {
            format!("{name}: has a report of its {}, which is not one of its steps", step_words(step))
        })?;
        let before = last.get(&step).copied();
        ensure(may_report(before, report) && (is_restoring || report != Report::Restored), || {
            let (said, before) = (said(later(None, report)), before.map_or("no report", said));
            format!("{name}: its {} reports {said} after {before}", step_words(step))
        })?;
        if report == Report::Restored && before != Some(LastReport::Restored) {
            let early = in_turn.iter().find(|other| other.wave() > step.wave() && is_owed(last.get(*other).copied()));
            if let Some(early) = early {
                return Err(format!("{name}: its {} was restored before its {}", step_words(step), step_words(*early)));
            }
        }
        last.insert(step, later(before, report));
    }
    Ok(())
}

/// Returns true if what the step holds, or may hold, still has to be restored.
fn is_owed(last: Option<LastReport>) -> bool {
    matches!(last, None | Some(LastReport::Completed))
}

/// Checks that the steps are as far as the outcome requires.
fn steps_fit(dossier: &Dossier, order: &Order) -> Verdict {
    let is_all = |wanted: fn(StepState) -> bool| order.saga.steps.iter().all(|record| wanted(record.state));
    let fits = match order.outcome {
        Outcome::Pending => is_all(|state| state != StepState::Restored),
        Outcome::AwaitingPayment | Outcome::Completed => is_all(|state| state == StepState::Completed),
        Outcome::Compensating | Outcome::CompensationStuck => order.saga.to_restore().next().is_some(),
        // In one decision, the refused step is the last one that is requested.
        Outcome::Cancelled if order.created.mode.pace() == Pace::AtOnce => {
            is_all(|state| state != StepState::Completed)
        }
        Outcome::Cancelled => order.saga.to_restore().next().is_none(),
    };
    ensure(fits, || {
        let states = order.saga.steps.iter().map(|record| record.state.name());
        format!("{}: is {}, its steps are {}", dossier.name, order.outcome.name(), list(states))
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

/// Returns true if the steps are a part of the order's steps, in reverse order.
fn is_reverse_part(steps: &[Step], order: &Order) -> bool {
    let mut declared = order.saga.steps.iter().rev().map(|record| record.step);
    !steps.is_empty() && steps.iter().all(|step| declared.any(|candidate| candidate == *step))
}

/// A participant may repeat a report. After a refusal or a restoration it never reports a claim again.
const fn may_report(before: Option<LastReport>, report: Report) -> bool {
    match (before, report) {
        (None | Some(LastReport::Completed), _) | (Some(_), Report::Failed(_) | Report::Restored) => true,
        (Some(LastReport::Failed | LastReport::Restored), Report::Completed) => false,
    }
}

/// A report in a complaint.
const fn said(report: LastReport) -> &'static str {
    match report {
        LastReport::Completed => "a success",
        LastReport::Failed => "a refusal",
        LastReport::Restored => "a restoration",
    }
}

const fn later(before: Option<LastReport>, report: Report) -> LastReport {
    match (before, report) {
        (_, Report::Restored) => LastReport::Restored,
        (Some(LastReport::Restored), _) => LastReport::Restored,
        (_, Report::Failed(_)) => LastReport::Failed,
        (Some(before), Report::Completed) => before,
        (None, Report::Completed) => LastReport::Completed,
    }
}
