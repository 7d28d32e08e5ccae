//! Payment-provider callbacks: authenticated by signature, idempotent by event id.

use std::pin::Pin;
use std::sync::Arc;

use app::commands::answer::Refusal;
use app::commands::{Command, PaymentAnswered};
use app::payments::currency::is_of_shop;
use app::payments::provider::{Asked, Callback, CallbackError, CallbackSink, Found, Provider, ProviderError, Verdict};
use app::state::rows::CallbackRow;
use tokio::sync::{mpsc, oneshot};

use crate::metrics::Mismatches;
use crate::runtime::submitter::Submitter;

/// Why a callback was rejected.
#[derive(Debug, PartialEq)]
pub enum NotTaken {
    Unbelieved(CallbackError),
    /// The engine did not accept it; the provider may send it again.
    Refused(Refusal),
}

/// The parts of the shop that handle a callback of one provider.
#[derive(Clone, Copy)]
pub struct IncomingCallback<'a> {
    pub submitter: &'a Submitter,
    pub provider: &'a dyn Provider,
    pub mismatches: &'a Mismatches,
}

/// Verifies a callback and applies it to its payment.
pub async fn take_in(incoming: IncomingCallback<'_>, signature: &str, body: &[u8]) -> Result<(), NotTaken> {
    let IncomingCallback { submitter, provider, mismatches } = incoming;
    let callback = provider.callback(signature, body, submitter.wall.now()).map_err(NotTaken::Unbelieved)?;
    let Some(callback) = callback else { return Ok(()) };
    let Some(answered) = answered(submitter, provider, callback) else {
        tracing::warn!("A callback of {} names no payment of this shop.", provider.name());
        return Ok(());
    };
    match contradiction(submitter, &answered).await {
        None => {}
        Some(Contradiction::AnotherOrder(key)) => tracing::warn!(
            "A callback of {} about {key} names an order that this store does not have: its number was used before a backup \
             was restored, or by another shop. It is not booked; look the key up at the provider.",
            provider.name()
        ),
        Some(Contradiction::Mismatch(mismatch)) => {
            mismatches.count();
            tracing::error!(
                "PAYMENT_MISMATCH: a callback of {} {mismatch}; the payment is queried instead.",
                provider.name()
            );
        }
    }
    let reply = submitter.submit(Command::PaymentAnswered(Box::new(answered)), None).await;
    reply.result.map(drop).map_err(NotTaken::Refused)
}

/// How a callback contradicts the payment. The engine books neither.
enum Contradiction {
    /// It is about another order with the same number; the text is its key.
    AnotherOrder(String),
    /// It approves something else; the payment is queried instead.
    Mismatch(String),
}

async fn contradiction(submitter: &Submitter, answered: &PaymentAnswered) -> Option<Contradiction> {
    let PaymentAnswered { order, asked, answer, .. } = answered;
    let key = asked.key(&submitter.codec.order(*order));
    // If the payment cannot be read here, the engine still compares the keys and the amounts.
    let payment = submitter.views.payment(*order).await.ok().flatten();
    if payment.as_ref().is_some_and(|payment| !payment.is_of_this_order(*asked)) {
        return Some(Contradiction::AnotherOrder(key));
    }
    let amount = match answer {
        Err(ProviderError::Mismatch(why)) => return Some(Contradiction::Mismatch(format!("about {key} is {why}"))),
        Ok(Found::Verdict(Verdict::Approved { amount, .. })) => *amount,
        Ok(_) | Err(_) => return None,
    };
    let expected = payment?.expected(*asked).filter(|expected| *expected != amount)?;
    let (amount, expected) = (amount.amount(), expected.amount());
    Some(Contradiction::Mismatch(format!("approves {amount} for {key}, but {expected} are expected")))
}

/// Converts a callback to the command for our payment. `None` unless all numbers in it name the same payment.
fn answered(submitter: &Submitter, provider: &dyn Provider, callback: Callback) -> Option<PaymentAnswered> {
    let Callback { event_id, order, payment, key, operation, verdict, currency } = callback;
    let (number, asked) = Asked::of_key(&key)?;
    let id = submitter.codec.order_id(order.as_str())?;
    let is_one = number == order.as_str()
        && asked.operation == operation
        && submitter.codec.payment_order(payment.as_str()) == Some(id);
    let answer = if is_of_shop(&currency) {
        Ok(Found::Verdict(verdict))
    } else {
        Err(ProviderError::Mismatch(format!("in {currency}")))
    };
    let callback = Some(CallbackRow::new(provider.name(), event_id, submitter.clock.now()));
    is_one.then_some(PaymentAnswered { order: id, asked, answer, called_at: None, callback })
}

/// A callback of a provider inside the binary.
pub struct QueuedCallback {
    signature: String,
    body: Vec<u8>,
    taken: oneshot::Sender<()>,
}

/// The queue of callbacks from a provider inside the binary; the payment loop reads it.
pub struct CallbackQueue(mpsc::Sender<QueuedCallback>);

/// Callbacks that may wait in the queue; at the limit the provider waits.
const QUEUED_MAX: usize = 256;

impl CallbackQueue {
    pub fn open() -> (Arc<CallbackQueue>, mpsc::Receiver<QueuedCallback>) {
        let (sender, callbacks_in) = mpsc::channel(QUEUED_MAX);
        (Arc::new(CallbackQueue(sender)), callbacks_in)
    }
}

impl CallbackSink for CallbackQueue {
    fn deliver(&self, signature: String, body: Vec<u8>) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(async move {
            let (taken, when_taken) = oneshot::channel();
            if self.0.send(QueuedCallback { signature, body, taken }).await.is_ok() {
                // A shop that stops now has not applied the callback, and queries the payment after its restart.
                let _ = when_taken.await;
            }
        })
    }
}

/// Handles a queued callback as the endpoint handles a request.
pub(crate) async fn deliver(incoming: IncomingCallback<'_>, queued: QueuedCallback) {
    if let Err(error) = take_in(incoming, &queued.signature, &queued.body).await {
        tracing::warn!("A callback of {} was not applied: {error:?}", incoming.provider.name());
    }
    // The provider may have stopped waiting.
    let _ = queued.taken.send(());
}
