//! Compares events with the order that they name: an event is a message, and a message can be repeated, late, from
//! another shop, or forged (O-16).
//!
//! A repeat, or an event of a closed order, is skipped. An event that the order never requested changes nothing, and is
//! dead-lettered for good.

use domain::claim::Claim;
use domain::ids::OrderId;
use domain::order::saga::{Direction, Report, Step as SagaStep, StepState};
use domain::order::{Order, Pace};
use domain::reason::Reason;

use crate::commands::context::{Context, Halt, Handled};
use crate::commands::order::demand::Demand;
use crate::state::rows::{ClaimKey, DISBELIEVED};

/// Returns true if the order waits for this claim. `false`: it was answered before, or the order is closed.
pub(crate) fn is_claim_due(context: &mut Context<'_>, order: OrderId, demand: Demand) -> Handled<bool> {
    let found = known(context, order)?;
    if found.outcome.is_final() {
        return skip(context);
    }
    check_demand(demand.is_of(found))?;
    if found.created.mode.pace() == Pace::AtOnce {
        return Err(forged("the order claims in one decision and sends no requests"));
    }
    match state(found, demand.step())? {
        StepState::Requested => Ok(true),
        StepState::Waiting => Err(forged("the order has not requested it")),
        StepState::Completed | StepState::Failed(_) | StepState::Restored => skip(context),
    }
}

/// Returns true if the order waits for this restoration. `false`: it was done, or the order is closed.
pub(crate) fn is_release_due(context: &mut Context<'_>, order: OrderId, demand: Demand) -> Handled<bool> {
    let found = known(context, order)?;
    if found.outcome.is_final() {
        return skip(context);
    }
    check_demand(demand.is_restored_by(found))?;
    if !matches!(found.saga.direction, Direction::Restoring(_)) {
        return Err(forged("the order has no compensation"));
    }
    match state(found, demand.step())? {
        StepState::Requested | StepState::Completed if found.saga.to_ask_back().any(|step| step == demand.step()) => {
            Ok(true)
        }
        StepState::Waiting => Err(forged("the order has never requested it")),
        // Done already; or not its turn yet, and it is requested again when it is.
        StepState::Requested | StepState::Completed | StepState::Failed(_) | StepState::Restored => skip(context),
    }
}

/// Returns true if the order waits for this report and the participant's claim agrees with it. A report without a claim
/// in the store is refused.
pub(crate) fn is_report_due(
    context: &mut Context<'_>,
    order: OrderId,
    step: SagaStep,
    report: Report,
) -> Handled<bool> {
    let found = known(context, order)?;
    let state = state(found, step)?;
    let is_expected = !found.outcome.is_final() && found.saga.accepts(step, report);
    let (pace, direction) = (found.created.mode.pace(), found.saga.direction);
    if state == StepState::Waiting {
        return Err(forged("the order has not requested it"));
    }
    if pace == Pace::AtOnce && report != Report::Restored {
        // It was collected when it was written.
        return Ok(false);
    }
    // What was restored before its request is reported twice. The restoration counts, whichever comes first.
    if !is_expected || report == Report::Failed(Reason::ClaimReleased) {
        return skip(context);
    }
    let claim = context.rows.claims.get(ClaimKey { order, step })?.copied();
    if is_true(report, claim, direction) { Ok(true) } else { Err(forged("the report differs from the claim")) }
}

/// Returns true if the claim agrees with the report. A participant acts before the collector records it, so the claim
/// may be ahead of its report: it may be restored already, once the order requests that.
fn is_true(report: Report, claim: Option<Claim>, direction: Direction) -> bool {
    let is_restoring = matches!(direction, Direction::Restoring(_));
    match (report, claim) {
        (Report::Completed, Some(Claim::Held)) | (Report::Restored, Some(Claim::Released)) => true,
        (Report::Failed(reason), Some(Claim::Refused(refused))) => reason == refused,
        (Report::Completed | Report::Failed(_), Some(Claim::Released)) => is_restoring,
        (Report::Completed | Report::Restored, Some(Claim::Refused(_)) | None)
        | (Report::Failed(_) | Report::Restored, Some(Claim::Held))
        | (Report::Failed(_), None) => false,
    }
}

/// Returns the order that an event is about.
pub(crate) fn known<'c>(context: &'c Context<'_>, order: OrderId) -> Handled<&'c Order> {
    context.placed(order)?.ok_or_else(|| forged("this shop has no such order"))
}

/// Skips the event.
pub(crate) const fn skip(context: &mut Context<'_>) -> Handled<bool> {
    context.skip();
    Ok(false)
}

/// Returns the halt of an event that this shop never published.
pub(crate) fn forged(why: &str) -> Halt {
    Halt::Failed(format!("{DISBELIEVED}: {why}"))
}

fn check_demand(is_of_order: bool) -> Handled {
    if is_of_order { Ok(()) } else { Err(forged("the order requests something else")) }
}

fn state(order: &Order, step: SagaStep) -> Handled<StepState> {
    let record = order.saga.steps.iter().find(|record| record.step == step);
    record.map(|record| record.state).ok_or_else(|| forged("the order has no such step"))
}
