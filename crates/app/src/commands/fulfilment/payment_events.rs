//! The public events of an order's payment.

use std::sync::Arc;

use domain::ids::UserId;
use domain::money::Money;
use domain::order::Order;
use domain::payment::{self, Payment};

use crate::commands::context::Context;
use crate::events::event::{
    Event, GiveBack, PaymentDeclined, PaymentGiveBackFailed, PaymentNote, PaymentRefund as RefundNote, PaymentResolved,
    PaymentRetried, PaymentStuck,
};

/// A payment event, with the operator who caused it, if any.
pub(crate) struct Happened<'a> {
    pub payment: &'a Payment,
    pub event: &'a payment::Event,
    pub by: Option<UserId>,
}

/// Returns the public event of what happened to a payment.
pub(crate) fn public_event(context: &Context<'_>, order: &Order, happened: &Happened<'_>) -> Option<Event> {
    let Happened { payment, event, .. } = *happened;
    let (payment_id, order_id) = (context.settings.codec.payment(order.id()), order.created.number.clone());
    let Payment { attempt, method, amount, refunds, .. } = *payment;
    let note = PaymentNote { payment_id: payment_id.clone(), order_id: order_id.clone(), attempt, method, amount };
    let refund = |amount| RefundNote {
        payment_id: payment_id.clone(),
        order_id: order_id.clone(),
        attempt,
        refund: refunds,
        amount,
    };
    Some(match event {
        payment::Event::Requested { .. } => Event::PaymentRequested(note),
        payment::Event::ActionRequired { .. } => Event::PaymentActionRequired(note),
        payment::Event::Authorized { .. } => Event::PaymentAuthorized(note),
        payment::Event::Captured => Event::PaymentCaptured(note),
        payment::Event::Declined { code } => {
            let code = Arc::clone(code);
            Event::PaymentDeclined(PaymentDeclined { payment_id, order_id, attempt, amount, code })
        }
        payment::Event::VoidRequested => Event::PaymentVoidRequested(note),
        payment::Event::Voided => Event::PaymentVoided(note),
        payment::Event::RefundRequested { amount } => Event::PaymentRefundRequested(refund(*amount)),
        payment::Event::Refunded { amount, .. } => Event::PaymentRefunded(refund(*amount)),
        payment::Event::GiveBackDeclined { .. }
        | payment::Event::RefundReversed { .. }
        | payment::Event::Stuck { .. }
        | payment::Event::Retried
        | payment::Event::Resolved { .. } => return reversal_event(context, order, happened),
        payment::Event::Withdrawn
        | payment::Event::Owed { .. }
        | payment::Event::Postponed { .. }
        | payment::Event::Called
        | payment::Event::Prompted { .. }
        | payment::Event::Resumed { .. } => return None,
    })
}

/// Returns the public event of a refund or a void that was declined or failed.
fn reversal_event(context: &Context<'_>, order: &Order, happened: &Happened<'_>) -> Option<Event> {
    let Happened { payment, event, .. } = *happened;
    let failed = |refund: i64, amount: Money, code: &Arc<str>| PaymentGiveBackFailed {
        payment_id: context.settings.codec.payment(order.id()),
        order_id: order.created.number.clone(),
        attempt: payment.attempt,
        refund,
        amount,
        code: Arc::clone(code),
        was_done: false,
    };
    #[expect(clippy::wildcard_enum_match_arm, reason = "the remaining events are about stuck operations")]
    match event {
        payment::Event::RefundReversed { refund, amount, code } => {
            let failed = PaymentGiveBackFailed { was_done: true, ..failed(*refund, *amount, code) };
            Some(Event::PaymentRefundFailed(failed))
        }
        payment::Event::GiveBackDeclined { code, .. } => {
            let operation = payment.giving_back()?;
            Some(match GiveBack::of(operation)? {
                GiveBack::Void => Event::PaymentVoidFailed(failed(0, payment.amount_of(operation), code)),
                GiveBack::Refund => Event::PaymentRefundFailed(failed(payment.refunds, payment.refunding, code)),
            })
        }
        _ => stuck_event(context, order, happened),
    }
}

/// Returns the public event of a stuck operation, or of an operator's act on it.
fn stuck_event(context: &Context<'_>, order: &Order, happened: &Happened<'_>) -> Option<Event> {
    let Happened { payment, event, by } = *happened;
    let (payment_id, order_id) = (context.settings.codec.payment(order.id()), order.created.number.clone());
    let (attempt, operation, now) = (payment.attempt, payment.giving_back()?, context.now);
    let (operation, amount) = (GiveBack::of(operation)?, payment.amount_of(operation));
    #[expect(clippy::wildcard_enum_match_arm, reason = "no other event is about stuck operations")]
    Some(match event {
        payment::Event::Stuck { code, .. } => {
            let (user_id, code, tries) = (order.user(), Arc::clone(code), payment.declines);
            let is_again = tries > payment::GIVE_BACK_TRIES_MAX;
            let stuck =
                PaymentStuck { payment_id, order_id, user_id, attempt, operation, amount, tries, code, is_again };
            Event::PaymentStuck(stuck)
        }
        payment::Event::Retried => {
            let (retried_by, retried_at) = (by?, now);
            let retried = PaymentRetried { payment_id, order_id, attempt, operation, amount, retried_by, retried_at };
            Event::PaymentRetried(retried)
        }
        payment::Event::Resolved { by, reason, reference, amount } => Event::PaymentResolved(PaymentResolved {
            payment_id,
            order_id,
            attempt,
            operation,
            amount: *amount,
            reason: Arc::clone(reason),
            reference: Arc::clone(reference),
            resolved_by: *by,
            resolved_at: now,
        }),
        _ => return None,
    })
}
