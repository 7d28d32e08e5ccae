//! How an order's claims start: by requests, or all in one decision; and how they wait (O-03, O-17, T11).

use domain::ids::OrderId;
use domain::order::saga::{Report, Step};
use domain::order::{self, Order, Outcome, Pace};
use domain::reason::Reason;
use domain::time::Timestamp;

use crate::commands::context::{Context, Halt, Handled};
use crate::commands::order::demand::Demand;
use crate::commands::order::process::{cancelled, collect, give_up};
use crate::commands::order::steps;
use crate::commands::participants;
use crate::log::reactions::report_event;
use crate::state::rows::{OrderKey, OrderRow, Timer, TimerKey, TimerKind};

/// Starts an order's saga, or continues it.
pub(crate) fn begin(context: &mut Context<'_>, order: &Order) -> Handled {
    match order.created.mode.pace() {
        Pace::Together | Pace::InWaves => steps::request_claims(context, order),
        Pace::AtOnce => claim_at_once(context, order),
    }
}

/// Claims everything in this one decision, or nothing.
fn claim_at_once(context: &mut Context<'_>, order: &Order) -> Handled {
    let (id, now) = (order.id(), context.now);
    for step in order.saga.asked() {
        if let Err(until) = context.ask(step) {
            // The order waits from this commit on, whenever the event is delivered.
            context.record(participants::delayed(context, id, step, until), Some((id, None)));
            return delay(context, id, step, until);
        }
    }
    let before = context.rows.savepoint();
    let mut answers = vec![];
    for step in order.saga.asked() {
        let answer = participants::take(context, id, Demand::of(order, step)?)?;
        let has_failed = matches!(answer.report, Report::Failed(_));
        answers.push((step, answer));
        if has_failed {
            context.rows.undo_to(before);
            answers.drain(..answers.len() - 1);
            break;
        }
    }
    for (step, answer) in &answers {
        let moved = answer.moved.clone();
        let event = report_event(*step, answer.report, moved, order.created.number.clone());
        context.record(event, Some((id, None)));
    }
    if let Some((step, answer)) = answers.first()
        && let Report::Failed(reason) = answer.report
    {
        return refuse_at_once(context, id, *step, reason);
    }
    answers.into_iter().try_for_each(|(step, answer)| collect(context, id, step, answer.report, now))
}

/// Cancels without compensation: nothing was claimed.
fn refuse_at_once(context: &mut Context<'_>, id: OrderId, step: Step, reason: Reason) -> Handled {
    let OrderRow { order, previous } = context.order(id)?;
    let mut order = Some(order);
    let reported = order::Event::Reported { step, report: Report::Failed(reason), at: context.now };
    order::evolve(&mut order, &reported, context.now);
    order::evolve(&mut order, &order::Event::Cancelled { reason, note: None }, context.now);
    let order = order.ok_or_else(|| Halt::broken("an order with an event exists"))?;
    context.rows.orders.put(OrderKey(id), OrderRow { order: order.clone(), previous });
    cancelled(context, &order, reason)
}

/// Delays a step whose participant could not be called: it stays pending until the order's deadline (T11).
pub(crate) fn delay(context: &mut Context<'_>, id: OrderId, step: Step, until: Timestamp) -> Handled {
    let OrderRow { order, .. } = context.order(id)?;
    if order.outcome != Outcome::Pending || !order.saga.asked().any(|asked| asked == step) {
        return Ok(());
    }
    let due = until.min(order.created.at + context.settings.order_deadline);
    context.rows.timers.put(TimerKey(id), Timer { due, kind: TimerKind::Delayed });
    Ok(())
}

/// Requests delayed steps again. A participant that has answered gives the same answer.
pub(crate) fn ask_again(context: &mut Context<'_>, id: OrderId) -> Handled {
    let order = context.order(id)?.order;
    if order.outcome != Outcome::Pending {
        return Ok(());
    }
    if order.created.at + context.settings.order_deadline <= context.now {
        return give_up(context, id);
    }
    begin(context, &order)
}
