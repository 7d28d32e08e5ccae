//! An order's payment (O-28, P-01…P-03, P-06). The provider is called elsewhere, outside of every transaction. This
//! file writes which operation is due, and books its result in one commit with the consequences for the order.

use std::sync::Arc;

use domain::ids::{OrderId, UserId};
use domain::money::Money;
use domain::order::{Order, Outcome, fulfilment};
use domain::payment::{self, Means, Method, NextCall, Payment, ProviderResult, State};

use crate::commands::answer::{Answer, Refusal};
use crate::commands::context::{Answered, Context, Handled};
use crate::commands::fulfilment::booking::{apply, apply_for, of, start};
use crate::commands::order::process::{advance, check};
use crate::commands::order::{cards, request};
use crate::commands::{PaymentAnswered, failed_delivery};
use crate::events::event::{Event, OrderProcessingRetried, PaymentCompleted, PaymentFailed};
use crate::log::group::Group;
use crate::payments::provider::{Found, ProviderError, Verdict};
use crate::state::rows::{Timer, TimerKey, TimerKind};

/// Starts the payment of an order that waits for it.
pub(crate) fn pay(
    context: &mut Context<'_>,
    id: OrderId,
    method: Method,
    means: Option<&Arc<Means>>,
    shown: Option<Money>,
) -> Answered {
    let order = context.order(id)?.order;
    check(context, &order, fulfilment::Command::Pay { shown })?;
    let attempt = match of(context, id)?.filter(Payment::requires_action) {
        Some(payment) if is_repeated(&payment, method, means) => {
            // The customer may be back from the provider.
            apply(context, &order, &payment::Command::Return)?;
            payment.attempt
        }
        Some(_) | None => start(context, &order, method, means)?.attempt,
    };
    let code = context.settings.codec.payment(id);
    Ok(Answer::PaymentStarted { order: id, payment: code, attempt })
}

/// Returns true unless the request names another card, account or method than the attempt that waits for the customer.
fn is_repeated(payment: &Payment, method: Method, means: Option<&Arc<Means>>) -> bool {
    let token = |means: &Arc<Means>| means.token.clone();
    let wanted = means.and_then(token);
    payment.method == method && (wanted.is_none() || wanted == payment.means.as_ref().and_then(token))
}

/// Books the provider's result, or its callback; each callback once.
pub(crate) fn answered(context: &mut Context<'_>, answered: &PaymentAnswered) -> Handled {
    if let Some(callback) = &answered.callback {
        if context.rows.callbacks.get(callback.key)?.is_some() {
            return Ok(());
        }
        context.rows.callbacks.put(callback.key, callback.clone());
    }
    let Some(payment) = of(context, answered.order)? else { return Ok(()) };
    let order = context.order(answered.order)?.order;
    let mut said = provider_result(context, &answered.answer);
    if order.outcome == Outcome::AwaitingPayment && payment.is_authorized_by(answered.asked, &said, context.now) {
        said = admit(context, &order, answered, said)?;
    }
    let asked = answered.asked;
    let command = if is_current(&payment, answered) {
        payment::Command::Answer { asked, said }
    } else {
        payment::Command::Tell { asked, said }
    };
    for event in apply(context, &order, &command)? {
        follow(context, order.id(), &event)?;
    }
    Ok(())
}

/// Returns false for a callback, and for the answer to a call that began before the payment's next one became due: a callback,
/// or the customer, has asked for that one meanwhile.
fn is_current(payment: &Payment, answered: &PaymentAnswered) -> bool {
    let due = payment.next.and_then(|next| next.due);
    answered.called_at.is_some_and(|called_at| due.is_none_or(|due| due <= called_at))
}

/// Counts the card of an authorization that is about to be booked. Above the limit of a drop the order is cancelled first,
/// so that its authorization is released and its money never taken.
fn admit(
    context: &mut Context<'_>,
    order: &Order,
    answered: &PaymentAnswered,
    said: ProviderResult,
) -> Handled<ProviderResult> {
    let shares = cards::limited(context, order)?;
    if shares.is_empty() {
        return Ok(said);
    }
    let fingerprint = answered.fingerprint();
    if fingerprint.is_none() && answered.callback.is_some() {
        // Callbacks may leave the card out; the answer to a query does not, and is asked for at once.
        return Ok(ProviderResult::Pending);
    }
    if !cards::count(context, order, shares, fingerprint.unwrap_or_default())? {
        advance(context, order.id(), fulfilment::Command::RefuseCard)?;
    }
    Ok(said)
}

/// Handles an attempt in the retry group: an attempt that waits is retried after its pause, one that was given up and
/// that an operator resends is started again. An event of an earlier retry changes nothing.
pub(crate) fn retry(context: &mut Context<'_>, id: OrderId, attempt: i64, retry: i64) -> Handled {
    let Some(payment) = of(context, id)? else { return Err(request::forged("this shop has no such payment")) };
    let order = context.order(payment.order)?.order;
    let is_given_up = payment.refusal.as_deref() == Some(payment::UNAVAILABLE) && payment.state == State::Declined;
    let is_last = retry >= payment::AUTHORIZE_TRIES_MAX;
    match payment.next {
        _ if payment.attempt != attempt => {}
        _ if is_given_up && is_last && order.outcome == Outcome::AwaitingPayment => {
            return start(context, &order, payment.method, payment.means.as_ref()).map(|_| ());
        }
        Some(next) if next.tries == retry => {
            return apply(context, &order, &payment::Command::Resume).map(|_| ());
        }
        Some(_) | None => {}
    }
    context.skip();
    Ok(())
}

/// Makes the operation due: its request has reached the payment group.
pub(crate) fn call(context: &mut Context<'_>, id: OrderId, attempt: i64, refund: i64) -> Handled {
    if of(context, id)?.is_none() {
        return Err(request::forged("this shop has no such payment"));
    }
    let order = context.order(id)?.order;
    if apply(context, &order, &payment::Command::Call { attempt, refund })?.is_empty() {
        context.skip();
    }
    Ok(())
}

/// An operator retries a stuck operation.
pub(crate) fn retry_stuck(context: &mut Context<'_>, id: OrderId, by: UserId) -> Answered {
    act(context, id, &payment::Command::Retry, by)
}

/// An operator resolves a stuck operation without the provider.
pub(crate) fn resolve_stuck(
    context: &mut Context<'_>,
    id: OrderId,
    by: UserId,
    reason: &Arc<str>,
    reference: &Arc<str>,
) -> Answered {
    let (reason, reference) = (Arc::clone(reason), Arc::clone(reference));
    act(context, id, &payment::Command::Resolve { by, reason, reference }, by)
}

/// Applies an operator's act on a stuck operation.
fn act(context: &mut Context<'_>, id: OrderId, command: &payment::Command, by: UserId) -> Answered {
    if of(context, id)?.is_none() {
        return Err(Refusal::PaymentNotStuck.into());
    }
    let order = context.order(id)?.order;
    for event in apply_for(context, &order, command, Some(by))? {
        follow(context, id, &event)?;
    }
    Ok(Answer::PaymentChanged { order: id })
}

fn provider_result(context: &Context<'_>, answer: &Result<Found, ProviderError>) -> ProviderResult {
    match answer {
        Ok(Found::Verdict(Verdict::ActionRequired { reference, url, client_secret })) => {
            let until = context.now + context.settings.action_within;
            let action = payment::Action { url: url.clone(), client_secret: client_secret.clone(), until };
            ProviderResult::ActionRequired { reference: Arc::clone(reference), action: action.into() }
        }
        Ok(Found::Verdict(Verdict::Approved { reference, amount, .. })) => {
            ProviderResult::Approved { reference: Arc::clone(reference), amount: *amount }
        }
        Ok(Found::Verdict(Verdict::Declined { code, .. })) => ProviderResult::Declined { code: Arc::clone(code) },
        Ok(Found::Pending) => ProviderResult::Pending,
        Ok(Found::NotFound) => ProviderResult::NotFound,
        Err(ProviderError::NotExecuted(_)) => ProviderResult::NotExecuted,
        Err(ProviderError::Unknown(_) | ProviderError::Mismatch(_)) => ProviderResult::Unknown,
    }
}

/// Applies the consequences for the order in the same commit: no money without its order's progress (O-42, P-07).
fn follow(context: &mut Context<'_>, id: OrderId, event: &payment::Event) -> Handled {
    match event {
        payment::Event::Captured => captured(context, id),
        payment::Event::Declined { code } => declined(context, id, code),
        payment::Event::Refunded { .. } | payment::Event::Resolved { .. } => {
            let is_all = of(context, id)?.is_some_and(|payment| payment.state == payment::State::Refunded);
            if is_all { advance(context, id, fulfilment::Command::ConfirmRefund) } else { Ok(()) }
        }
        payment::Event::Postponed { way: NextCall::Execute, .. } => processing_waits(context, id),
        payment::Event::Postponed { way: NextCall::Query, .. }
        | payment::Event::Requested { .. }
        | payment::Event::ActionRequired { .. }
        | payment::Event::Authorized { .. }
        | payment::Event::Withdrawn
        | payment::Event::VoidRequested
        | payment::Event::Voided
        | payment::Event::Resumed { .. }
        | payment::Event::Prompted { .. }
        | payment::Event::Called
        | payment::Event::Owed { .. }
        | payment::Event::GiveBackDeclined { .. }
        | payment::Event::RefundReversed { .. }
        | payment::Event::Stuck { .. }
        | payment::Event::Retried
        | payment::Event::RefundRequested { .. } => Ok(()),
    }
}

fn captured(context: &mut Context<'_>, id: OrderId) -> Handled {
    let Some(payment) = of(context, id)?.filter(|payment| payment.state == payment::State::Captured) else {
        // It is being refunded already.
        return Ok(());
    };
    let order = context.order(id)?.order;
    let event = PaymentCompleted {
        payment_id: context.settings.codec.payment(id),
        order_id: order.created.number.clone(),
        amount: payment.captured,
        timestamp: context.now,
    };
    context.publish_about(Event::PaymentCompleted(event), id)?;
    advance(context, id, fulfilment::Command::Captured)
}

/// Sets the order back to payable until its time is over.
fn declined(context: &mut Context<'_>, id: OrderId, code: &Arc<str>) -> Handled {
    let order = context.order(id)?.order;
    if order.outcome != Outcome::AwaitingPayment {
        return Ok(());
    }
    cards::release(context, &order)?;
    let due = order.pay_before.unwrap_or(context.now).max(context.now);
    context.rows.timers.put(TimerKey(id), Timer { due, kind: TimerKind::Payment });
    if order.is_processing && **code == *payment::UNAVAILABLE {
        dead_letter_processing(context, &order)?;
    }
    if !order.is_processing {
        publish_failed(context, &order, code)?;
    }
    advance(context, id, fulfilment::Command::FailProcessing { code: Arc::clone(code) })
}

/// Publishes the failure, because the request may have timed out (T3). Where paying is part of processing, the
/// processing's own event says it.
fn publish_failed(context: &mut Context<'_>, order: &Order, code: &Arc<str>) -> Handled {
    let Some(Payment { attempt, amount, .. }) = of(context, order.id())? else { return Ok(()) };
    let event = PaymentFailed {
        payment_id: context.settings.codec.payment(order.id()),
        order_id: order.created.number.clone(),
        user_id: order.user(),
        attempt,
        amount,
        code: Arc::clone(code),
    };
    context.publish_about(Event::PaymentFailed(event), order.id())
}

/// Dead-letters the processing after its last retry, so that an operator can resend it.
fn dead_letter_processing(context: &mut Context<'_>, order: &Order) -> Handled {
    let Some(payment) = of(context, order.id())? else { return Ok(()) };
    let event = retried(context, order, payment.attempt, payment::AUTHORIZE_TRIES_MAX);
    failed_delivery::dead_letter_own(
        context,
        Group::OrderRetry,
        &event,
        "the payment provider could not be reached in any attempt",
    );
    Ok(())
}

fn retried(context: &Context<'_>, order: &Order, attempt: i64, retry_count: i64) -> Event {
    Event::OrderProcessingRetried(OrderProcessingRetried {
        order_id: order.created.number.clone(),
        user_id: order.user(),
        attempt,
        retry_count,
        event_created_at: context.now,
    })
}

/// The retries of source 003 are events of their own: the group that handles this one retries the payment.
fn processing_waits(context: &mut Context<'_>, id: OrderId) -> Handled {
    let order = context.order(id)?.order;
    let Some(payment) = of(context, id)?.filter(|payment| order.is_processing && payment.is_under_way()) else {
        return Ok(());
    };
    let event = retried(context, &order, payment.attempt, payment.next.map_or(0, |next| next.tries));
    context.publish_about(event, id)
}
