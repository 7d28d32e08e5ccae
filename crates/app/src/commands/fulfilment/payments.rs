//! An order's payment (O-28, P-01…P-03, P-06). The provider is asked elsewhere, outside every transaction; this file writes down
//! what is to be asked, and books what it answered, each in one commit with what follows from it for the order.

use std::sync::Arc;

use domain::ids::{OrderId, UserId};
use domain::money::Money;
use domain::order::{Order, Outcome, fulfilment};
use domain::payment::{self, Method, Payment, Said, State, Way};

use crate::commands::answer::{Answer, Refusal};
use crate::commands::context::{Halt, Handled, Step, Unit};
use crate::commands::fulfilment::payment_events::{Happened, told};
use crate::commands::order::{advance, check, request};
use crate::commands::{PaymentAnswered, failed_delivery};
use crate::events::event::{Event, OrderProcessingRetried, PaymentCompleted, PaymentFailed};
use crate::log::reactions::Group;
use crate::payments::provider::{Found, ProviderError, Verdict};
use crate::state::rows::{PaymentKey, Timer, TimerKey, TimerKind};
use crate::state::settings::Executor;

/// Begins to pay for an order that waits for it.
pub(crate) fn pay(unit: &mut Unit<'_>, id: OrderId, method: Method, shown: Option<Money>) -> Handled {
    let order = unit.order(id)?.order;
    check(unit, &order, fulfilment::Command::Pay { shown })?;
    let payment = start(unit, &order, method)?;
    let code = unit.settings.codec.payment(id);
    Ok(Answer::PaymentStarted { order: id, payment: code, attempt: payment.attempt })
}

/// An order whose payment is under way does not expire (failure mode 33).
pub(crate) fn start(unit: &mut Unit<'_>, order: &Order, method: Method) -> Step<Payment> {
    let command = payment::Command::Start { order: order.id(), method, amount: order.created.due };
    apply(unit, order, &command)?;
    unit.rows.timers.remove(TimerKey(order.id()));
    of(unit, order.id())?.ok_or_else(|| Halt::broken("a payment that was just begun is there"))
}

/// Takes in what the provider answered, or told by itself; the same telling once.
pub(crate) fn answered(unit: &mut Unit<'_>, answered: &PaymentAnswered) -> Step {
    if let Some(telling) = &answered.told {
        if unit.rows.tellings.get(telling.key)?.is_some() {
            return Ok(());
        }
        unit.rows.tellings.put(telling.key, telling.clone());
    }
    if of(unit, answered.order)?.is_none() {
        return Ok(());
    }
    let order = unit.order(answered.order)?.order;
    let command = payment::Command::Answer { asked: answered.asked, said: said(&answered.answer) };
    for event in apply(unit, &order, &command)? {
        follow(unit, order.id(), &event)?;
    }
    Ok(())
}

/// The retry group takes care of an attempt: one that waits is tried again after its pause, one that was given up and is sent again
/// by an operator is begun anew. What an earlier retry asked for was done.
pub(crate) fn retry(unit: &mut Unit<'_>, id: OrderId, (attempt, retry): (i64, i64)) -> Step {
    let Some(payment) = of(unit, id)? else { return Err(request::forged("this shop has no such payment")) };
    let order = unit.order(payment.order)?.order;
    let is_given_up = payment.refusal.as_deref() == Some(payment::UNAVAILABLE) && payment.state == State::Declined;
    let is_last = retry >= payment::AUTHORIZE_TRIES_MAX;
    match payment.next {
        _ if payment.attempt != attempt => {}
        _ if is_given_up && is_last && order.outcome == Outcome::AwaitingPayment => {
            return start(unit, &order, payment.method).map(|_| ());
        }
        Some(next) if next.tries == retry => {
            return apply(unit, &order, &payment::Command::Resume).map(|_| ());
        }
        Some(_) | None => {}
    }
    unit.skip();
    Ok(())
}

/// The request has reached its group: the provider may be asked.
pub(crate) fn call(unit: &mut Unit<'_>, id: OrderId, (attempt, refund): (i64, i64)) -> Step {
    if of(unit, id)?.is_none() {
        return Err(request::forged("this shop has no such payment"));
    }
    let order = unit.order(id)?.order;
    if apply(unit, &order, &payment::Command::Call { attempt, refund })?.is_empty() {
        unit.skip();
    }
    Ok(())
}

/// An operator has what is stuck tried once more.
pub(crate) fn retry_stuck(unit: &mut Unit<'_>, id: OrderId, by: UserId) -> Handled {
    see_to(unit, id, (&payment::Command::Retry, by))
}

/// An operator has settled what is stuck without the provider.
pub(crate) fn resolve_stuck(
    unit: &mut Unit<'_>,
    id: OrderId,
    (by, reason, reference): (UserId, &Arc<str>, &Arc<str>),
) -> Handled {
    let (reason, reference) = (Arc::clone(reason), Arc::clone(reference));
    see_to(unit, id, (&payment::Command::Resolve { by, reason, reference }, by))
}

fn see_to(unit: &mut Unit<'_>, id: OrderId, (command, by): (&payment::Command, UserId)) -> Handled {
    if of(unit, id)?.is_none() {
        return Err(Refusal::PaymentNotStuck.into());
    }
    let order = unit.order(id)?.order;
    for event in apply_for(unit, &order, (command, Some(by)))? {
        follow(unit, id, &event)?;
    }
    Ok(Answer::PaymentChanged { order: id })
}

/// The order came to nothing: what was taken for it, or will be, goes back.
pub(crate) fn withdraw(unit: &mut Unit<'_>, order: &Order) -> Step {
    apply(unit, order, &payment::Command::Withdraw).map(|_| ())
}

/// Gives money back, as much as was taken for what came back.
pub(crate) fn refund(unit: &mut Unit<'_>, order: &Order, amount: Money) -> Step {
    apply(unit, order, &payment::Command::Refund { amount }).map(|_| ())
}

pub(crate) fn of(unit: &Unit<'_>, id: OrderId) -> Step<Option<Payment>> {
    Ok(unit.rows.payments.get(PaymentKey(id))?.cloned())
}

fn said(answer: &Result<Found, ProviderError>) -> Said {
    match answer {
        Ok(Found::Verdict(Verdict::Approved { reference, amount })) => {
            Said::Approved { reference: Arc::clone(reference), amount: *amount }
        }
        Ok(Found::Verdict(Verdict::Declined { code, .. })) => Said::Declined { code: Arc::clone(code) },
        Ok(Found::Pending) => Said::Pending,
        Ok(Found::Never) => Said::Never,
        Err(ProviderError::NotDone(_)) => Said::NotDone,
        Err(ProviderError::Unknown(_) | ProviderError::Mismatch(_)) => Said::Unknown,
    }
}

/// Decides a command on the order's payment, and publishes what happened to it.
fn apply(unit: &mut Unit<'_>, order: &Order, command: &payment::Command) -> Step<Vec<payment::Event>> {
    apply_for(unit, order, (command, None))
}

fn apply_for(
    unit: &mut Unit<'_>,
    order: &Order,
    (command, by): (&payment::Command, Option<UserId>),
) -> Step<Vec<payment::Event>> {
    let key = PaymentKey(order.id());
    let mut payment = unit.rows.payments.get(key)?.cloned();
    let events = payment::decide(payment.as_ref(), command, unit.now).map_err(refusal)?;
    for event in &events {
        let before = payment.clone();
        payment::evolve(&mut payment, event, unit.now);
        let Some(after) = &mut payment else {
            return Err(Halt::broken("a payment that something happened to is there"));
        };
        if unit.settings.executor == Executor::Log && is_called_by_group(event) {
            after.wait_to_be_called();
        }
        unit.rows.payments.put(key, after.clone());
        // Of an attempt that ended, what it was about is told; of all others, what it came to.
        let told_of = match (event, &before) {
            (payment::Event::Resolved { .. } | payment::Event::Retried, Some(before)) => before,
            _ => after,
        };
        if let Some(event) = told(unit, order, &Happened { payment: told_of, event, by }) {
            unit.publish_about(event, order.id())?;
        }
    }
    Ok(events)
}

/// Under the log executor these travel to `payment-group`, which has the provider asked.
const fn is_called_by_group(event: &payment::Event) -> bool {
    matches!(event, payment::Event::Requested { .. } | payment::Event::RefundRequested { .. })
}

/// What it means for the order, in the same commit: there is no money without its order's progress (O-42, P-07).
fn follow(unit: &mut Unit<'_>, id: OrderId, event: &payment::Event) -> Step {
    match event {
        payment::Event::Captured => captured(unit, id),
        payment::Event::Declined { code } => declined(unit, id, code),
        payment::Event::Refunded { .. } | payment::Event::Resolved { .. } => {
            let is_all = of(unit, id)?.is_some_and(|payment| payment.state == payment::State::Refunded);
            if is_all { advance(unit, id, fulfilment::Command::ConfirmRefund) } else { Ok(()) }
        }
        payment::Event::Postponed { way: Way::Do, .. } => processing_waits(unit, id),
        payment::Event::Postponed { way: Way::LookUp, .. }
        | payment::Event::Requested { .. }
        | payment::Event::Authorized { .. }
        | payment::Event::Withdrawn
        | payment::Event::VoidRequested
        | payment::Event::Voided
        | payment::Event::Resumed { .. }
        | payment::Event::Called
        | payment::Event::Owed { .. }
        | payment::Event::GiveBackDeclined { .. }
        | payment::Event::RefundReversed { .. }
        | payment::Event::Stuck { .. }
        | payment::Event::Retried
        | payment::Event::RefundRequested { .. } => Ok(()),
    }
}

fn captured(unit: &mut Unit<'_>, id: OrderId) -> Step {
    let Some(payment) = of(unit, id)?.filter(|payment| payment.state == payment::State::Captured) else {
        // It is on its way back already.
        return Ok(());
    };
    let order = unit.order(id)?.order;
    let event = PaymentCompleted {
        payment_id: unit.settings.codec.payment(id),
        order_id: order.created.number.clone(),
        amount: payment.captured,
        timestamp: unit.now,
    };
    unit.publish_about(Event::PaymentCompleted(event), id)?;
    advance(unit, id, fulfilment::Command::Captured)
}

/// The order may be paid again until its time is over.
fn declined(unit: &mut Unit<'_>, id: OrderId, code: &Arc<str>) -> Step {
    let order = unit.order(id)?.order;
    if order.outcome != Outcome::AwaitingPayment {
        return Ok(());
    }
    let due = order.pay_before.unwrap_or(unit.now).max(unit.now);
    unit.rows.timers.put(TimerKey(id), Timer { due, kind: TimerKind::Payment });
    if order.is_processing && **code == *payment::UNAVAILABLE {
        bury_processing(unit, &order)?;
    }
    if !order.is_processing {
        publish_failed(unit, &order, code)?;
    }
    advance(unit, id, fulfilment::Command::FailProcessing { code: Arc::clone(code) })
}

/// Nobody may wait for the answer any more, so it is told (T3). Where paying is part of processing, that says it.
fn publish_failed(unit: &mut Unit<'_>, order: &Order, code: &Arc<str>) -> Step {
    let Some(Payment { attempt, amount, .. }) = of(unit, order.id())? else { return Ok(()) };
    let event = PaymentFailed {
        payment_id: unit.settings.codec.payment(order.id()),
        order_id: order.created.number.clone(),
        user_id: order.user(),
        attempt,
        amount,
        code: Arc::clone(code),
    };
    unit.publish_about(Event::PaymentFailed(event), order.id())
}

/// The last retry failed: the group gives it up, and somebody may have it done after all.
fn bury_processing(unit: &mut Unit<'_>, order: &Order) -> Step {
    let Some(payment) = of(unit, order.id())? else { return Ok(()) };
    let event = retried(unit, order, (payment.attempt, payment::AUTHORIZE_TRIES_MAX));
    failed_delivery::bury_own(unit, Group::OrderRetry, &event, "the payment provider was out of reach too often");
    Ok(())
}

fn retried(unit: &Unit<'_>, order: &Order, (attempt, retry_count): (i64, i64)) -> Event {
    Event::OrderProcessingRetried(OrderProcessingRetried {
        order_id: order.created.number.clone(),
        user_id: order.user(),
        attempt,
        retry_count,
        event_created_at: unit.now,
    })
}

/// Source 003's retries are events of their own: whoever takes this one in has the payment tried again.
fn processing_waits(unit: &mut Unit<'_>, id: OrderId) -> Step {
    let order = unit.order(id)?.order;
    let Some(payment) = of(unit, id)?.filter(|payment| order.is_processing && payment.is_under_way()) else {
        return Ok(());
    };
    let event = retried(unit, &order, (payment.attempt, payment.next.map_or(0, |next| next.tries)));
    unit.publish_about(event, id)
}

fn refusal(rejection: payment::Rejection) -> Halt {
    match rejection {
        payment::Rejection::InProgress => Refusal::PaymentInProgress.into(),
        payment::Rejection::AlreadyPaid => Refusal::PaymentAlreadyPaid.into(),
        payment::Rejection::NotThatMuchHeld => Halt::broken("no more is given back than was taken"),
        payment::Rejection::NotStuck => Refusal::PaymentNotStuck.into(),
        payment::Rejection::Impossible(invariant) => Halt::broken(invariant),
    }
}
