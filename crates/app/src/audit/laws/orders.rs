//! Laws 11 and 12: an order equals the fold of its events, and its events are legal transitions.

use domain::ids::CampaignId;
use domain::money::Money;
use domain::order::saga::{Saga, StepRecord, StepState};
use domain::order::{Created, Line, Order, Outcome};

use super::list;
use crate::audit::dossier::Dossier;
use crate::audit::report::{Verdict, ensure};
use crate::events::history::{Broken, Replay};
use crate::log::reactions;

/// Law 11. Orders with illegal events are left to law 12.
pub(in crate::audit) fn adds_up(dossier: &Dossier) -> Verdict {
    let name = &dossier.name;
    let Some(order) = dossier.order() else {
        return ensure(dossier.facts.events.is_empty(), || {
            format!("{name}: has events, but does not exist, or cannot be read")
        });
    };
    if let Some(unreadable) = &dossier.unreadable {
        return Err(format!("{name}: an event cannot be parsed: {unreadable}"));
    }
    let created = &order.created;
    ensure(created.lines.iter().map(Line::price).sum::<Money>() == created.total, || {
        format!("{name}: its lines do not add up to {}", created.total.amount())
    })?;
    ensure(created.total == created.discount + created.points + created.due, || {
        format!("{name}: discount, points and amount due do not add up to {}", created.total.amount())
    })?;
    ensure(returns_fit(order), || format!("{name}: more units came back than were bought"))?;
    versions(dossier, order)?;
    if dossier.is_cut {
        return Ok(());
    }
    match is_rebuilt(dossier, order) {
        Ok(true) | Err(Broken::Illegal { .. }) => Ok(()),
        Ok(false) => Err(format!("{name}: differs from the fold of its events")),
        Err(Broken::NotCreated) => Err(format!("{name}: its events do not begin with its creation")),
    }
}

/// Law 12.
pub(in crate::audit) fn takes_legal_steps(dossier: &Dossier, order: &Order) -> Verdict {
    let mut replay = Replay::new(order.id());
    for (event, at) in dossier.history() {
        if let Err(broken @ Broken::Illegal { .. }) = replay.take(event, at) {
            return Err(format!("{}: {broken}", dossier.name));
        }
    }
    Ok(())
}

/// Checks that the order's own events are numbered from 1, and that the order's version counts them. What an archive has is
/// missing at the beginning only.
fn versions(dossier: &Dossier, order: &Order) -> Verdict {
    let name = &dossier.name;
    let versions: Vec<i64> = dossier.facts.events.iter().filter_map(|event| event.version).collect();
    let first = if dossier.is_cut { versions.first().copied().unwrap_or(order.version.saturating_add(1)) } else { 1 };
    ensure(versions.iter().copied().eq(first..=order.version), || {
        format!("{name}: is at version {}, its events are {}", order.version, list(&versions))
    })
}

/// Returns true if the folded events give the stored order. Reports of participants are folded when they are collected,
/// which may be later than they were written: the stored steps include a prefix of the reports.
fn is_rebuilt(dossier: &Dossier, order: &Order) -> Result<bool, Broken> {
    let reports = dossier.history().filter(|(event, _)| reactions::step_report(event).is_some()).count();
    for collected in (0..=reports).rev() {
        if is_same(&replay(dossier, order, collected)?, order) {
            return Ok(true);
        }
    }
    Ok(false)
}

fn replay(dossier: &Dossier, order: &Order, collected: usize) -> Result<Order, Broken> {
    let mut replay = Replay::new(order.id());
    let mut reports = 0;
    for (event, at) in dossier.history() {
        let is_report = reactions::step_report(event).is_some();
        reports += usize::from(is_report);
        if !is_report || reports <= collected {
            replay.take(event, at)?;
        }
    }
    replay.order().cloned().ok_or(Broken::NotCreated)
}

/// Returns true if no more units came back than were bought.
fn returns_fit(order: &Order) -> bool {
    let mut lines = order.created.lines.iter().enumerate();
    lines.all(|(place, line)| {
        let returned = order.returned(place);
        (0..=line.quantity).contains(&returned) && (0..=returned).contains(&order.awaited(line.product))
    })
}

/// A cancelled order collects no more reports: a refused step may also have reported a restoration of nothing later.
fn is_same_saga(replayed: &Saga, stored: &Order) -> bool {
    let holds_nothing = |record: &StepRecord| matches!(record.state, StepState::Failed(_) | StepState::Restored);
    let is_same = |(left, right): (&StepRecord, &StepRecord)| {
        left == right
            || stored.outcome == Outcome::Cancelled
                && left.step == right.step
                && holds_nothing(left)
                && holds_nothing(right)
    };
    replayed.direction == stored.saga.direction
        && replayed.steps.len() == stored.saga.steps.len()
        && replayed.steps.iter().zip(&stored.saga.steps).all(is_same)
}

fn campaign(created: &Created) -> Option<CampaignId> {
    created.coupon.map(|wanted| wanted.campaign)
}

/// Compares everything but the receiver and the coupon's own number, which are not in events, and what the wire format
/// rounds.
fn is_same(replayed: &Order, stored: &Order) -> bool {
    let (left, right) = (&replayed.created, &stored.created);
    left.number == right.number
        && left.user == right.user
        && (left.mode, left.chosen_by, left.payment) == (right.mode, right.chosen_by, right.payment)
        && left.pay_within.as_secs() == right.pay_within.as_secs()
        && (&left.lines, campaign(left)) == (&right.lines, campaign(right))
        && (left.total, left.discount, left.points, left.due) == (right.total, right.discount, right.points, right.due)
        && (left.warehouse_storage, left.at) == (right.warehouse_storage, right.at)
        && is_same_saga(&replayed.saga, stored)
        && (replayed.outcome, replayed.status) == (stored.outcome, stored.status)
        && (replayed.reason, replayed.pay_before) == (stored.reason, stored.pay_before)
        && (replayed.is_processing, &replayed.returned) == (stored.is_processing, &stored.returned)
        && replayed.after_sales == stored.after_sales
        // Orders completed by versions without this column have no moment of completion.
        && (stored.completed_at.is_none() || replayed.completed_at == stored.completed_at)
        && (replayed.version, replayed.updated_at) == (stored.version, stored.updated_at)
}
