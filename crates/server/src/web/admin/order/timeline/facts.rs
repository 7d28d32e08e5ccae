//! The facts of an event that its line in the timeline shows, picked from its payload by their names, so that also events of
//! later versions have them.

use domain::money::Money;
use maud::{Markup, html};
use serde_json::Value;

use crate::api::texts::{Text, dashboard, order_page, pages};
use crate::http::language::Language;
use crate::web::admin::frame::Operator;
use crate::web::format::{won, written};

/// How a fact is written.
#[derive(Clone, Copy)]
enum Form {
    Plain,
    Money,
    Moment,
    /// A list of steps of the saga.
    Steps,
}

/// The members of payloads that are shown, in this order.
const FACTS: [(&str, Text, Form); 26] = [
    ("steps", order_page::STEPS, Form::Steps),
    ("productId", dashboard::PRODUCT, Form::Plain),
    ("quantity", dashboard::QUANTITY, Form::Plain),
    ("mode", dashboard::MODE, Form::Plain),
    ("totalPrice", pages::ITEMS_TOTAL, Form::Money),
    ("attempt", order_page::ATTEMPT, Form::Plain),
    ("retryCount", order_page::TRIED_AGAIN, Form::Plain),
    ("tries", dashboard::ATTEMPTS, Form::Plain),
    ("operation", dashboard::KIND, Form::Plain),
    ("amountDue", pages::TO_PAY, Form::Money),
    ("amount", dashboard::AMOUNT, Form::Money),
    ("refundAmount", pages::REFUNDED, Form::Money),
    ("points", pages::MY_POINTS, Form::Plain),
    ("pointsRestored", pages::POINTS_RESTORED, Form::Plain),
    ("status", dashboard::STATUS, Form::Plain),
    ("shipmentStatus", dashboard::STATUS, Form::Plain),
    ("storageStatus", dashboard::STATUS, Form::Plain),
    ("trackingNumber", dashboard::TRACKING_NUMBER, Form::Plain),
    ("goods", order_page::GOODS, Form::Plain),
    ("payBefore", order_page::PAY_BEFORE, Form::Moment),
    ("askAgainAt", order_page::NEXT_REQUEST, Form::Moment),
    ("code", dashboard::ERROR, Form::Plain),
    ("reason", dashboard::REASON, Form::Plain),
    ("cancelReason", dashboard::REASON, Form::Plain),
    ("refundReason", dashboard::REASON, Form::Plain),
    ("rejectReason", dashboard::REASON, Form::Plain),
];

/// The members that name the operator who acted.
const ACTORS: [&str; 3] = ["resolvedBy", "retriedBy", "extendedBy"];

/// Shows the facts of an event, separated by dots.
pub(super) fn facts(operator: &Operator, payload: &str) -> Markup {
    let payload: Value = serde_json::from_str(payload).unwrap_or_default();
    let language = operator.0.language;
    let actors = ACTORS.map(|name| (name, order_page::PERSON, Form::Plain));
    let shown = FACTS.into_iter().chain(actors).filter_map(|(name, label, form)| {
        let value = fact(payload.get(name)?, form, language)?;
        Some(html! { span.fact { span.faint { (label.of(language)) } " " (value) } " " })
    });
    html! { @for fact in shown { (fact) } }
}

/// Writes one value; `None` where there is nothing to say.
fn fact(value: &Value, form: Form, language: Language) -> Option<Markup> {
    match form {
        Form::Plain => plain(value).map(|text| html! { (text) }),
        Form::Money => {
            value.as_i64().filter(|amount| *amount != 0).map(|amount| html! { (won(Money::won(amount), language)) })
        }
        Form::Moment => value.as_str().map(written),
        Form::Steps => {
            let steps: Vec<String> = value.as_array()?.iter().filter_map(step).collect();
            (!steps.is_empty()).then(|| html! { (steps.join(", ")) })
        }
    }
}

fn plain(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) if number.as_i64() != Some(0) => Some(number.to_string()),
        Value::Number(_) | Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

fn step(step: &Value) -> Option<String> {
    let name = step["step"].as_str()?;
    Some(step["productId"].as_i64().map_or_else(|| name.to_owned(), |product| format!("{name} {product}")))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn shown(name: &str, value: &Value) -> Option<String> {
        let (_, _, form) = FACTS.into_iter().find(|(known, ..)| *known == name).unwrap();
        fact(value, form, Language::English).map(maud::PreEscaped::into_string)
    }

    #[test]
    fn each_fact_is_written_in_its_form() {
        let steps = json!([{"step": "POINT"}, {"step": "STOCK", "productId": 7}]);
        for (name, value, wanted) in [
            ("steps", steps, Some("POINT, STOCK 7")),
            ("steps", json!([]), None),
            ("amount", json!(12_900), Some("₩12,900")),
            ("amount", json!(0), None),
            ("attempt", json!(2), Some("2")),
            ("retryCount", json!(0), None),
            ("reason", json!("a <b>"), Some("a &lt;b&gt;")),
            ("reason", Value::Null, None),
        ] {
            assert_eq!(shown(name, &value).as_deref(), wanted, "{name}: {value}");
        }
        let until = shown("payBefore", &json!("2026-11-29T14:05:09Z")).unwrap();
        assert!(until.contains("2026-11-29 14:05 UTC"), "{until}");
    }
}
