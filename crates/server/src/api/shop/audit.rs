//! Audit endpoints: the running shop audits a snapshot of itself, and repairs derived data.

use app::audit::{self, Audit, Inspection, Repaired};
use app::commands::Command;
use axum::extract::State;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::api::Shop;
use crate::api::request::checks::check_reason;
use crate::api::request::submission::Unkeyed;
use crate::api::response::refusals::{problem, unavailable};
use crate::api::response::{examples, shapes};
use crate::api::texts::operators;
use crate::http::json::Json;
use crate::http::language::Language;
use crate::http::{Code, Problem, Violations};
use crate::runtime::submitter::Submitter;

/// The repairs, with the audit before and after them.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Repair", example = examples::repair())]
pub(crate) struct RepairBody {
    /// The number of repairs.
    repairs: usize,
    #[schemars(with = "Vec<shapes::Repaired>")]
    repaired: Vec<Repaired>,
    #[schemars(with = "shapes::Audit")]
    before: Audit,
    #[schemars(with = "shapes::Audit")]
    after: Audit,
}

/// The audit's report.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "AuditReport", example = examples::audit_report())]
pub(crate) struct AuditBody {
    #[serde(flatten)]
    #[schemars(with = "shapes::Audit")]
    audit: Audit,
    /// What a repair would do now.
    planned_repairs: Vec<PlannedRepair>,
}

/// A repair that would be made.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "PlannedRepair")]
pub(crate) struct PlannedRepair {
    /// The number of the violated law.
    pub(crate) law: u8,
    pub(crate) what: String,
}

impl PlannedRepair {
    pub(crate) fn of(command: &Command) -> PlannedRepair {
        let Repaired { law, what, .. } = Repaired::new(command, false);
        PlannedRepair { law, what }
    }
}

/// A request to repair the shop. It may be left out.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "RepairShop", example = examples::repair_shop())]
pub(crate) struct RepairAsked {
    /// Written to the trail.
    reason: Option<String>,
}

/// `GET /api/admin/audit`.
pub(crate) async fn report(State(shop): State<Shop>) -> Result<Json<AuditBody>, Problem> {
    let Inspection { audit, repairs } = inspect(&shop).await?;
    Ok(Json(AuditBody { audit, planned_repairs: repairs.iter().map(PlannedRepair::of).collect() }))
}

/// `POST /api/admin/audit/repair`.
pub(crate) async fn repair(
    State(shop): State<Shop>,
    Unkeyed(submission): Unkeyed<RepairAsked>,
) -> Result<Json<RepairBody>, Problem> {
    let mut violations = Violations::default();
    if let Some(reason) = &submission.body.reason {
        check_reason(reason, &mut violations);
    }
    violations.into_result()?;
    let Inspection { audit: before, repairs } = inspect(&shop).await?;
    let repaired = repair_all(&shop.submitter, repairs).await;
    let after = inspect(&shop).await?.audit;
    Ok(Json(RepairBody { repairs: repaired.len(), repaired, before, after }))
}

/// Submits the repairs that an audit requests. Returns of each whether it was committed.
pub(crate) async fn repair_all(submitter: &Submitter, repairs: Vec<Command>) -> Vec<Repaired> {
    let mut repaired = vec![];
    for command in repairs {
        let what = Repaired::new(&command, true);
        let refused = submitter.submit(command, None).await.result.err();
        match &refused {
            None => tracing::info!(law = what.law, "Repaired: {}", what.what),
            Some(refusal) => {
                let why = problem(refusal).detail(Language::English).into_owned();
                tracing::warn!(law = what.law, "Not repaired: {}: {why}", what.what);
            }
        }
        repaired.push(Repaired { done: refused.is_none(), ..what });
    }
    repaired
}

/// Audits the whole store on a blocking thread, so that it delays no other request.
pub(crate) async fn inspect(shop: &Shop) -> Result<Inspection, Problem> {
    let (snapshots, now) = (shop.snapshots.clone(), shop.submitter.clock.now());
    let look = move || audit::inspect(snapshots()?.as_mut(), now);
    match tokio::task::spawn_blocking(look).await {
        Ok(inspection) => {
            let inspection = inspection.map_err(unavailable)?;
            shop.audited.set(inspection.audit.violations);
            Ok(inspection)
        }
        Err(_panicked) => Err(Problem::new(Code::Internal, operators::AUDIT_FAILED)),
    }
}
