//! Client of a shop in the same process: sends requests to its router.

use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE};
use axum::http::{Request, StatusCode};
use http_body_util::BodyExt as _;
use serde_json::Value;
use tower::ServiceExt as _;

use super::Error;
use crate::api::{self, Shop, Surface};
use crate::security::auth::{Principal, Role};

/// The admin that the token names.
const OPERATOR: i64 = 1;
/// Longer than any demonstration: two months.
const TOKEN_TTL: Duration = Duration::from_secs(60 * 86_400);

#[derive(Debug)]
pub struct ShopClient {
    router: Router,
    admin: String,
}

impl ShopClient {
    pub fn of(shop: &Shop) -> ShopClient {
        let operator = Principal { user_id: OPERATOR, role: Role::Admin };
        ShopClient { router: api::router(shop, Surface::Everything), admin: shop.tokens.mint(operator, TOKEN_TTL) }
    }

    /// Returns the document at a path, as this token's user sees it.
    pub(super) async fn get(&self, path: &str, token: Option<&str>) -> Result<Value, Error> {
        let answer = self.ask("GET", path, token, None).await?;
        answer.expect(path)
    }

    pub(super) async fn post_as_admin(&self, path: &str, body: &Value) -> Result<Value, Error> {
        let answer = self.ask("POST", path, Some(&self.admin), Some(body)).await?;
        answer.expect(path)
    }

    /// Posts without a token and returns the answer, whatever its status.
    pub(super) async fn post(&self, path: &str, body: &Value) -> Result<Answer, Error> {
        self.ask("POST", path, None, Some(body)).await
    }

    /// Posts as this token's user. A refusal by the rules of the shop is an answer, too.
    pub(super) async fn ask_as(&self, token: &str, path: &str, body: &Value) -> Result<Value, Error> {
        let answer = self.ask("POST", path, Some(token), Some(body)).await?;
        if answer.status.is_client_error() { Ok(answer.document) } else { answer.expect(path) }
    }

    async fn ask(&self, method: &str, path: &str, token: Option<&str>, body: Option<&Value>) -> Result<Answer, Error> {
        let unreadable = || Error::Unreadable { what: path.to_owned() };
        let mut request = Request::builder().method(method).uri(path).header(CONTENT_TYPE, "application/json");
        if let Some(token) = token {
            request = request.header(AUTHORIZATION, format!("Bearer {token}"));
        }
        let body = body.map_or_else(Body::empty, |body| Body::from(body.to_string()));
        let request = request.body(body).map_err(|_| unreadable())?;
        let Ok(response) = self.router.clone().oneshot(request).await;
        let (head, body) = response.into_parts();
        let bytes = body.collect().await.map_err(|_| unreadable())?.to_bytes();
        let document = serde_json::from_slice(&bytes).map_err(|_| unreadable())?;
        Ok(Answer { status: head.status, document })
    }
}

/// The answer to a request, with any status.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    document: Value,
}

impl Answer {
    /// Returns the document if the request succeeded; `what` names the request in the error.
    pub(super) fn expect(self, what: &str) -> Result<Value, Error> {
        if self.status.is_success() {
            return Ok(self.document);
        }
        Err(Error::Refused { what: what.to_owned(), status: self.status, body: self.document.to_string() })
    }
}
