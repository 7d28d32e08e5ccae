//! Books a command on an order's payment: decides it, writes the row and publishes what happened.

use std::sync::Arc;

use domain::ids::{OrderId, UserId};
use domain::money::Money;
use domain::order::Order;
use domain::payment::{self, Means, Method, Payment};

use crate::commands::answer::Refusal;
use crate::commands::context::{Context, Halt, Handled};
use crate::commands::fulfilment::payment_events::{Happened, public_event};
use crate::state::rows::{PaymentKey, TimerKey};
use crate::state::settings::Executor;

/// Starts an attempt to pay. An order whose payment is under way does not expire.
pub(crate) fn start(
    context: &mut Context<'_>,
    order: &Order,
    method: Method,
    means: Option<&Arc<Means>>,
) -> Handled<Payment> {
    let (id, placed_at, amount) = (order.id(), order.created.at, order.created.due);
    let command = payment::Command::Start { order: id, placed_at, method, amount, means: means.cloned() };
    apply(context, order, &command)?;
    context.rows.timers.remove(TimerKey(order.id()));
    of(context, order.id())?.ok_or_else(|| Halt::broken("a started payment exists"))
}

/// Withdraws the payment of a cancelled order: what was captured for it, or will be, is refunded.
pub(crate) fn withdraw(context: &mut Context<'_>, order: &Order) -> Handled {
    apply(context, order, &payment::Command::Withdraw).map(|_| ())
}

/// Refunds the price of what was returned.
pub(crate) fn refund(context: &mut Context<'_>, order: &Order, amount: Money) -> Handled {
    apply(context, order, &payment::Command::Refund { amount }).map(|_| ())
}

pub(crate) fn of(context: &Context<'_>, id: OrderId) -> Handled<Option<Payment>> {
    Ok(context.rows.payments.get(PaymentKey(id))?.cloned())
}

/// Decides a command on the order's payment, and publishes the events.
pub(crate) fn apply(
    context: &mut Context<'_>,
    order: &Order,
    command: &payment::Command,
) -> Handled<Vec<payment::Event>> {
    apply_for(context, order, command, None)
}

/// Decides a command on the order's payment for an operator, and publishes the events.
pub(crate) fn apply_for(
    context: &mut Context<'_>,
    order: &Order,
    command: &payment::Command,
    by: Option<UserId>,
) -> Handled<Vec<payment::Event>> {
    let key = PaymentKey(order.id());
    let mut payment = context.rows.payments.get(key)?.cloned();
    let events = payment::decide(payment.as_ref(), command, context.now).map_err(refusal)?;
    for event in &events {
        let before = payment.clone();
        payment::evolve(&mut payment, event, context.now);
        let Some(after) = &mut payment else {
            return Err(Halt::broken("a payment with an event exists"));
        };
        if context.settings.executor == Executor::Log && is_called_by_group(event) {
            after.wait_to_be_called();
        }
        context.rows.payments.put(key, after.clone());
        // For an attempt that ended, publish the state before; for all others the state after.
        let published = match (event, &before) {
            (payment::Event::Resolved { .. } | payment::Event::Retried, Some(before)) => before,
            _ => after,
        };
        if let Some(event) = public_event(context, order, &Happened { payment: published, event, by }) {
            context.publish_about(event, order.id())?;
        }
    }
    Ok(events)
}

/// Under the log executor these events go to `payment-group`, which makes the operation due.
const fn is_called_by_group(event: &payment::Event) -> bool {
    matches!(event, payment::Event::Requested { .. } | payment::Event::RefundRequested { .. })
}

fn refusal(rejection: payment::Rejection) -> Halt {
    match rejection {
        payment::Rejection::InProgress => Refusal::PaymentInProgress.into(),
        payment::Rejection::AlreadyPaid => Refusal::PaymentAlreadyPaid.into(),
        payment::Rejection::NotThatMuchHeld => Halt::broken("no more is refunded than was captured"),
        payment::Rejection::NotStuck => Refusal::PaymentNotStuck.into(),
        payment::Rejection::Impossible(invariant) => Halt::broken(invariant),
    }
}
