//! Who asks, as far as it is known before anything is read: from where, and in which trace.

use std::convert::Infallible;
use std::net::IpAddr;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;

use crate::http::connections::Peer;
use crate::http::trace::TraceId;
use crate::openapi::{Describes, Operation};

#[derive(Clone, Copy, Debug)]
pub(crate) struct Caller {
    /// Unknown to a shop that no listener stands in front of.
    pub(crate) address: Option<IpAddr>,
    pub(crate) trace: TraceId,
}

impl<S: Sync> FromRequestParts<S> for Caller {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Caller, Infallible> {
        let address = parts.extensions.get::<Peer>().map(|peer| peer.0);
        Ok(Caller { address, trace: TraceId::from_request_parts(parts, state).await? })
    }
}

/// Nothing that a client could say.
impl Describes for Caller {
    fn describe(_: &mut Operation) {}
}
