//! The body of the scripted provider's callbacks.

use std::sync::Arc;

use app::payments::currency;
use app::payments::provider::{Ask, Callback, Operation, Verdict};
use domain::ids::Code;
use domain::money::Money;
use serde::{Deserialize, Serialize};

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
struct CallbackBody {
    id: String,
    order: String,
    payment: String,
    key: String,
    #[serde(rename = "deed")]
    operation: String,
    currency: String,
    outcome: Outcome,
}

#[derive(Deserialize, Serialize)]
#[serde(tag = "status", rename_all = "snake_case")]
enum Outcome {
    Approved { reference: String, amount: i64 },
    Declined { code: String, reference: Option<String> },
}

/// Returns `None` while there is nothing to report, because the customer must act first.
pub(super) fn body(ask: &Ask, verdict: &Verdict) -> Option<Vec<u8>> {
    let outcome = match verdict {
        Verdict::ActionRequired { .. } => return None,
        Verdict::Approved { reference, amount, .. } => {
            Outcome::Approved { reference: reference.to_string(), amount: amount.amount() }
        }
        Verdict::Declined { code, reference } => {
            Outcome::Declined { code: code.to_string(), reference: reference.as_deref().map(str::to_owned) }
        }
    };
    let callback = CallbackBody {
        id: id(&ask.key, verdict),
        order: ask.order.to_string(),
        payment: ask.payment.to_string(),
        key: ask.key.to_string(),
        operation: ask.operation.name().to_owned(),
        currency: currency::of_shop().code().to_ascii_lowercase(),
        outcome,
    };
    Some(serde_json::to_vec(&callback).expect("texts and numbers have a JSON form"))
}

/// A verdict and its later reversal are two events.
fn id(key: &str, verdict: &Verdict) -> String {
    let is_declined = matches!(verdict, Verdict::Declined { .. });
    format!("evt/{key}{}", if is_declined { "/declined" } else { "" })
}

pub(super) fn read(body: &[u8]) -> Option<Callback> {
    let CallbackBody { id, order, payment, key, operation, currency, outcome } = serde_json::from_slice(body).ok()?;
    let verdict = match outcome {
        Outcome::Approved { reference, amount } => {
            Verdict::Approved { reference: Arc::from(reference), amount: Money::won(amount), fingerprint: None }
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
        operation: Operation::from_name(&operation)?,
        verdict,
        currency: Arc::from(currency),
    })
}
