//! Audit endpoints: the running shop audits a snapshot of itself, and repairs derived data.

use app::audit::{self, Audit, Inspection, Repaired};
use app::commands::Command;
use axum::extract::State;
use schemars::JsonSchema;
use serde::Serialize;

use crate::api::Shop;
use crate::api::request::submission::{Empty, Unkeyed};
use crate::api::response::refusals::{problem, unavailable};
use crate::api::response::{examples, shapes};
use crate::api::texts::operators;
use crate::http::json::Json;
use crate::http::language::Language;
use crate::http::{Code, Problem};
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
#[serde(transparent)]
#[schemars(rename = "AuditReport", inline)]
pub(crate) struct AuditBody {
    #[schemars(with = "shapes::Audit")]
    audit: Audit,
}

/// `GET /api/admin/audit`.
pub(crate) async fn report(State(shop): State<Shop>) -> Result<Json<AuditBody>, Problem> {
    inspect(&shop).await.map(|inspection| Json(AuditBody { audit: inspection.audit }))
}

/// `POST /api/admin/audit/repair`.
pub(crate) async fn repair(State(shop): State<Shop>, _submission: Unkeyed<Empty>) -> Result<Json<RepairBody>, Problem> {
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
