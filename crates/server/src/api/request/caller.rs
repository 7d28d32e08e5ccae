//! The caller of a request: its address and trace, known before the body is read.

use std::convert::Infallible;
use std::net::IpAddr;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;

use super::site::Site;
use crate::http::connections::Peer;
use crate::http::trace::TraceId;
use crate::openapi::{Describes, Operation};
use crate::security::session_cookie;

#[derive(Clone, Copy, Debug)]
pub(crate) struct Caller {
    /// `None` if the router runs without a listener, as in tests.
    pub(crate) address: Option<IpAddr>,
    pub(crate) trace: TraceId,
    /// Set if it carries a session cookie; true if the browser speaks HTTPS.
    pub(crate) cookie_is_secure: Option<bool>,
}

impl<S: Sync> FromRequestParts<S> for Caller {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Caller, Infallible> {
        let address = parts.extensions.get::<Peer>().map(|peer| peer.0);
        let has_cookie = session_cookie::token(&parts.headers).is_some();
        let cookie_is_secure = has_cookie.then(|| Site::of(parts).is_secure());
        Ok(Caller { address, trace: TraceId::from_request_parts(parts, state).await?, cookie_is_secure })
    }
}

/// Describes nothing: a client does not send it.
impl Describes for Caller {
    fn describe(_: &mut Operation) {}
}
