//! Callbacks of the scripted provider: what they say, and how they get to the shop.

use std::sync::Arc;

use app::payment::{Ask, CURRENCY, Callback, Deed, Verdict};
use domain::ids::Code;
use domain::money::Money;
use serde::{Deserialize, Serialize};
use tokio::sync::{mpsc, oneshot};

/// A callback on its way.
#[derive(Debug)]
pub struct Posted {
    pub signature: String,
    pub body: Vec<u8>,
    /// Told when the shop has taken it in.
    pub taken: oneshot::Sender<()>,
}

pub(super) type Taken = oneshot::Receiver<()>;

/// The way from the provider to the shop.
#[derive(Clone)]
pub struct Post(pub(super) mpsc::Sender<Posted>);

impl Post {
    /// Returns when the shop has taken it in, or there is nobody who would.
    pub(super) async fn deliver(&self, letter: Posted, taken: Taken) {
        if self.0.send(letter).await.is_ok() {
            // A shop that stops meanwhile has not taken it; it looks things up when it is back.
            let _ = taken.await;
        }
    }
}

pub(super) fn letter(signature: String, body: Vec<u8>) -> (Posted, Taken) {
    let (tell, taken) = oneshot::channel();
    (Posted { signature, body, taken: tell }, taken)
}

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
struct Telling {
    id: String,
    order: String,
    payment: String,
    key: String,
    deed: String,
    currency: String,
    outcome: Outcome,
}

#[derive(Deserialize, Serialize)]
#[serde(tag = "status", rename_all = "snake_case")]
enum Outcome {
    Approved { reference: String, amount: i64 },
    Declined { code: String, reference: Option<String> },
}

pub(super) fn body(ask: &Ask, verdict: &Verdict) -> Vec<u8> {
    let outcome = match verdict {
        Verdict::Approved { reference, amount } => {
            Outcome::Approved { reference: reference.to_string(), amount: amount.amount() }
        }
        Verdict::Declined { code, reference } => {
            Outcome::Declined { code: code.to_string(), reference: reference.as_deref().map(str::to_owned) }
        }
    };
    let telling = Telling {
        id: format!("evt/{}", ask.key),
        order: ask.order.to_string(),
        payment: ask.payment.to_string(),
        key: ask.key.to_string(),
        deed: ask.deed.name().to_owned(),
        currency: CURRENCY.to_owned(),
        outcome,
    };
    serde_json::to_vec(&telling).expect("texts and numbers have a JSON form")
}

pub(super) fn read(body: &[u8]) -> Option<Callback> {
    let Telling { id, order, payment, key, deed, currency, outcome } = serde_json::from_slice(body).ok()?;
    let verdict = match outcome {
        Outcome::Approved { reference, amount } => {
            Verdict::Approved { reference: Arc::from(reference), amount: Money::won(amount) }
        }
        Outcome::Declined { code, reference } => {
            Verdict::Declined { code: Arc::from(code), reference: reference.map(Arc::from) }
        }
    };
    Some(Callback {
        event_id: Arc::from(id),
        order: Code(Arc::from(order)),
        payment: Code(Arc::from(payment)),
        key: Arc::from(key),
        deed: Deed::of_name(&deed)?,
        verdict,
        currency: Arc::from(currency),
    })
}
