//! Alerts for operators.

use app::events::wire_time;
use axum::extract::State;
use domain::alert::{Alert, Measure};
use domain::ids::AlertId;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::api::Shop;
use crate::api::request::pages::PageQuery;
use crate::api::response::refusals::unavailable;
use crate::api::response::render::Page;
use crate::api::response::webhook_examples as examples;
use crate::http::Problem;
use crate::http::cursor::List;
use crate::http::json::Json;
use crate::http::query::Query;
use crate::openapi::words;

#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct AlertsQuery {
    /// `open`: those that are not cleared; `all`: all of them. Default: `open`.
    #[serde(default)]
    status: Option<Filter>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
enum Filter {
    #[default]
    Open,
    All,
}

/// A situation that an operator should know of.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Alert", example = examples::alert())]
pub(crate) struct AlertBody {
    alert_id: i64,
    #[schemars(with = "words::AlertCodeWord")]
    code: &'static str,
    #[schemars(with = "words::SeverityWord")]
    severity: &'static str,
    /// The subject, such as a consumer group, a webhook, an order or a machine. Absent: the whole shop.
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<String>,
    /// As measured when the alert was raised.
    #[schemars(with = "f64")]
    value: Measure,
    #[schemars(with = "f64")]
    threshold: Measure,
    #[schemars(with = "words::Moment")]
    since: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<words::Moment>")]
    cleared_at: Option<String>,
    /// The page and heading that say what to do.
    runbook: String,
}

/// `GET /api/admin/alerts`: the newest first.
pub(crate) async fn list(
    State(shop): State<Shop>,
    Query(which): Query<AlertsQuery>,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<AlertBody>>, Problem> {
    let is_open = which.status.unwrap_or_default() == Filter::Open;
    let filter = if is_open { "open" } else { "all" };
    let page = query.page(&shop, List { name: "admin/alerts", owner: None, filter })?;
    let alerts = shop.submitter.views.alerts(is_open, page.after.map(AlertId), page.fetch());
    Ok(Json(page.of(alerts.await.map_err(unavailable)?, |alert| alert.id.0, body)))
}

fn body(alert: &Alert) -> AlertBody {
    AlertBody {
        alert_id: alert.id.0,
        code: alert.code.name(),
        severity: alert.severity.name(),
        subject: (!alert.subject.is_empty()).then(|| alert.subject.to_string()),
        value: alert.value,
        threshold: alert.threshold,
        since: wire_time::format(alert.since),
        cleared_at: alert.cleared_at.map(wire_time::format),
        runbook: format!("docs/monitoring.md#{}", alert.code.name().to_lowercase()),
    }
}
