//! The page of the payment provider inside the binary: its customer approves or declines, as on a bank's page for 3-D Secure. It needs
//! no scripts. The address contains the payment's reference, which only the customer gets.

use app::payments::provider::{Ask, CustomerDecision};
use axum::extract::State;
use axum::http::header::{CONTENT_SECURITY_POLICY, LOCATION};
use axum::http::{HeaderValue, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use domain::payment::Payment;
use maud::{Markup, html};
use schemars::JsonSchema;
use serde::Deserialize;

use super::format::{moment, won};
use super::layout::{POLICY, nothing_here, page as framed};
use super::reader::Reader;
use crate::api::Shop;
use crate::api::response::refusals::{problem, unavailable};
use crate::api::texts::{Text, pages};
use crate::http::path::{self, Name};
use crate::http::query::Query;
use crate::http::{Code, Problem};
use crate::runtime::callbacks::{IncomingCallback, NotTaken, take_in};

#[derive(Debug, Default, Deserialize, JsonSchema)]
pub(crate) struct ActionQuery {
    /// The provider's id of the payment.
    reference: Option<String>,
}

/// `GET /payments/scripted/{paymentId}`.
pub(crate) async fn page(
    State(shop): State<Shop>,
    reader: Reader,
    Name(number, _): Name<path::Payment>,
    Query(query): Query<ActionQuery>,
) -> Result<Response, Problem> {
    let Some(payment) = payment_of(&shop, &number, &query).await? else { return Ok(nothing_here(&reader)) };
    let title = pages::ACTION_TITLE.of(reader.language);
    let order = shop.submitter.codec.order(payment.order);
    let content = html! {
        div.narrow.stack.bank {
            p.label { (pages::ACTION_PROVIDER.of(reader.language)) }
            h1 { (title) }
            @match payment.action.as_deref() {
                Some(action) => {
                    p { (pages::ACTION_ASKS.with(won(payment.amount, reader.language)).with(&order).of(reader.language)) }
                    p.soft { (pages::ACTION_UNTIL.with(moment(action.until)).of(reader.language)) }
                    div.row {
                        (decision(&number, &query, "approve", pages::ACTION_APPROVE, &reader))
                        (decision(&number, &query, "decline", pages::ACTION_DECLINE, &reader))
                    }
                    p.faint { (pages::ACTION_NO_MONEY.of(reader.language)) }
                }
                None => {
                    p { (pages::ACTION_OVER.of(reader.language)) }
                    p { a.button href=(back(&payment, order.as_str())) { (pages::ACTION_BACK.of(reader.language)) } }
                }
            }
        }
    };
    let mut response = framed(&reader, title, content);
    if let Some(policy) = policy_for(&payment) {
        response.headers_mut().insert(CONTENT_SECURITY_POLICY, policy);
    }
    Ok(response)
}

fn decision(number: &str, query: &ActionQuery, verb: &str, label: Text, reader: &Reader) -> Markup {
    let reference: String =
        form_urlencoded::byte_serialize(query.reference.as_deref().unwrap_or_default().as_bytes()).collect();
    html! {
        form method="post" action=(format!("/payments/scripted/{number}/{verb}?reference={reference}")) {
            button.quiet[verb == "decline"] { (label.of(reader.language)) }
        }
    }
}

/// `POST /payments/scripted/{paymentId}/approve`.
pub(crate) async fn approve(
    State(shop): State<Shop>,
    reader: Reader,
    Name(number, _): Name<path::Payment>,
    Query(query): Query<ActionQuery>,
) -> Result<Response, Problem> {
    decide(&shop, &reader, payment_of(&shop, &number, &query).await?, CustomerDecision::Approve).await
}

/// `POST /payments/scripted/{paymentId}/decline`.
pub(crate) async fn decline(
    State(shop): State<Shop>,
    reader: Reader,
    Name(number, _): Name<path::Payment>,
    Query(query): Query<ActionQuery>,
) -> Result<Response, Problem> {
    decide(&shop, &reader, payment_of(&shop, &number, &query).await?, CustomerDecision::Decline).await
}

/// Decides, books the provider's callback, and sends the customer back to the shop. A second decision changes nothing.
async fn decide(
    shop: &Shop,
    reader: &Reader,
    payment: Option<Payment>,
    decision: CustomerDecision,
) -> Result<Response, Problem> {
    let scripted = shop.payments.scripted.as_ref();
    let (Some(scripted), Some(payment)) = (scripted, payment) else {
        return Ok(nothing_here(reader));
    };
    if let Some((_, ask)) = Ask::of(&payment, &shop.submitter.codec).filter(|_| payment.requires_action()) {
        let decided = scripted.decide(&ask, decision).await.map_err(|error| {
            tracing::error!("A customer's decision could not be written to the scripted provider: {error}");
            Problem::new(Code::Unavailable, crate::api::texts::operators::PROVIDER_CLOSED)
        })?;
        if let Some(callback) = decided {
            let provider = shop.payments.provider.as_ref();
            let mismatches = &shop.payments.mismatches;
            let incoming = IncomingCallback { submitter: &shop.submitter, provider, mismatches };
            match take_in(incoming, &callback.signature, &callback.body).await {
                Ok(()) => {}
                Err(NotTaken::Refused(refusal)) => return Err(problem(&refusal)),
                // The next query finds the decision.
                Err(NotTaken::Unbelieved(error)) => tracing::error!("A callback of our own is not believed: {error}"),
            }
        }
    }
    let to = back(&payment, shop.submitter.codec.order(payment.order).as_str());
    let to = HeaderValue::try_from(to).unwrap_or(HeaderValue::from_static("/orders"));
    Ok((StatusCode::SEE_OTHER, [(LOCATION, to)]).into_response())
}

/// Returns the payment, if the reader knows its reference.
async fn payment_of(shop: &Shop, number: &str, query: &ActionQuery) -> Result<Option<Payment>, Problem> {
    let Some(order) = shop.submitter.codec.payment_order(number) else { return Ok(None) };
    if shop.payments.scripted.is_none() {
        return Ok(None);
    }
    let payment = shop.submitter.views.payment(order).await.map_err(unavailable)?;
    Ok(payment
        .filter(|payment| payment.reference.is_some() && payment.reference.as_deref() == query.reference.as_deref()))
}

/// The page that the customer came from, or their order.
fn back(payment: &Payment, order: &str) -> String {
    let named = payment.means.as_ref().and_then(|means| means.return_url.as_deref());
    named.map_or_else(|| format!("/orders/{order}"), str::to_owned)
}

/// The decision leads on to the page that the customer came from, which may be elsewhere.
fn policy_for(payment: &Payment) -> Option<HeaderValue> {
    let url: Uri = payment.means.as_ref()?.return_url.as_deref()?.parse().ok()?;
    let (scheme, authority) = (url.scheme_str()?, url.authority()?);
    // Characters that end a source or a directive are in no authority that parses, but an address decides nothing else.
    let is_plain = authority.as_str().bytes().all(|byte| byte.is_ascii_alphanumeric() || b".:-[]".contains(&byte));
    let policy = POLICY.replace("form-action 'self'", &format!("form-action 'self' {scheme}://{authority}"));
    HeaderValue::try_from(policy).ok().filter(|_| is_plain)
}
