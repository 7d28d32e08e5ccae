//! Parsers of all request bodies, for tests and fuzzing, which cannot name the endpoints' types.

use serde::de::DeserializeOwned;

use crate::api::fulfilment::{self, refunds, shipments};
use crate::api::request::submission::Empty;
use crate::api::users::{self, points};
use crate::api::{coupons, orders, payments, products};
use crate::http::{Problem, json};

/// Parses bytes as one kind of body.
pub type Read = fn(&[u8]) -> Result<(), Problem>;

/// All parsers by name. Where an endpoint checks the body's values first, the parser checks them as well.
pub const BODIES: [(&str, Read); 21] = [
    ("empty", parse::<Empty>),
    ("register", parse::<users::RegisterBody>),
    ("login", parse::<users::LoginBody>),
    ("place order", |bytes| orders::check(&json::parse(bytes)?)),
    ("cancel order", parse::<orders::CancelBody>),
    ("pay order", |bytes| fulfilment::paying::means(&json::parse(bytes)?).map(drop)),
    ("process order", parse::<fulfilment::ProcessBody>),
    ("refund order", parse::<refunds::RefundBody>),
    ("approve refund", parse::<refunds::ApproveBody>),
    ("reject refund", parse::<refunds::RejectBody>),
    ("take in refund", parse::<refunds::ArrivedBody>),
    ("tell provider", parse::<payments::SetScriptBody>),
    ("change shipment", parse::<shipments::ChangeBody>),
    ("change storage", parse::<shipments::ChangeStoredBody>),
    ("charge points", parse::<points::ChargeBody>),
    ("request coupon", parse::<coupons::RequestCouponBody>),
    ("create campaign", |bytes| coupons::campaign(&json::parse(bytes)?).map(drop)),
    ("change campaign", parse::<coupons::ChangeBody>),
    ("register product", parse::<products::RegisterBody>),
    ("change product", parse::<products::ChangeBody>),
    ("adjust stock", parse::<products::AdjustBody>),
];

fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<(), Problem> {
    json::parse::<T>(bytes).map(drop)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::http::language::Language;

    /// Names of real members, so that most generated bodies get past the first one.
    const MEMBERS: [&str; 16] = [
        "items",
        "productId",
        "quantity",
        "couponId",
        "pointsToUse",
        "payment",
        "receiver",
        "totalAmount",
        "userId",
        "mode",
        "name",
        "discount",
        "type",
        "value",
        "issueStartsAt",
        "amount",
    ];

    fn document() -> impl Strategy<Value = String> {
        let scalar = prop_oneof![
            any::<i64>().prop_map(|number| number.to_string()),
            any::<f64>().prop_map(|number| number.to_string()),
            any::<String>().prop_map(|text| serde_json::Value::from(text).to_string()),
            Just("null".to_owned()),
            Just("true".to_owned()),
            Just("\"2026-01-01T00:00:00Z\"".to_owned()),
            Just("1e400".to_owned()),
        ];
        scalar.prop_recursive(4, 32, 6, |inner| {
            let member = (prop::sample::select(&MEMBERS), inner.clone());
            prop_oneof![
                prop::collection::vec(inner, 0..6).prop_map(|values| format!("[{}]", values.join(","))),
                prop::collection::vec(member, 0..6).prop_map(|members| {
                    let members: Vec<String> =
                        members.iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
                    format!("{{{}}}", members.join(","))
                }),
            ]
        })
    }

    fn check(bytes: &[u8]) {
        for (name, read) in BODIES {
            let Err(problem) = read(bytes) else { continue };
            assert!(problem.status().is_client_error(), "{name}: {problem:?}");
            let document: serde_json::Value =
                serde_json::from_slice(&problem.to_json("/x", "trace", Language::Korean)).unwrap();
            assert_eq!(document["code"], problem.code().as_str(), "{name}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_body_or_a_problem(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            check(&bytes);
        }

        #[test]
        fn any_document_is_a_body_or_a_problem(document in document()) {
            check(document.as_bytes());
        }
    }

    #[test]
    fn a_body_that_is_nested_too_deeply_is_refused() {
        for open in ["[", "{\"items\":", "{\"items\":[{\"productId\":"] {
            check(open.repeat(30_000).as_bytes());
        }
    }
}
