//! Stripe's events about operations of this shop.

use std::sync::Arc;

use app::payments::provider::{Callback, CallbackError, Operation};
use domain::ids::Code;
use serde::Deserialize;
use serde_json::Value;

use super::wire::{Intent, Marks, Progress, Refund};

#[derive(Deserialize)]
struct Event {
    id: String,
    #[serde(rename = "type")]
    kind: String,
    data: Data,
}

#[derive(Deserialize)]
struct Data {
    object: Value,
}

pub(super) fn read(body: &[u8]) -> Result<Option<Callback>, CallbackError> {
    let Event { id, kind, data } = serde_json::from_slice(body).map_err(|_| CallbackError::Unreadable)?;
    let operation = match kind.as_str() {
        "payment_intent.amount_capturable_updated" | "payment_intent.payment_failed" => Operation::Authorize,
        "payment_intent.succeeded" => Operation::Capture,
        "payment_intent.canceled" => Operation::Void,
        "refund.created" | "refund.updated" | "refund.failed" => Operation::Refund,
        _ => return Ok(None),
    };
    let (progress, marks, currency) = if operation == Operation::Refund {
        let refund: Refund = serde_json::from_value(data.object).map_err(|_| CallbackError::Unreadable)?;
        (refund.progress_in_any_currency(), refund.metadata, refund.currency)
    } else {
        let intent: Intent = serde_json::from_value(data.object).map_err(|_| CallbackError::Unreadable)?;
        (intent.progress_in_any_currency(operation), intent.metadata, intent.currency)
    };
    // The account may sell other things, too.
    let Marks { key: Some(key), order: Some(order), payment: Some(payment) } = marks else { return Ok(None) };
    let Progress::Done(verdict) = progress else { return Ok(None) };
    Ok(Some(Callback {
        event_id: Arc::from(id),
        order: Code(Arc::from(order)),
        payment: Code(Arc::from(payment)),
        key: key_of(&key, operation),
        operation,
        verdict,
        currency: Arc::from(currency),
    }))
}

/// An intent carries the key of its authorization, a refund its own; keys of the other operations differ from the first
/// only in their last word.
fn key_of(key: &str, operation: Operation) -> Arc<str> {
    match (operation, key.rsplit_once('/')) {
        (Operation::Capture | Operation::Void, Some((attempt, _))) => {
            Arc::from(format!("{attempt}/{}", operation.name()))
        }
        (Operation::Authorize | Operation::Capture | Operation::Void | Operation::Refund, _) => Arc::from(key),
    }
}

#[cfg(test)]
mod tests {
    use app::payments::provider::Verdict;
    use domain::money::Money;
    use serde_json::json;

    use super::*;

    fn intent(status: &str) -> Value {
        json!({
            "id": "pi_1", "object": "payment_intent", "status": status, "currency": "krw",
            "amount": 900, "amount_capturable": 900, "amount_received": 900, "payment_method": "pm_1",
            "metadata": {"key": "ORD-1/1/authorize", "order": "ORD-1", "payment": "PAY-1"},
        })
    }

    fn callback_of(kind: &str, object: &Value) -> Result<Option<Callback>, CallbackError> {
        read(json!({"id": "evt_1", "type": kind, "data": {"object": object}}).to_string().as_bytes())
    }

    #[test]
    fn each_event_is_a_callback_under_its_operations_key() {
        let refund = json!({
            "id": "re_1", "status": "succeeded", "currency": "krw", "amount": 300, "payment_intent": "pi_1",
            "metadata": {"key": "ORD-1/1/refund/2", "order": "ORD-1", "payment": "PAY-1"},
        });
        for (kind, object, key, won) in [
            ("payment_intent.amount_capturable_updated", intent("requires_capture"), "ORD-1/1/authorize", 900),
            ("payment_intent.succeeded", intent("succeeded"), "ORD-1/1/capture", 900),
            ("payment_intent.canceled", intent("canceled"), "ORD-1/1/void", 900),
            ("refund.updated", refund, "ORD-1/1/refund/2", 300),
        ] {
            let callback = callback_of(kind, &object).unwrap().unwrap();
            let approved =
                Verdict::Approved { reference: Arc::from("pi_1"), amount: Money::won(won), fingerprint: None };
            assert_eq!((&*callback.key, &callback.verdict), (key, &approved), "{kind}");
            assert_eq!((callback.event_id.as_ref(), callback.payment.as_str()), ("evt_1", "PAY-1"));
        }
    }

    #[test]
    fn a_decline_says_why() {
        let mut object = intent("requires_payment_method");
        object["last_payment_error"] =
            json!({"type": "card_error", "code": "card_declined", "decline_code": "lost_card"});
        let callback = callback_of("payment_intent.payment_failed", &object).unwrap().unwrap();
        assert_eq!(callback.verdict, crate::payment::stripe::wire::declined("lost_card", Some("pi_1")));
    }

    #[test]
    fn other_objects_and_other_events_are_ignored() {
        let mut stranger = intent("succeeded");
        stranger["metadata"] = json!({});
        assert_eq!(callback_of("payment_intent.succeeded", &stranger), Ok(None));
        assert_eq!(callback_of("customer.created", &json!({})), Ok(None));
        assert_eq!(callback_of("payment_intent.succeeded", &intent("processing")), Ok(None));
    }

    #[test]
    fn malformed_events_are_unreadable() {
        assert_eq!(read(b"hello"), Err(CallbackError::Unreadable));
        assert_eq!(callback_of("payment_intent.succeeded", &json!({"id": 7})), Err(CallbackError::Unreadable));
    }
}
