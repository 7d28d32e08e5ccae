//! The level of this process's log.

use axum::extract::State;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::api::Shop;
use crate::api::request::submission::Unkeyed;
use crate::api::response::webhook_examples as examples;
use crate::api::texts::operators;
use crate::config::is_log_level;
use crate::http::json::Json;
use crate::http::{Code, Problem, Violations};
use crate::system::logging;

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "LogLevel", example = examples::log_level())]
pub(crate) struct LevelBody {
    /// `error`, `warn`, `info`, `debug`, `trace` or `off`, or a filter such as `info,server=debug`.
    #[schemars(length(max = 1000), regex(pattern = FILTER))]
    level: String,
}

/// A level, or levels of modules. Upper case is accepted as well.
const FILTER: &str = "^([a-z_]+(::[a-z_]+)*=)?(error|warn|info|debug|trace|off)(,([a-z_]+(::[a-z_]+)*=)?(error|warn|info|debug|trace|off))*$";

/// `GET /api/admin/log-level`.
pub(crate) async fn get(State(_shop): State<Shop>) -> Json<LevelBody> {
    Json(LevelBody { level: logging::level() })
}

/// `PUT /api/admin/log-level`: applies to this process until it ends.
pub(crate) async fn put(
    State(_shop): State<Shop>,
    Unkeyed(submission): Unkeyed<LevelBody>,
) -> Result<Json<LevelBody>, Problem> {
    let level = submission.body.level.trim();
    let is_good = level.len() <= 1_000 && is_log_level(level);
    if !is_good {
        let mut violations = Violations::default();
        violations.push("#/level", "not_accepted", operators::LOG_LEVEL);
        violations.into_result()?;
    }
    if logging::set_level(level).is_err() {
        return Err(Problem::new(Code::Internal, operators::LOG_LEVEL));
    }
    let admin = submission.principal.user_id;
    tracing::warn!(admin, level, "Admin {admin} set the log's level to {level}.");
    Ok(Json(LevelBody { level: logging::level() }))
}
