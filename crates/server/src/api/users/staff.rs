//! The people who run the shop: admins invite them, give them roles, and take these away.

use std::sync::Arc;

use app::commands::answer::Answer;
use app::commands::answer::changed::{Changed, LoginAsOf};
use app::commands::{ChangeLogin, Command, Idempotency, LoginChange, RegisterUser};
use app::state::rows::{EmailKey, Login, Role as StoredRole};
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::SET_COOKIE;
use axum::response::{IntoResponse, Response};
use domain::ids::UserId;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{LoginBody, authenticate, check_email, check_password, email_key};
use crate::api::Shop;
use crate::api::request::caller::Caller;
use crate::api::request::checks::{check_name, check_reason_if_given};
use crate::api::request::pages::PageQuery;
use crate::api::request::submission::Submission;
use crate::api::response::refusals::{problem, unavailable, user_not_found};
use crate::api::response::render::Page;
use crate::api::response::replies::{Shown, left_behind, mark_replayed, shown};
use crate::api::response::{examples, shapes};
use crate::api::texts::details;
use crate::http::cursor::List;
use crate::http::headers::NoIdempotencyKey;
use crate::http::json::Json;
use crate::http::path::{Id, User};
use crate::http::query::Query;
use crate::http::{Code, Problem, Violations};
use crate::openapi::words;
use crate::security::auth::{Customer, Principal, Role};
use crate::security::email::EMAIL_CHARS_MAX;
use crate::security::passwords;
use crate::security::session_cookie;

/// A role that admins give. `customer` takes every right in the shop's administration away.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum GivenRole {
    Customer,
    Viewer,
    Operator,
    Admin,
}

impl GivenRole {
    /// A person who had a role is remembered as such, so that tokens of before are worth nothing.
    const fn stored(self) -> StoredRole {
        match self {
            GivenRole::Customer => StoredRole::Former,
            GivenRole::Viewer => StoredRole::Viewer,
            GivenRole::Operator => StoredRole::Operator,
            GivenRole::Admin => StoredRole::Admin,
        }
    }
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "InviteUser", example = examples::invite_user())]
pub(crate) struct InviteBody {
    #[schemars(length(max = EMAIL_CHARS_MAX), regex(pattern = words::EMAIL))]
    email: String,
    /// 1 to 200 characters.
    #[schemars(regex(pattern = words::NAME))]
    name: String,
    #[schemars(with = "words::RoleWord")]
    role: GivenRole,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "ChangeUser", example = examples::change_user())]
pub(crate) struct ChangeBody {
    #[schemars(with = "words::RoleWord")]
    role: GivenRole,
    /// Recorded in the trail.
    #[serde(default)]
    #[schemars(length(max = shapes::ADMIN_REASON_CHARS_MAX), regex(pattern = words::TEXT_NOT_BLANK))]
    reason: Option<String>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schemars(rename = "ChangePassword", example = examples::change_password())]
pub(crate) struct PasswordBody {
    current_password: String,
    #[schemars(length(min = super::PASSWORD_CHARS_MIN, max = super::PASSWORD_CHARS_MAX))]
    new_password: String,
}

/// A person with a role in the shop's administration.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "StaffMember", example = examples::staff_member())]
pub(crate) struct StaffBody {
    user_id: i64,
    email: String,
    name: String,
    #[schemars(with = "words::RoleWord")]
    role: &'static str,
}

/// A person who was invited.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "InvitedUser", example = examples::invited_user())]
pub(crate) struct InvitedBody {
    #[serde(flatten)]
    member: StaffBody,
    /// The first password, which is shown in this answer only; a repeat of the request does not show it.
    #[serde(skip_serializing_if = "Option::is_none")]
    password: Option<String>,
}

fn body(login: &LoginAsOf) -> StaffBody {
    StaffBody {
        user_id: login.user.0,
        email: login.email.to_string(),
        name: login.name.to_string(),
        role: login.role.shown(),
    }
}

/// `POST /api/admin/users`.
pub(crate) async fn invite(State(shop): State<Shop>, submission: Submission<InviteBody>) -> Result<Response, Problem> {
    let given = &submission.body;
    let mut violations = Violations::default();
    let name = check_name(&given.name, &mut violations);
    check_email(&given.email, &mut violations);
    violations.into_result()?;
    let password = passwords::made().map_err(|_| Problem::new(Code::Internal, details::PASSWORD_FAILED))?;
    let user = RegisterUser {
        email: Arc::from(given.email.trim()),
        email_key: email_key(&given.email),
        name,
        password_hash: Arc::from(shop.passwords.hash(password.clone()).await?),
        role: given.role.stored(),
        candidate: None,
    };
    let command = Command::RegisterUser(Box::new(user));
    let (login, replayed) = changed(&shop, None, command, submission.idempotency).await?;
    let password = (!replayed).then_some(password);
    let mut response = (StatusCode::CREATED, Json(InvitedBody { member: body(&login), password })).into_response();
    mark_replayed(&mut response, replayed);
    Ok(response)
}

/// `GET /api/admin/users`.
pub(crate) async fn list(
    State(shop): State<Shop>,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<StaffBody>>, Problem> {
    let page = query.page(&shop, List { name: "admin/users", owner: None, filter: "" })?;
    let staff = shop.submitter.views.staff(page.after.map(UserId), page.fetch()).await.map_err(unavailable)?;
    Ok(Json(page.of(staff, |login| login.user.0, |login| body(&LoginAsOf::of(login)))))
}

/// `PATCH /api/admin/users/{id}`.
pub(crate) async fn change(
    State(shop): State<Shop>,
    id: Id<User>,
    submission: Submission<ChangeBody>,
) -> Result<Shown<StaffBody>, Problem> {
    // So the shop always has an admin: the one who makes the change.
    if submission.principal.user_id == id.0 {
        return Err(Problem::new(Code::AuthForbidden, details::OWN_ROLE));
    }
    let mut violations = Violations::default();
    check_reason_if_given(submission.body.reason.as_deref(), &mut violations);
    violations.into_result()?;
    let login = shop.submitter.views.login_of(UserId(id.0)).await.map_err(unavailable)?;
    let login = login.ok_or_else(user_not_found)?;
    let change = ChangeLogin {
        email_key: stored_key(&shop, login.user).await?,
        user: login.user,
        change: LoginChange::Role(submission.body.role.stored()),
    };
    let command = Command::ChangeLogin(Box::new(change));
    let (login, replayed) = changed(&shop, Some(login.user), command, submission.idempotency).await?;
    if !replayed {
        tracing::info!(by = submission.principal.user_id, user = id.0, role = login.role.shown(), "A role was given");
    }
    Ok(shown(body(&login), replayed))
}

/// Submits the command. Returns the login as the command left it, and whether the answer is a repeat.
async fn changed(
    shop: &Shop,
    user: Option<UserId>,
    command: Command,
    idempotency: Option<Idempotency>,
) -> Result<(LoginAsOf, bool), Problem> {
    let reply = shop.submitter.submit(command, idempotency).await;
    let user = reply.result.as_ref().ok().and_then(Answer::user).or(user);
    match left_behind(reply)? {
        (Some(Changed::Login(login)), replayed) => Ok((login, replayed)),
        // An older version kept the answer.
        (_, replayed) => {
            let user = user.ok_or_else(user_not_found)?;
            let login = shop.submitter.views.login_of(user).await.map_err(unavailable)?.ok_or_else(user_not_found)?;
            Ok((LoginAsOf::of(&login), replayed))
        }
    }
}

/// `POST /api/users/me/password`.
pub(crate) async fn change_password(
    State(shop): State<Shop>,
    Customer(principal): Customer,
    caller: Caller,
    _: NoIdempotencyKey,
    Json(given): Json<PasswordBody>,
) -> Result<Response, Problem> {
    let mut violations = Violations::default();
    check_password("#/newPassword", &given.new_password, &mut violations);
    violations.into_result()?;
    let login = shop.submitter.views.login_of(UserId(principal.user_id)).await.map_err(unavailable)?;
    let login = login.ok_or_else(user_not_found)?;
    let known = LoginBody { email: login.email.to_string(), password: given.current_password };
    let login = authenticate(&shop, caller, known)
        .await
        .map_err(|problem| problem.reworded(Code::AuthInvalidCredentials, details::CURRENT_PASSWORD))?;
    // The address of a person of an identity provider may belong to another login here.
    if login.user.0 != principal.user_id {
        return Err(Problem::new(Code::AuthInvalidCredentials, details::CURRENT_PASSWORD));
    }
    let hash = shop.passwords.hash(given.new_password).await?;
    let change = ChangeLogin {
        email_key: stored_key(&shop, login.user).await?,
        user: login.user,
        change: LoginChange::Password(Arc::from(hash)),
    };
    let reply = shop.submitter.submit(Command::ChangeLogin(Box::new(change)), None).await;
    reply.result.map_err(|refusal| problem(&refusal))?;
    let login = shop.submitter.views.login_of(login.user).await.map_err(unavailable)?.ok_or_else(user_not_found)?;
    if let Some(since) = login.tokens_since {
        shop.tokens.end_before(login.user, since);
    }
    let Some(is_secure) = caller.cookie_is_secure else { return Ok(StatusCode::NO_CONTENT.into_response()) };
    // This browser stays logged in; all others are logged out.
    let token = shop.tokens.mint(super::principal(&login), shop.token_ttl);
    let cookie = session_cookie::start(&token, shop.token_ttl, is_secure);
    Ok((StatusCode::NO_CONTENT, [(SET_COOKIE, cookie)]).into_response())
}

/// Returns the key under which a login is stored.
async fn stored_key(shop: &Shop, user: UserId) -> Result<EmailKey, Problem> {
    shop.submitter.views.email_key(user).await.map_err(unavailable)?.ok_or_else(user_not_found)
}

/// Returns the role that the maker of a key has now. An identity provider's person has none here: the provider alone knows if
/// they still are an admin, and a key never asks it.
pub(crate) async fn role_of_maker(shop: &Shop, maker: UserId) -> Result<Role, Problem> {
    let login = shop.submitter.views.login_of(maker).await.map_err(unavailable)?;
    // Without a login, an operator of the machine made the token that made the key.
    Ok(login.map_or(Role::Admin, |login| super::principal(&login).role))
}

/// Returns the role that counts: the token's, or a lower one that the store has for its user. A role that was taken away is
/// gone at once, not only when the token expires.
pub(crate) async fn role_in_force(shop: &Shop, principal: Principal) -> Result<Role, Problem> {
    if !principal.is_staff() {
        return Ok(principal.role);
    }
    let login = shop.submitter.views.login_of(UserId(principal.user_id)).await.map_err(unavailable)?;
    Ok(role_with(principal, login.as_ref()))
}

/// Returns the role that counts for a token whose user has this login.
pub(crate) fn role_with(principal: Principal, login: Option<&Login>) -> Role {
    if !principal.is_staff() {
        return principal.role;
    }
    let highest = match login.map_or(StoredRole::Customer, |login| login.role) {
        // A customer's number, or one without a login, in a staff token: an operator of the machine made it.
        StoredRole::Customer | StoredRole::Admin => Role::Admin,
        StoredRole::Operator => Role::Operator,
        StoredRole::Viewer => Role::Viewer,
        StoredRole::Former => Role::Customer,
    };
    principal.role.min(highest)
}
