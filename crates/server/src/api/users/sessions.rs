//! Sessions of browsers: a token in a cookie that scripts cannot read, and the user that a token speaks for.

use app::state::rows::Login;
use axum::extract::{FromRequestParts, State};
use axum::http::StatusCode;
use axum::http::header::{ORIGIN, SET_COOKIE};
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use domain::ids::UserId;
use schemars::JsonSchema;
use serde::Serialize;

use super::staff::role_with;
use super::{LoginBody, authenticate, principal};
use crate::api::Shop;
use crate::api::request::caller::Caller;
use crate::api::request::site::Site;
use crate::api::response::examples;
use crate::api::response::refusals::{problem, unavailable};
use crate::api::texts::details;
use crate::http::headers::NoIdempotencyKey;
use crate::http::json::Json;
use crate::http::{Code, Problem};
use crate::openapi::{Describes, Operation, words};
use crate::security::api_keys;
use crate::security::auth::{Customer, Principal, Role, token_of};
use crate::security::session_cookie;

/// The user that a token speaks for.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "User", example = examples::user())]
pub(crate) struct UserBody {
    user_id: i64,
    /// Absent, like `name`, for a user that is not registered: an operator can make a token for any number.
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[schemars(with = "words::RoleWord")]
    role: Role,
}

impl UserBody {
    fn of(principal: Principal, login: Option<&Login>) -> UserBody {
        UserBody {
            user_id: principal.user_id,
            email: login.map(|login| login.email.to_string()),
            name: login.map(|login| login.name.to_string()),
            role: principal.role,
        }
    }
}

/// `POST /api/auth/session`.
pub(crate) async fn start(
    State(shop): State<Shop>,
    caller: Caller,
    _: NoIdempotencyKey,
    site: Site,
    Json(body): Json<LoginBody>,
) -> Result<Response, Problem> {
    let login = authenticate(&shop, caller, body).await?;
    let principal = principal(&login);
    let token = shop.tokens.mint(principal, shop.token_ttl);
    let cookie = session_cookie::start(&token, shop.token_ttl, site.is_secure());
    Ok(([(SET_COOKIE, cookie)], Json(UserBody::of(principal, Some(&login)))).into_response())
}

/// The token of a request that ends it.
pub(crate) struct Leaving(Option<String>);

impl FromRequestParts<Shop> for Leaving {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _shop: &Shop) -> Result<Leaving, Problem> {
        if api_keys::of_request(&parts.headers).is_some() {
            return Err(Problem::new(Code::AuthForbidden, details::NOT_FOR_KEYS));
        }
        match token_of((&*parts).into(), None) {
            Ok(token) => Ok(Leaving(Some(token.to_owned()))),
            // Browsers name the origin with every such request, so another site's page cannot have sent this one.
            Err(refused) if refused.code() == Code::AuthForbidden && !parts.headers.contains_key(ORIGIN) => {
                Ok(Leaving(session_cookie::token(&parts.headers).map(str::to_owned)))
            }
            Err(refused) if refused.code() == Code::AuthRequired => Ok(Leaving(None)),
            Err(refused) => Err(refused),
        }
    }
}

impl Describes for Leaving {
    fn describe(operation: &mut Operation) {
        operation.refuse(Code::AuthForbidden);
    }
}

/// `DELETE /api/auth/session`. Needs no valid session, so that an expired one can be ended.
pub(crate) async fn end(State(shop): State<Shop>, Leaving(token): Leaving, site: Site) -> Result<Response, Problem> {
    if let Some(token) = token
        && let Ok(session) = shop.tokens.session_of_token(&token).await
    {
        let reply = shop.submitter.submit(session.ending(), None).await;
        reply.result.map_err(|refusal| problem(&refusal))?;
        shop.tokens.end(&token, &session);
    }
    let cookie = session_cookie::end(site.is_secure());
    Ok((StatusCode::NO_CONTENT, [(SET_COOKIE, cookie)]).into_response())
}

/// `GET /api/users/me`.
pub(crate) async fn me(State(shop): State<Shop>, Customer(principal): Customer) -> Result<Json<UserBody>, Problem> {
    let login = shop.submitter.views.login_of(UserId(principal.user_id)).await.map_err(unavailable)?;
    let role = role_with(principal, login.as_ref());
    Ok(Json(UserBody::of(Principal { role, ..principal }, login.as_ref())))
}
