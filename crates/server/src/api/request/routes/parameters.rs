//! Refuses query parameters that an endpoint does not know, by name. Costs nothing for a request without a query.

use std::pin::Pin;
use std::sync::Arc;

use axum::extract::{FromRequestParts, Request};
use axum::handler::Handler;
use axum::response::{IntoResponse, Response};
use futures_util::future::Either;

use crate::api::Shop;
use crate::http::{Problem, query};
use crate::openapi::{ACCESS_TOKEN, Access, Operation, Place};
use crate::security::auth::Customer;

/// A handler that accepts only the query parameters that its operation describes.
#[derive(Clone)]
pub(super) struct Checked<H> {
    handler: H,
    access: Access,
    known: Arc<[String]>,
}

impl<H> Checked<H> {
    pub(super) fn new(handler: H, operation: &Operation) -> Checked<H> {
        let access = operation.access;
        let queried = operation.parameters.iter().filter(|parameter| parameter.place == Place::Query);
        let mut known: Vec<String> = queried.map(|parameter| parameter.name.clone()).collect();
        if access == Access::Listeners {
            known.push(ACCESS_TOKEN.to_owned());
        }
        Checked { handler, access, known: known.into() }
    }
}

impl<T, H: Handler<T, Shop>> Handler<T, Shop> for Checked<H> {
    type Future = Either<H::Future, Pin<Box<dyn Future<Output = Response> + Send>>>;

    fn call(self, request: Request, shop: Shop) -> Self::Future {
        let unknown = request.uri().query().and_then(|query| query::unknown(query, &self.known));
        match unknown {
            None => Either::Left(self.handler.call(request, shop)),
            Some(problem) => Either::Right(Box::pin(refuse(problem, self.access, request, shop))),
        }
    }
}

/// Refuses the request. The known parameters are revealed only to callers who may use the endpoint.
async fn refuse(problem: Problem, access: Access, request: Request, shop: Shop) -> Response {
    let (mut parts, _body) = request.into_parts();
    let admitted = match access {
        // The layer in front of the admin paths has admitted the caller.
        Access::Everybody | Access::Admins => Ok(()),
        Access::Customers => Customer::from_request_parts(&mut parts, &shop).await.map(drop),
        Access::Listeners => {
            let token = parts.uri.query().and_then(|query| query::value(query, ACCESS_TOKEN));
            shop.tokens.session_of((&parts).into(), token.as_deref()).await.map(drop)
        }
    };
    admitted.err().unwrap_or(problem).into_response()
}
