//! What a payment provider tells by itself. Its signature is its authentication; that it tells the same again does nothing.

use std::pin::Pin;
use std::sync::Arc;

use app::commands::answer::Refusal;
use app::commands::{Command, PaymentAnswered};
use app::payments::provider::{
    Asked, CURRENCY, Callback, CallbackError, CallbackSink, Found, Provider, ProviderError, Verdict,
};
use app::state::rows::CallbackRow as Told;
use tokio::sync::{mpsc, oneshot};

use crate::metrics::Mismatches;
use crate::runtime::submitter::Submitter;

/// Why a callback was not taken in.
#[derive(Debug, PartialEq)]
pub enum NotTaken {
    Unbelieved(CallbackError),
    /// It may be told again.
    Refused(Refusal),
}

/// Where a provider is heard.
#[derive(Clone, Copy)]
pub struct IncomingCallback<'a> {
    pub submitter: &'a Submitter,
    pub provider: &'a dyn Provider,
    pub mismatches: &'a Mismatches,
}

/// Takes in what a provider says it did, if it is he who says it.
pub async fn take_in(telling: IncomingCallback<'_>, signature: &str, body: &[u8]) -> Result<(), NotTaken> {
    let IncomingCallback { submitter, provider, mismatches } = telling;
    let callback = provider.callback(signature, body, submitter.wall.now()).map_err(NotTaken::Unbelieved)?;
    let Some(callback) = callback else { return Ok(()) };
    let Some(answered) = answered(submitter, provider, callback) else {
        tracing::warn!("A callback of {} is about no payment of this shop.", provider.name());
        return Ok(());
    };
    if let Some(mismatch) = mismatch(submitter, &answered).await {
        mismatches.count();
        tracing::error!("PAYMENT_MISMATCH: a callback of {} {mismatch}; it is looked up.", provider.name());
    }
    let reply = submitter.submit(Command::PaymentAnswered(Box::new(answered)), None).await;
    reply.result.map(drop).map_err(NotTaken::Refused)
}

/// What a callback says that cannot be. It is never booked: the payment is looked up instead.
async fn mismatch(submitter: &Submitter, answered: &PaymentAnswered) -> Option<String> {
    let key = answered.asked.key(&submitter.codec.order(answered.order));
    let amount = match &answered.answer {
        Err(ProviderError::Mismatch(why)) => return Some(format!("about {key} is {why}")),
        Ok(Found::Verdict(Verdict::Approved { amount, .. })) => *amount,
        Ok(_) | Err(_) => return None,
    };
    // A payment that cannot be read now is compared by the engine all the same.
    let payment = submitter.views.payment(answered.order).await.ok()??;
    let expected = payment.expected(answered.asked).filter(|expected| *expected != amount)?;
    Some(format!("approves {} won of {key}, and {} are expected", amount.amount(), expected.amount()))
}

/// What it means for a payment of ours; everything in it that names the payment must name the same.
fn answered(submitter: &Submitter, provider: &dyn Provider, callback: Callback) -> Option<PaymentAnswered> {
    let Callback { event_id, order, payment, key, operation, verdict, currency } = callback;
    let (number, asked) = Asked::of_key(&key)?;
    let id = submitter.codec.order_id(order.as_str())?;
    let is_one = number == order.as_str()
        && asked.operation == operation
        && submitter.codec.payment_order(payment.as_str()) == Some(id);
    let answer = if &*currency == CURRENCY {
        Ok(Found::Verdict(verdict))
    } else {
        Err(ProviderError::Mismatch(format!("in {currency}")))
    };
    let told = Some(Told::new(provider.name(), event_id, submitter.clock.now()));
    is_one.then_some(PaymentAnswered { order: id, asked, answer, told })
}

/// A callback from a provider inside the binary.
pub struct QueuedCallback {
    signature: String,
    body: Vec<u8>,
    taken: oneshot::Sender<()>,
}

/// Where such a provider puts them; the cashier takes them out.
pub struct CallbackQueue(mpsc::Sender<QueuedCallback>);

/// Letters that may wait; then the provider does.
const LETTERS_MAX: usize = 256;

impl CallbackQueue {
    pub fn open() -> (Arc<CallbackQueue>, mpsc::Receiver<QueuedCallback>) {
        let (sender, callbacks_in) = mpsc::channel(LETTERS_MAX);
        (Arc::new(CallbackQueue(sender)), callbacks_in)
    }
}

impl CallbackSink for CallbackQueue {
    fn deliver(&self, signature: String, body: Vec<u8>) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(async move {
            let (taken, when_taken) = oneshot::channel();
            if self.0.send(QueuedCallback { signature, body, taken }).await.is_ok() {
                // A shop that stops meanwhile has not taken it in, and looks it up when it is back.
                let _ = when_taken.await;
            }
        })
    }
}

/// Does with a letter what the endpoint does with a request.
pub(crate) async fn deliver(telling: IncomingCallback<'_>, letter: QueuedCallback) {
    if let Err(error) = take_in(telling, &letter.signature, &letter.body).await {
        tracing::warn!("A callback of {} was not taken in: {error:?}", telling.provider.name());
    }
    // The provider may have stopped to wait.
    let _ = letter.taken.send(());
}
