//! A writing request: its principal, body, idempotency key, and preferred wait.

use app::commands::Idempotency;
use app::state::rows::AnswerKey;
use axum::extract::{FromRef, FromRequest, FromRequestParts, Request};
use domain::ids::UserId;
use schemars::JsonSchema;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use sha2::{Digest as _, Sha256};

use crate::api::Shop;
use crate::api::orders::owner::Whose;
use crate::api::request::acts;
use crate::api::request::checks::check_reason_if_given;
use crate::api::response::{examples, shapes};
use crate::api::texts::{details, values};
use crate::http::headers::{IdempotencyKey, Prefer};
use crate::http::{BodyLimits, Code, Problem, Violations, body, json};
use crate::openapi::{self, Describes, Operation, words};
use crate::security::auth::{Customer, Principal};

/// A body without fields. It may be left out.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Empty {}

/// Why something is removed. It may be left out.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "GivenReason", example = examples::given_reason())]
pub(crate) struct ReasonBody {
    /// Recorded in the trail.
    #[serde(default)]
    #[schemars(length(max = shapes::ADMIN_REASON_CHARS_MAX), regex(pattern = words::TEXT_NOT_BLANK))]
    reason: Option<String>,
}

impl ReasonBody {
    pub(in crate::api) fn check(&self) -> Result<(), Problem> {
        let mut violations = Violations::default();
        check_reason_if_given(self.reason.as_deref(), &mut violations);
        violations.into_result()
    }
}

/// A POST, PUT or PATCH with a token.
pub(crate) struct Submission<T> {
    pub(crate) principal: Principal,
    pub(crate) body: T,
    pub(crate) idempotency: Option<Idempotency>,
    pub(crate) prefer: Prefer,
    pub(crate) whose: Whose,
}

impl<T> Submission<T> {
    pub(crate) fn user(&self) -> UserId {
        UserId(self.principal.user_id)
    }

    /// Refuses a body that names another user.
    pub(crate) fn check_user(&self, named: Option<i64>) -> Result<(), Problem> {
        match named {
            Some(named) if named != self.principal.user_id => {
                Err(Problem::new(Code::AuthForbidden, details::OTHER_USER).at("#/userId"))
            }
            Some(_) | None => Ok(()),
        }
    }
}

impl<T: DeserializeOwned> FromRequest<Shop> for Submission<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, shop: &Shop) -> Result<Submission<T>, Problem> {
        let (mut parts, stream) = request.into_parts();
        let Customer(principal) = Customer::from_request_parts(&mut parts, shop).await?;
        if body::is_announced(&parts.headers) {
            json::require_json(&parts.headers)?;
        }
        let IdempotencyKey(key) = IdempotencyKey::from_request_parts(&mut parts, shop).await?;
        let Ok(prefer) = Prefer::from_request_parts(&mut parts, shop).await;
        let bytes = body::read(&parts.headers, stream, BodyLimits::from_ref(shop)).await?;
        // An empty body counts as `{}`, so that the problem names the missing fields.
        let bytes = if bytes.trim_ascii().is_empty() { b"{}" } else { bytes.as_ref() };
        let body = json::parse(bytes)?;
        acts::note_body(bytes);
        let idempotency = key.map(|key| Idempotency {
            key: scoped(principal.user_id, parts.uri.path(), &key),
            fingerprint: Sha256::digest(bytes).into(),
        });
        let whose = Whose::of(principal, &parts.uri);
        Ok(Submission { principal, body, idempotency, prefer, whose })
    }
}

impl<T: DeserializeOwned + JsonSchema> Describes for Submission<T> {
    fn describe(operation: &mut Operation) {
        Customer::describe(operation);
        IdempotencyKey::describe(operation);
        openapi::body::<T>(operation);
    }
}

/// A submission that refuses an `Idempotency-Key`, for endpoints that submit no command and so keep no answer to repeat.
pub(crate) struct Unkeyed<T>(pub(crate) Submission<T>);

impl<T: DeserializeOwned> FromRequest<Shop> for Unkeyed<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, shop: &Shop) -> Result<Unkeyed<T>, Problem> {
        let submission = Submission::from_request(request, shop).await?;
        match submission.idempotency {
            None => Ok(Unkeyed(submission)),
            Some(_) => Err(Problem::invalid_header(IdempotencyKey::NAME, "not_supported", values::NO_KEY_HERE)),
        }
    }
}

impl<T: DeserializeOwned + JsonSchema> Describes for Unkeyed<T> {
    fn describe(operation: &mut Operation) {
        Customer::describe(operation);
        openapi::body::<T>(operation);
    }
}

/// Returns an idempotency key scoped to a user and a path. Each part is preceded by its length, so that parts cannot run together.
pub(in crate::api) fn scoped(user: i64, path: &str, key: &str) -> AnswerKey {
    let mut hasher = Sha256::new();
    hasher.update(user.to_be_bytes());
    for part in [path, key] {
        hasher.update((part.len() as u64).to_be_bytes());
        hasher.update(part);
    }
    AnswerKey(hasher.finalize().into())
}
