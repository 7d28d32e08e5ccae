//! User endpoints: register and log in.

pub(crate) mod api_keys;
pub(crate) mod notifications;
pub(crate) mod points;
pub(crate) mod sessions;
pub(crate) mod staff;
pub(crate) mod trail;

use std::sync::Arc;
use std::time::Duration;

use app::commands::answer::Answer;
use app::commands::{Command, Idempotency, RegisterUser};
use app::state::rows::{EmailKey, Login, Role as StoredRole};
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::Shop;
use super::request::caller::Caller;
use super::request::submission::scoped;
use super::response::examples;
use super::response::refusals::problem;
use crate::api::request::checks::check_name;
use crate::api::response::refusals::unavailable;
use crate::api::response::replies::mark_replayed;
use crate::api::texts::{details, values};
use crate::http::headers::{IdempotencyKey, NoIdempotencyKey};
use crate::http::json::Json;
use crate::http::{Code, Problem, Violations};
use crate::openapi::words;
use crate::security::auth::{Principal, Role};
use crate::security::email::{EMAIL_CHARS_MAX, is_email};
use crate::security::login_attempts::seconds;
use crate::security::passwords;

/// The user id under which idempotency keys without a token are kept; users are numbered from 1.
const NOBODY: i64 = 0;

/// After this time every process knows of a changed password.
const CHANGE_IS_NEW: Duration = Duration::from_secs(60);
const PASSWORD_CHARS_MIN: usize = 8;
const PASSWORD_CHARS_MAX: usize = 200;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "RegisterUser", example = examples::register_user())]
pub(crate) struct RegisterBody {
    #[schemars(length(max = EMAIL_CHARS_MAX), regex(pattern = words::EMAIL))]
    email: String,
    #[schemars(length(min = PASSWORD_CHARS_MIN, max = PASSWORD_CHARS_MAX))]
    password: String,
    /// 1 to 200 characters.
    #[schemars(regex(pattern = words::NAME))]
    name: String,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Login", example = examples::login())]
pub(crate) struct LoginBody {
    email: String,
    password: String,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "RegisteredUser", example = examples::registered_user())]
pub(crate) struct RegisteredBody {
    user_id: i64,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Token", example = examples::token())]
pub(crate) struct TokenBody {
    access_token: String,
    /// Seconds until the token expires.
    expires_in: u64,
}

/// `POST /api/users`.
pub(crate) async fn register(
    State(shop): State<Shop>,
    IdempotencyKey(key): IdempotencyKey,
    Json(body): Json<RegisterBody>,
) -> Result<Response, Problem> {
    let mut violations = Violations::default();
    let name = check_name(&body.name, &mut violations);
    check_credentials(&body.email, &body.password, &mut violations);
    violations.into_result()?;
    let idempotency = key.map(|key| Idempotency {
        key: scoped(NOBODY, "/api/users", &key),
        fingerprint: shop.fingerprints.of(&[&body.email, &body.password, &body.name]),
    });
    let hash = shop.passwords.hash(body.password).await?;
    let user = RegisterUser {
        email: Arc::from(body.email.trim()),
        email_key: email_key(&body.email),
        name,
        password_hash: Arc::from(hash),
        role: StoredRole::Customer,
        candidate: None,
    };
    let reply = shop.submitter.submit(Command::RegisterUser(Box::new(user)), idempotency).await;
    let Answer::UserRegistered { user } = reply.result.map_err(|refusal| problem(&refusal))? else {
        unreachable!("registering is answered with the user");
    };
    let mut response = (StatusCode::CREATED, Json(RegisteredBody { user_id: user.0 })).into_response();
    mark_replayed(&mut response, reply.replayed);
    Ok(response)
}

/// `POST /api/auth/login`.
pub(crate) async fn login(
    State(shop): State<Shop>,
    caller: Caller,
    _: NoIdempotencyKey,
    Json(body): Json<LoginBody>,
) -> Result<Json<TokenBody>, Problem> {
    let login = authenticate(&shop, caller, body).await?;
    let access_token = shop.tokens.mint(principal(&login), shop.token_ttl);
    Ok(Json(TokenBody { access_token, expires_in: shop.token_ttl.as_secs() }))
}

/// Returns the login of an address and its password. An unknown address and a wrong password give the same answer after the same
/// time.
async fn authenticate(shop: &Shop, caller: Caller, body: LoginBody) -> Result<Login, Problem> {
    let key = email_key(&body.email);
    // Accounts created before addresses were Unicode-normalised are stored under the former key.
    let former = former_email_key(&body.email);
    let guess = shop.guesses.begin(key, caller.address).map_err(|wait| {
        note_refused(shop, caller, &body.email, "too many wrong passwords");
        Problem::new(Code::RateExceeded, details::GUESSES_TOO_MANY).after(seconds(wait))
    })?;
    let mut login = shop.submitter.views.login(key).await.map_err(unavailable)?;
    if login.is_none() && former != key {
        login = shop.submitter.views.login(former).await.map_err(unavailable)?;
    }
    let hash = login.as_ref().map(|login| login.password_hash.to_string());
    let is_right = shop.passwords.verify(body.password, hash).await?;
    let Some(login) = login.filter(|_| is_right) else {
        guess.was_wrong();
        note_refused(shop, caller, &body.email, "wrong address or password");
        return Err(Problem::new(Code::AuthInvalidCredentials, details::CREDENTIALS));
    };
    // Another process may have changed the password a moment ago. Earlier changes are known already, and news of a change
    // makes every verified token be verified again.
    let now = shop.submitter.clock.now();
    if let Some(since) = login.tokens_since.filter(|since| now < *since + CHANGE_IS_NEW) {
        shop.tokens.end_before(login.user, since);
    }
    Ok(login)
}

fn principal(login: &Login) -> Principal {
    let role = match login.role {
        StoredRole::Customer | StoredRole::Former => Role::Customer,
        StoredRole::Viewer => Role::Viewer,
        StoredRole::Operator => Role::Operator,
        StoredRole::Admin => Role::Admin,
    };
    Principal { user_id: login.user.0, role }
}

/// Logs a refused login. The account is logged as a keyed hash, so that the log reveals no address.
fn note_refused(shop: &Shop, caller: Caller, email: &str, why: &str) {
    let Some(left_out) = shop.guesses.tells() else { return };
    let account = shop.fingerprints.of(&["account", email.trim()]);
    let account = u64::from_be_bytes(std::array::from_fn(|at| account[at]));
    let address = caller.address.map(tracing::field::display);
    tracing::warn!(trace = %caller.trace, account = format!("{account:016x}"), address, left_out, "A login was refused: {why}");
}

/// Returns the key of an address: lower-cased and Unicode-normalised.
pub(crate) fn email_key(email: &str) -> EmailKey {
    former_email_key(&passwords::composed(email))
}

fn former_email_key(email: &str) -> EmailKey {
    EmailKey(Sha256::digest(email.trim().to_lowercase()).into())
}

fn check_credentials(email: &str, password: &str, violations: &mut Violations) {
    check_email(email, violations);
    check_password("#/password", password, violations);
}

fn check_email(email: &str, violations: &mut Violations) {
    if !is_email(email.trim()) {
        violations.push("#/email", "not_an_email", values::EMAIL);
    }
}

fn check_password(pointer: &str, password: &str, violations: &mut Violations) {
    let length = passwords::composed(password).chars().count();
    if !(PASSWORD_CHARS_MIN..=PASSWORD_CHARS_MAX).contains(&length) {
        violations.push(pointer, "length", values::CHARACTERS.with(PASSWORD_CHARS_MIN).with(PASSWORD_CHARS_MAX));
    }
}
