//! API keys: admins make them for programs, see when they were used, and revoke them.

use app::commands::answer::changed::Changed;
use app::commands::{ApiKeyCommand, Command, NewApiKey};
use app::events::wire_time;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use domain::api_key::{ApiKey, Scope};
use domain::ids::ApiKeyId;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::api::Shop;
use crate::api::request::checks::check_name;
use crate::api::request::pages::PageQuery;
use crate::api::request::submission::{ReasonBody, Submission};
use crate::api::response::examples;
use crate::api::response::refusals::{api_key_not_found, unavailable};
use crate::api::response::render::Page;
use crate::api::response::replies::{deleted, left_behind, mark_replayed};
use crate::api::texts::{details, values};
use crate::http::cursor::List;
use crate::http::json::Json;
use crate::http::path::{self, Id};
use crate::http::query::Query;
use crate::http::{Code, Problem, Violations};
use crate::openapi::words;
use crate::security::api_keys;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "CreateApiKey", example = examples::create_api_key())]
pub(crate) struct CreateBody {
    /// 1 to 200 characters: which program uses it.
    #[schemars(regex(pattern = words::NAME))]
    name: String,
    #[schemars(with = "Vec<words::ScopeWord>", length(min = 1, max = Scope::ALL.len()))]
    scopes: Vec<String>,
}

/// An API key, without its secret.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "ApiKey", example = examples::api_key())]
pub(crate) struct ApiKeyBody {
    key_id: i64,
    name: String,
    #[schemars(with = "Vec<words::ScopeWord>")]
    scopes: Vec<&'static str>,
    /// The user who made it. The key can do no more than they can.
    created_by: i64,
    #[schemars(with = "words::Moment")]
    created_at: String,
    /// Accurate to a minute; absent before the first use.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<words::Moment>")]
    last_used_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<words::Moment>")]
    revoked_at: Option<String>,
}

/// An API key that was made.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "CreatedApiKey", example = examples::created_api_key())]
pub(crate) struct CreatedBody {
    #[serde(flatten)]
    made: ApiKeyBody,
    /// The secret, which is shown in this answer only; a repeat of the request does not show it.
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<String>,
}

fn body(key: &ApiKey) -> ApiKeyBody {
    ApiKeyBody {
        key_id: key.id.0,
        name: key.name.to_string(),
        scopes: key.scopes.iter().map(|scope| scope.name()).collect(),
        created_by: key.created_by.0,
        created_at: wire_time::format(key.created_at),
        last_used_at: key.last_used_at.map(wire_time::format),
        revoked_at: key.revoked_at.map(wire_time::format),
    }
}

/// `POST /api/admin/api-keys`.
pub(crate) async fn create(State(shop): State<Shop>, submission: Submission<CreateBody>) -> Result<Response, Problem> {
    let mut violations = Violations::default();
    let name = check_name(&submission.body.name, &mut violations);
    let scopes = check_scopes(&submission.body.scopes, &mut violations);
    violations.into_result()?;
    let secret = api_keys::made().map_err(|_| Problem::new(Code::Internal, details::PASSWORD_FAILED))?;
    let new = NewApiKey { hash: api_keys::hash(&secret), name, scopes, by: submission.user() };
    let command = Command::ApiKey(ApiKeyCommand::Create(Box::new(new)));
    let reply = shop.submitter.submit(command, submission.idempotency).await;
    let (Some(Changed::ApiKey(made)), replayed) = left_behind(reply)? else { return Err(api_key_not_found()) };
    let created = CreatedBody { made: body(&made), key: (!replayed).then_some(secret) };
    let mut response = (StatusCode::CREATED, Json(created)).into_response();
    mark_replayed(&mut response, replayed);
    Ok(response)
}

/// Returns the scopes, each once, in the order of the list of all scopes.
fn check_scopes(given: &[String], violations: &mut Violations) -> Vec<Scope> {
    if given.is_empty() {
        violations.push("#/scopes", "required", values::SCOPES);
    }
    for (at, _) in given.iter().enumerate().filter(|(_, name)| Scope::from_name(name).is_none()) {
        violations.push(format!("#/scopes/{at}"), "unknown_scope", values::SCOPES);
    }
    Scope::ALL.into_iter().filter(|scope| given.iter().any(|name| name == scope.name())).collect()
}

/// `GET /api/admin/api-keys`.
pub(crate) async fn list(
    State(shop): State<Shop>,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<ApiKeyBody>>, Problem> {
    let page = query.page(&shop, List { name: "admin/api-keys", owner: None, filter: "" })?;
    let keys = shop.submitter.views.api_keys(page.after.map(ApiKeyId), page.fetch()).await.map_err(unavailable)?;
    Ok(Json(page.of(keys, |key| key.id.0, body)))
}

/// `DELETE /api/admin/api-keys/{id}`.
pub(crate) async fn revoke(
    State(shop): State<Shop>,
    id: Id<path::ApiKey>,
    submission: Submission<ReasonBody>,
) -> Result<Response, Problem> {
    submission.body.check()?;
    let command = Command::ApiKey(ApiKeyCommand::Revoke(ApiKeyId(id.0)));
    let (_, replayed) = left_behind(shop.submitter.submit(command, submission.idempotency).await)?;
    Ok(deleted(replayed))
}
