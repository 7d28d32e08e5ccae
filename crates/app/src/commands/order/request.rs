//! What an event says of an order, held against the order itself: an event is a message, and a message can be repeated, late,
//! of another shop, or forged (O-16).
//!
//! What was done before, or is done with, is skipped. What the order never asked for is not done, and is given up for good.

use domain::claim::Claim;
use domain::ids::{OrderId, ProductId, UserId};
use domain::money::Money;
use domain::order::saga::{Direction, Report, Step as SagaStep, StepState};
use domain::order::{CouponWanted, Order, Pace};
use domain::reason::Reason;

use crate::commands::context::{Context, Halt, Handled};
use crate::state::rows::ClaimKey;

/// What a participant is asked for, or asked back.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Asked {
    Stock(ProductId, i64),
    Coupon(CouponWanted, UserId),
    /// Asked back, a coupon is named by its campaign alone.
    CouponOf(domain::ids::CampaignId, UserId),
    Points(UserId, Money),
}

impl Asked {
    const fn step(self) -> SagaStep {
        match self {
            Asked::Stock(product, _) => SagaStep::Stock(product),
            Asked::Coupon(..) | Asked::CouponOf(..) => SagaStep::Coupon,
            Asked::Points(..) => SagaStep::Point,
        }
    }

    fn is_of(self, order: &Order) -> bool {
        let created = &order.created;
        match self {
            Asked::Stock(product, quantity) => {
                created.lines.iter().any(|line| (line.product, line.quantity) == (product, quantity))
            }
            Asked::Coupon(wanted, user) => (created.coupon, created.user) == (Some(wanted), user),
            Asked::CouponOf(campaign, user) => {
                created.user == user && created.coupon.is_some_and(|wanted| wanted.campaign == campaign)
            }
            Asked::Points(user, amount) => (created.user, created.points) == (user, amount),
        }
    }
}

/// Whether the order waits for this claim. `false`: it was answered before, or is settled.
pub(crate) fn is_claim_due(context: &mut Context<'_>, order: OrderId, asked: Asked) -> Handled<bool> {
    let found = known(context, order)?;
    if found.outcome.is_final() {
        return skip(context);
    }
    check_asked(found, asked)?;
    if found.created.mode.pace() == Pace::AtOnce {
        return Err(forged("the order claims everything by itself"));
    }
    match state(found, asked.step())? {
        StepState::Requested => Ok(true),
        StepState::Waiting => Err(forged("the order has not asked for it")),
        StepState::Completed | StepState::Failed(_) | StepState::Restored => skip(context),
    }
}

/// Whether the order waits for this to be given back. `false`: it was, or the order is settled.
pub(crate) fn is_release_due(context: &mut Context<'_>, order: OrderId, asked: Asked) -> Handled<bool> {
    let found = known(context, order)?;
    if found.outcome.is_final() {
        return skip(context);
    }
    check_asked(found, asked)?;
    if !matches!(found.saga.direction, Direction::Restoring(_)) {
        return Err(forged("the order gives nothing back"));
    }
    match state(found, asked.step())? {
        StepState::Requested | StepState::Completed if found.saga.to_ask_back().any(|step| step == asked.step()) => {
            Ok(true)
        }
        StepState::Waiting => Err(forged("the order has never asked for it")),
        // It is done; or it is not its turn, and it is asked for again when it is.
        StepState::Requested | StepState::Completed | StepState::Failed(_) | StepState::Restored => skip(context),
    }
}

/// Whether the order waits for this report, and the participant's claim says the same. A report about a claim that the store
/// does not hold is not believed.
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
        return Err(forged("the order has not asked for it"));
    }
    if pace == Pace::AtOnce && report != Report::Restored {
        // It was taken in when it was written.
        return Ok(false);
    }
    // What was given back before it was asked for says so twice, and the restoration is what counts, whichever comes first.
    if !is_expected || report == Report::Failed(Reason::ClaimReleased) {
        return skip(context);
    }
    let claim = context.rows.claims.get(ClaimKey { order, step })?.copied();
    if is_true(report, claim, direction) { Ok(true) } else { Err(forged("the claim says something else")) }
}

/// A participant acts first and the collector learns of it later, so a claim may be ahead of its report: it may be given back
/// already, once the order asks for that.
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

/// The order that an event is about.
pub(crate) fn known<'u>(context: &'u Context<'_>, order: OrderId) -> Handled<&'u Order> {
    context.placed(order)?.ok_or_else(|| forged("this shop has no such order"))
}

/// Nothing is to be done.
pub(crate) const fn skip(context: &mut Context<'_>) -> Handled<bool> {
    context.skip();
    Ok(false)
}

/// The event says what this shop never said.
pub(crate) fn forged(why: &str) -> Halt {
    Halt::Failed(format!("it is not believed: {why}"))
}

fn check_asked(order: &Order, asked: Asked) -> Handled {
    if asked.is_of(order) { Ok(()) } else { Err(forged("the order asks for something else")) }
}

fn state(order: &Order, step: SagaStep) -> Handled<StepState> {
    let record = order.saga.steps.iter().find(|record| record.step == step);
    record.map(|record| record.state).ok_or_else(|| forged("the order has no such step"))
}
