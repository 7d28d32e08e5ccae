//! A signed body: its raw bytes, for verifying the signature before anything is parsed.

use axum::extract::{FromRef, FromRequest, Request};
use axum::http::HeaderMap;
use bytes::Bytes;
use schemars::Schema;
use serde_json::json;

use super::{BodyLimits, Code, Problem, body};
use crate::openapi::{Body, Describes, Operation, Parameter, Place};

pub struct Signed {
    headers: HeaderMap,
    pub body: Bytes,
}

impl Signed {
    /// Returns the value of a header, if it is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

impl<S> FromRequest<S> for Signed
where
    S: Send + Sync,
    BodyLimits: FromRef<S>,
{
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Signed, Problem> {
        let (parts, stream) = request.into_parts();
        let body = body::read(&parts.headers, stream, BodyLimits::from_ref(state)).await?;
        Ok(Signed { headers: parts.headers, body })
    }
}

impl Describes for Signed {
    fn describe(operation: &mut Operation) {
        operation.parameters.push(Parameter {
            name: "Stripe-Signature".to_owned(),
            place: Place::Header,
            description: "`t=…,v1=…`: the Unix time in seconds, and the HMAC-SHA256 of this time, a dot, and the bytes of the body."
                .to_owned(),
            schema: json!({"type": "string"}),
            is_required: true,
            example: json!("t=1795262400,v1=5257a869e7ecebeda32affa62cdca3fa51cad7e77a0e56ff536d0ce8e108d8bd"),
        });
        operation.body = Some(Body {
            schema: |_| Schema::try_from(json!({"type": "object"})).expect("an object is a schema"),
            is_required: true,
            // The provider's adapter parses the body, after it has verified the signature.
            read: |_| Ok(()),
        });
        for code in [Code::ValidationFailed, Code::BodyTooLarge, Code::RequestTimeout] {
            operation.refuse(code);
        }
    }
}
