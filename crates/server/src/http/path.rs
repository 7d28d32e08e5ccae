//! Ids in paths. A malformed id names nothing, so it is answered as not found.

use std::marker::PhantomData;

use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::request::Parts;

use serde_json::{Value, json};

use super::{Code, Problem};
use crate::api::texts::details;
use crate::openapi::{Describes, Operation};

/// A kind of resource that a path parameter identifies.
pub trait Resource {
    const NOT_FOUND: Code;
    /// The description of the parameter.
    const DESCRIPTION: &'static str;
    const EXAMPLE: &'static str;
}

macro_rules! resources {
    ($($name:ident: $not_found:ident, $description:literal, $example:literal;)*) => {$(
        #[derive(Debug, Clone, Copy)]
        pub struct $name;

        impl Resource for $name {
            const NOT_FOUND: Code = Code::$not_found;
            const DESCRIPTION: &'static str = $description;
            const EXAMPLE: &'static str = $example;
        }
    )*};
}

resources! {
    Product: ProductNotFound, "The product's number.", "1";
    Campaign: CouponNotFound, "The campaign's number.", "1";
    DeadLetter: DeadLetterNotFound, "The dead letter's number.", "1";
    Webhook: WebhookNotFound, "The endpoint's number.", "1";
    Drop: DropNotFound, "The drop's number.", "1";
    Order: OrderNotFound, "The order's number, as in its receipt.", "ORD-7M3K9Q2XWP4T";
    ConsumerGroup: GroupNotFound, "The group's name.", "notice-group";
    CouponRequest: RequestNotFound, "The request's id, as in the answer to the request.", "REQ-2WX8ZC5NHD6R";
    Payment: PaymentNotFound, "The payment's id.", "PAY-7M3K9Q2XWP4T";
    User: RouteNotFound, "The user's number.", "1";
    ApiKey: ApiKeyNotFound, "The key's number.", "1";
    Provider: PaymentProviderNotFound, "The name of the shop's payment provider.", "scripted";
}

/// The only parameter of the path, as the id of an `R`.
#[derive(Debug, Clone, Copy)]
pub struct Id<R>(pub i64, PhantomData<R>);

impl<S: Sync + Send, R: Resource> FromRequestParts<S> for Id<R> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Id<R>, Problem> {
        let raw = only_param(parts, state, R::NOT_FOUND).await?;
        Ok(Id(parse_id(&raw, R::NOT_FOUND)?, PhantomData))
    }
}

/// The only parameter of the path, as the opaque name of an `R`.
#[derive(Debug, Clone)]
pub struct Name<R>(pub String, pub PhantomData<R>);

impl<S: Sync + Send, R: Resource> FromRequestParts<S> for Name<R> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Name<R>, Problem> {
        Ok(Name(only_param(parts, state, R::NOT_FOUND).await?, PhantomData))
    }
}

impl<R: Resource> Describes for Id<R> {
    fn describe(operation: &mut Operation) {
        let schema = id_schema();
        let example: Value = serde_json::from_str(R::EXAMPLE).unwrap_or(Value::Null);
        operation.path_parameter(R::DESCRIPTION, schema, example);
        operation.refuse(R::NOT_FOUND);
    }
}

impl<R: Resource> Describes for Name<R> {
    fn describe(operation: &mut Operation) {
        let schema = name_schema();
        operation.path_parameter(R::DESCRIPTION, schema, json!(R::EXAMPLE));
        operation.refuse(R::NOT_FOUND);
    }
}

/// Returns both path parameters. If one is not UTF-8, nothing is found.
async fn both_params<S: Sync + Send>(parts: &mut Parts, state: &S, not_found: Code) -> Result<[String; 2], Problem> {
    let none = || no_such("that", not_found);
    let params = RawPathParams::from_request_parts(parts, state).await.map_err(|_| none())?;
    let values: Vec<String> = params.iter().map(|(_, raw)| raw.to_owned()).collect();
    values.try_into().map_err(|_| none())
}

fn id_schema() -> Value {
    json!({"type": "integer", "format": "int64", "minimum": 1, "maximum": i64::MAX})
}

fn name_schema() -> Value {
    json!({"type": "string", "minLength": 1})
}

/// The two parameters of a path to a delivery of a webhook endpoint.
#[derive(Debug, Clone, Copy)]
pub struct WebhookDelivery {
    pub webhook: i64,
    /// The delivery's number among those of its endpoint.
    pub number: i64,
}

impl<S: Sync + Send> FromRequestParts<S> for WebhookDelivery {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<WebhookDelivery, Problem> {
        const NOT_FOUND: Code = Code::WebhookDeliveryNotFound;
        let [webhook, delivery] = both_params(parts, state, NOT_FOUND).await?;
        let webhook = parse_id(&webhook, Code::WebhookNotFound)?;
        let (of, number) = delivery.split_once('-').ok_or_else(|| no_such(&delivery, NOT_FOUND))?;
        if parse_id(of, NOT_FOUND)? != webhook {
            return Err(no_such(&delivery, NOT_FOUND));
        }
        Ok(WebhookDelivery { webhook, number: parse_id(number, NOT_FOUND)? })
    }
}

impl Describes for WebhookDelivery {
    fn describe(operation: &mut Operation) {
        let webhook = id_schema();
        operation.path_parameter(Webhook::DESCRIPTION, webhook, json!(1));
        let delivery = json!({"type": "string", "pattern": "^[1-9][0-9]*-[1-9][0-9]*$"});
        operation.second_path_parameter("The delivery's id.", delivery, json!("1-17"));
        operation.refuse(Code::WebhookNotFound);
        operation.refuse(Code::WebhookDeliveryNotFound);
    }
}

/// The two parameters of a path to the receipt of a coupon.
#[derive(Debug, Clone)]
pub struct IssuedCoupon {
    pub campaign: i64,
    pub code: String,
}

impl<S: Sync + Send> FromRequestParts<S> for IssuedCoupon {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<IssuedCoupon, Problem> {
        let [campaign, code] = both_params(parts, state, Code::CouponNotFound).await?;
        Ok(IssuedCoupon { campaign: parse_id(&campaign, Code::CouponNotFound)?, code })
    }
}

impl Describes for IssuedCoupon {
    fn describe(operation: &mut Operation) {
        let campaign = id_schema();
        operation.path_parameter(Campaign::DESCRIPTION, campaign, json!(1));
        let code = name_schema();
        operation.second_path_parameter("The id of the customer's coupon.", code, json!("CPN-7M3K9Q2XWP4T"));
        operation.refuse(Code::CouponNotFound);
    }
}

/// Returns the only path parameter. One that is not UTF-8 is not found.
async fn only_param<S: Sync + Send>(parts: &mut Parts, state: &S, not_found: Code) -> Result<String, Problem> {
    let unreadable = |_| no_such("that", not_found);
    let params = RawPathParams::from_request_parts(parts, state).await.map_err(unreadable)?;
    Ok(params.iter().next().map_or("", |(_, raw)| raw).to_owned())
}

/// Parses a positive integer in its canonical spelling: `07` and `+7` are not ids.
///
/// # Errors
/// The problem `not_found` if the text is no id.
pub fn parse_id(raw: &str, not_found: Code) -> Result<i64, Problem> {
    let canonical = raw.bytes().all(|b| b.is_ascii_digit()) && !raw.starts_with('0');
    let id = raw.parse().ok().filter(|_| canonical);
    id.ok_or_else(|| no_such(raw, not_found))
}

fn no_such(raw: &str, not_found: Code) -> Problem {
    let shown: String = raw.chars().take(40).collect();
    Problem::new(not_found, details::NO_SUCH_ID.with(shown))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_positive_integers() {
        assert_eq!(parse_id("7", Code::ProductNotFound).unwrap(), 7);
        assert_eq!(parse_id(&i64::MAX.to_string(), Code::ProductNotFound).unwrap(), i64::MAX);
    }

    #[test]
    fn garbage_is_not_found() {
        for raw in ["", "0", "-1", "+7", "07", "7x", "9223372036854775808", "٣", " 7"] {
            let problem = parse_id(raw, Code::CouponNotFound).unwrap_err();
            assert_eq!(problem.code(), Code::CouponNotFound, "{raw}");
        }
    }
}
