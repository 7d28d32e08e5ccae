//! Laws 2 and 3: participants hold for an order exactly what the order requested.

use std::collections::BTreeSet;

use domain::claim::Claim;
use domain::order::saga::{Step, StepState};
use domain::order::{Order, Outcome};
use domain::payment::Payment;

use super::step_words;
use crate::audit::dossier::Dossier;
use crate::audit::report::{Verdict, ensure};
use crate::audit::snapshot::OrderFacts;
use crate::commands::{Command, Repair};
use crate::events::event::Event;
use crate::state::rows::{Timer, TimerKind};

/// Law 2: claims and timers live as long as the saga, and agree with its steps or are one report ahead.
pub(in crate::audit) fn claims(dossier: &Dossier) -> Verdict {
    let (name, facts) = (&dossier.name, &dossier.facts);
    let Some(order) = dossier.order() else {
        let is_bare = facts.claims.is_empty() && facts.timer.is_none();
        return ensure(is_bare, || format!("{name}: has claims or a timer, but does not exist, or cannot be read"));
    };
    ensure(timer_fits(order.outcome, facts), || {
        let timer = facts.timer.map_or("none", |timer| timer_words(timer.kind));
        format!("{name}: is {}, its timer is {timer}", order.outcome.name())
    })?;
    if order.outcome.is_final() {
        return ensure(facts.claims.is_empty(), || format!("{name}: is closed and still has claims"));
    }
    for record in &order.saga.steps {
        let claim = dossier.claim(record.step);
        ensure(claim_fits(order.outcome, record.state, claim), || {
            let claim = claim.map_or("none", claim_words);
            format!("{name}: its {} is {}, its claim is {claim}", step_words(record.step), record.state.name())
        })?;
    }
    let steps: BTreeSet<Step> = order.saga.steps.iter().map(|record| record.step).collect();
    let foreign = facts.claims.iter().find(|(step, _)| !steps.contains(step));
    let Some((step, claim)) = foreign else { return Ok(()) };
    Err(format!(
        "{name}: has the claim of its {}, which is {}, but no such step",
        step_words(*step),
        claim_words(*claim)
    ))
}

/// A timer in a complaint.
const fn timer_words(kind: TimerKind) -> &'static str {
    match kind {
        TimerKind::Claims => "about claims",
        TimerKind::Delayed => "about delayed claims",
        TimerKind::Restorations { .. } => "about restorations",
        TimerKind::Payment => "about its payment",
    }
}

/// A claim in a complaint.
const fn claim_words(claim: Claim) -> &'static str {
    match claim {
        Claim::Held => "HELD",
        Claim::Refused(_) => "REFUSED",
        Claim::Released => "RELEASED",
    }
}

/// Only an order that waits for answers or for payment has a timer.
fn timer_fits(outcome: Outcome, facts: &OrderFacts) -> bool {
    let timer = facts.timer;
    let is_being_paid = facts.fulfilment.payment.as_ref().is_some_and(Payment::is_under_way);
    match outcome {
        Outcome::AwaitingPayment if !is_being_paid => matches!(timer, Some(Timer { kind: TimerKind::Payment, .. })),
        Outcome::Pending => matches!(timer, Some(Timer { kind: TimerKind::Claims | TimerKind::Delayed, .. })),
        Outcome::Compensating => matches!(timer, Some(Timer { kind: TimerKind::Restorations { .. }, .. })),
        Outcome::AwaitingPayment | Outcome::CompensationStuck | Outcome::Completed | Outcome::Cancelled => {
            timer.is_none()
        }
    }
}

/// A participant acts before the collector records it, so a claim may be ahead of its step.
const fn claim_fits(outcome: Outcome, state: StepState, claim: Option<Claim>) -> bool {
    let may_be_released = matches!(outcome, Outcome::Compensating | Outcome::CompensationStuck);
    match (state, claim) {
        (StepState::Waiting, None)
        | (StepState::Requested, None | Some(Claim::Held | Claim::Refused(_)))
        | (StepState::Completed, Some(Claim::Held))
        | (StepState::Failed(_), Some(Claim::Refused(_)))
        | (StepState::Restored, Some(Claim::Released)) => true,
        (StepState::Requested | StepState::Completed | StepState::Failed(_), Some(Claim::Released)) => may_be_released,
        (StepState::Waiting, Some(_))
        | (StepState::Completed, None | Some(Claim::Refused(_)))
        | (StepState::Failed(_) | StepState::Restored, None | Some(Claim::Held))
        | (StepState::Restored, Some(Claim::Refused(_))) => false,
    }
}

/// Law 3: each product has one line and one step, so what is reserved, and later sold, is what was ordered.
pub(in crate::audit) fn demand(dossier: &Dossier, order: &Order) -> Verdict {
    let name = &dossier.name;
    let lines = &order.created.lines;
    let products: BTreeSet<_> = lines.iter().map(|line| line.product).collect();
    ensure(!lines.is_empty() && lines.iter().all(|line| line.quantity > 0), || format!("{name}: has no units"))?;
    ensure(products.len() == lines.len(), || format!("{name}: has two lines of one product"))?;
    ensure(order.created.steps().eq(order.saga.steps.iter().map(|record| record.step)), || {
        format!("{name}: its steps do not match its lines, coupon and points")
    })?;
    for (event, _) in dossier.history() {
        let Event::OrderCompleted(completed) = event else { continue };
        let sold = completed.products.iter().map(|sold| (sold.id, sold.qty));
        ensure(sold.eq(lines.iter().map(|line| (line.product, line.quantity))), || {
            format!("{name}: was sold other units than its lines have")
        })?;
    }
    Ok(())
}

/// Returns the command that sets the timer that the order's state needs, or resumes a stuck order.
pub(in crate::audit) fn repair(facts: &OrderFacts) -> Option<Command> {
    let order = &facts.row.as_ref()?.order;
    if order.outcome == Outcome::CompensationStuck {
        return Some(Command::ResumeOrder { order: order.id() });
    }
    let is_wrong = !timer_fits(order.outcome, facts);
    is_wrong.then_some(Command::Repair(Repair::Timer { order: order.id() }))
}
