//! Endpoints of this process's participants of orders: the state of their breakers, and taking one out of service (R-01…R-03).

use app::resilience::breaker;
use app::resilience::services::Service;
use axum::extract::State;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::api::Shop;
use crate::api::request::checks::check_reason;
use crate::api::request::pages::PageQuery;
use crate::api::request::submission::Unkeyed;
use crate::api::response::render::Page;
use crate::api::response::{examples, shapes};
use crate::api::texts::operators;
use crate::http::cursor::List;
use crate::http::json::Json;
use crate::http::query::Query;
use crate::http::{Problem, Violations};
use crate::openapi::words;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "SwitchService", example = examples::switch_service())]
pub(crate) struct SwitchBody {
    #[schemars(with = "words::ServiceWord")]
    service: String,
    /// `true` takes the participant out of service: every call fails, as in an outage.
    out: bool,
    /// Written to the log.
    #[schemars(length(max = shapes::ADMIN_REASON_CHARS_MAX), regex(pattern = words::TEXT_NOT_BLANK))]
    reason: String,
}

/// A participant with its breaker.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Service", example = examples::service())]
pub(crate) struct ServiceBody {
    #[schemars(with = "words::ServiceWord")]
    service: &'static str,
    #[schemars(with = "words::BreakerWord")]
    breaker: &'static str,
    /// Whether an operator has taken the participant out of service.
    out: bool,
}

/// `GET /api/admin/services`: the participants of this process.
pub(crate) async fn list(
    State(shop): State<Shop>,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<ServiceBody>>, Problem> {
    let list = List { name: "admin/services", owner: None, filter: "" };
    Ok(Json(query.part(&shop, list, services(&shop))?))
}

fn services(shop: &Shop) -> Vec<ServiceBody> {
    let now = shop.submitter.clock.now();
    let body = |service: Service| ServiceBody {
        service: service.name(),
        breaker: breaker::State::name(shop.services.state(service, now)),
        out: shop.services.is_out(service),
    };
    Service::ALL.into_iter().map(body).collect()
}

/// `PUT /api/admin/services`: applies to this process until it ends. The log keeps who did it and why.
pub(crate) async fn put(
    State(shop): State<Shop>,
    Unkeyed(submission): Unkeyed<SwitchBody>,
) -> Result<Json<Page<ServiceBody>>, Problem> {
    let SwitchBody { service, out, reason } = &submission.body;
    let mut violations = Violations::default();
    let reason = check_reason(reason, &mut violations);
    let found = Service::from_name(service);
    if found.is_none() {
        violations.push("#/service", "not_accepted", operators::SERVICE_UNKNOWN);
    }
    violations.into_result()?;
    if let Some(service) = found {
        let admin = submission.principal.user_id;
        tracing::warn!(service = service.name(), out, admin, "Admin {admin} switched a participant: {reason}");
        shop.services.take_out(service, *out);
    }
    Ok(Json(Page { data: services(&shop), next_cursor: None }))
}
