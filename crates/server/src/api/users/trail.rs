//! `GET /api/admin/trail`: the acts of people and programs in the shop's administration.

use app::events::wire_time;
use app::state::rows::{Recorded, WantedDeeds};
use axum::extract::State;
use domain::ids::UserId;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::api::Shop;
use crate::api::request::acts::SUBJECT_CHARS_MAX;
use crate::api::request::filters::{Period, number, search};
use crate::api::request::pages::PageQuery;
use crate::api::response::examples;
use crate::api::response::refusals::unavailable;
use crate::api::response::render::Page;
use crate::http::Problem;
use crate::http::cursor::List;
use crate::http::json::Json;
use crate::http::query::Query;
use crate::openapi::words;

const ACTION_CHARS_MAX: usize = 64;

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TrailQuery {
    /// The user who acted.
    user_id: Option<i64>,
    /// The operation, by its `operationId` in this document.
    #[schemars(example = &"resolveOrder")]
    action: Option<String>,
    /// The path below `/api/admin/`, or its beginning.
    #[schemars(example = &"orders/ORD-7M3K9Q2XWP4T")]
    subject: Option<String>,
    #[schemars(with = "Option<words::Moment>")]
    from: Option<String>,
    /// Exclusive.
    #[schemars(with = "Option<words::Moment>")]
    to: Option<String>,
}

/// An act in the shop's administration.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "TrailEntry", example = examples::trail_entry())]
pub(crate) struct TrailBody {
    trail_id: i64,
    #[schemars(with = "words::Moment")]
    at: String,
    user_id: i64,
    /// The role in force at that moment.
    #[schemars(with = "words::RoleWord")]
    role: &'static str,
    /// The API key that acted for the user.
    #[serde(skip_serializing_if = "Option::is_none")]
    key_id: Option<i64>,
    /// The operation, by its `operationId` in this document.
    action: String,
    /// The path below `/api/admin/`; with the number of what was made.
    subject: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    /// The body of the request, without secrets. A large body is not kept: `bytes` says how long it was.
    #[serde(skip_serializing_if = "Option::is_none")]
    change: Option<Value>,
}

fn body(line: &Recorded) -> TrailBody {
    let deed = &line.deed;
    TrailBody {
        trail_id: line.id,
        at: wire_time::format(line.at),
        user_id: deed.by.0,
        role: deed.role.shown(),
        key_id: deed.key.map(|key| key.0),
        action: deed.action.to_string(),
        subject: deed.subject.to_string(),
        reason: deed.reason.as_ref().map(ToString::to_string),
        change: deed.change.as_ref().and_then(|change| serde_json::from_str(change).ok()),
    }
}

/// Newest first.
pub(crate) async fn list(
    State(shop): State<Shop>,
    Query(wanted): Query<TrailQuery>,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<TrailBody>>, Problem> {
    let Period { from, to } = Period::read(wanted.from.as_deref(), wanted.to.as_deref())?;
    let subject = search("subject", wanted.subject, SUBJECT_CHARS_MAX)?;
    let wanted = WantedDeeds {
        by: number("userId", wanted.user_id)?.map(UserId),
        action: search("action", wanted.action, ACTION_CHARS_MAX)?.map(Into::into),
        subject: subject.map(|subject| subject.trim_end_matches('/').into()),
        from,
        to,
    };
    let filter = format!("{wanted:?}");
    let page = query.page(&shop, List { name: "admin/trail", owner: None, filter: &filter })?;
    let lines = shop.submitter.views.trail(wanted, page.after, page.fetch()).await.map_err(unavailable)?;
    Ok(Json(page.of(lines, |line| line.id, body)))
}
