//! An order as it was, with its payment, shipment and storage.

use std::sync::Arc;

use domain::ids::OrderId;
use domain::order::{Order, Receiver};
use domain::payment;
use domain::shipment::Shipment;
use domain::time::Timestamp;
use domain::warehouse::Storage;

use super::Fold;
use crate::events::event::{Event, PaymentGiveBackFailed, ShipmentUpdated};
use crate::events::history::{Broken, Replay};
use crate::state::rows::Fulfilment;

/// An order that is rebuilt. No event names its receiver, so the receiver is not rebuilt.
#[derive(Clone, Debug)]
pub struct OrderPast {
    id: OrderId,
    replay: Replay,
    of_it: Fulfilment,
    broken: Option<Broken>,
}

impl OrderPast {
    pub fn new(id: OrderId) -> OrderPast {
        OrderPast { id, replay: Replay::new(id), of_it: Fulfilment::default(), broken: None }
    }

    /// Returns the order after the events so far; `None` before it was placed.
    ///
    /// # Errors
    ///
    /// [`Broken`] if the events do not form an order.
    pub fn state(&self) -> Result<Option<(&Order, &Fulfilment)>, Broken> {
        match self.broken {
            Some(broken) => Err(broken),
            None => Ok(self.replay.order().map(|order| (order, &self.of_it))),
        }
    }

    fn take_shipment(&mut self, updated: &ShipmentUpdated, at: Timestamp) {
        let created_at = self.of_it.shipment.as_ref().map_or(at, |before| before.created_at);
        self.of_it.shipment = Some(Shipment {
            order: self.id,
            state: updated.shipment_status,
            receiver: unknown(),
            tracking: updated.tracking_number.clone(),
            created_at,
            updated_at: at,
        });
    }
}

/// Stands for the receiver, which is not in events.
fn unknown() -> Receiver {
    Receiver { name: String::new(), phone: String::new(), postal_code: String::new(), address: String::new() }
}

impl Fold for OrderPast {
    fn take(&mut self, event: &Event, at: Timestamp) {
        if self.broken.is_some() {
            return;
        }
        if let Err(broken) = self.replay.take(event, at) {
            self.broken = Some(broken);
            return;
        }
        if let Some(paid) = payment_event(self.id, event, at) {
            payment::evolve(&mut self.of_it.payment, &paid, at);
        }
        #[expect(clippy::wildcard_enum_match_arm, reason = "the other events do not move goods")]
        match event {
            Event::ShipmentUpdated(updated) => self.take_shipment(updated, at),
            Event::StorageUpdated(updated) => {
                let created_at = self.of_it.storage.map_or(at, |before| before.created_at);
                let (order, state) = (self.id, updated.storage_status);
                self.of_it.storage = Some(Storage { order, state, created_at, updated_at: at });
            }
            _ => {}
        }
    }
}

/// Returns the payment's own event in a wire event. Calls to the provider, and what waits for a refund under way, are not
/// in events; amounts and states follow without them.
fn payment_event(order: OrderId, event: &Event, at: Timestamp) -> Option<payment::Event> {
    #[expect(clippy::wildcard_enum_match_arm, reason = "the other events are not a payment's")]
    Some(match event {
        Event::PaymentRequested(note) => {
            payment::Event::Requested {
                order,
                attempt: note.attempt,
                method: note.method,
                amount: note.amount,
                // Only keys of calls to the provider have it.
                order_ms: 0,
                means: None,
            }
        }
        // Events name neither the provider's page nor the deadline.
        Event::PaymentActionRequired(_) => {
            let action = payment::Action { url: None, client_secret: None, until: at };
            payment::Event::ActionRequired { reference: "".into(), action: action.into() }
        }
        Event::PaymentAuthorized(_) => payment::Event::Authorized { reference: "".into() },
        Event::PaymentCaptured(_) => payment::Event::Captured,
        Event::PaymentDeclined(declined) => payment::Event::Declined { code: Arc::clone(&declined.code) },
        Event::PaymentVoidRequested(_) => payment::Event::VoidRequested,
        Event::PaymentVoided(_) => payment::Event::Voided,
        Event::PaymentRefundRequested(refund) => payment::Event::RefundRequested { amount: refund.amount },
        Event::PaymentRefunded(refund) => payment::Event::Refunded { amount: refund.amount, try_number: 1 },
        Event::PaymentRefundFailed(failed) | Event::PaymentVoidFailed(failed) => failed_event(failed, at),
        Event::PaymentStuck(stuck) => payment::Event::Stuck { code: Arc::clone(&stuck.code), declines: stuck.tries },
        Event::PaymentRetried(_) => payment::Event::Retried,
        Event::PaymentResolved(resolved) => payment::Event::Resolved {
            by: resolved.resolved_by,
            reason: Arc::clone(&resolved.reason),
            reference: Arc::clone(&resolved.reference),
            amount: resolved.amount,
        },
        _ => return None,
    })
}

fn failed_event(failed: &PaymentGiveBackFailed, at: Timestamp) -> payment::Event {
    let code = Arc::clone(&failed.code);
    if failed.was_done {
        payment::Event::RefundReversed { refund: failed.refund, amount: failed.amount, code }
    } else {
        payment::Event::GiveBackDeclined { code, due: at }
    }
}
