//! The audit from inside: the running shop looks at a snapshot of itself, and puts right what can be computed again.

use app::audit::{self, Audit, Inspection};
use axum::extract::State;
use schemars::JsonSchema;
use serde::Serialize;

use super::submission::Submission;
use super::{Empty, Shop, examples, shapes, unavailable};
use crate::http::json::Json;
use crate::http::{Code, Problem};
use crate::texts::operators;

/// What a repair did: the audit before it, and the audit after.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Repair", example = examples::repair())]
pub(crate) struct RepairBody {
    repairs: usize,
    #[schemars(with = "shapes::Audit")]
    before: Audit,
    #[schemars(with = "shapes::Audit")]
    after: Audit,
}

/// The audit as it is told.
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
pub(crate) async fn repair(
    State(shop): State<Shop>,
    _submission: Submission<Empty>,
) -> Result<Json<RepairBody>, Problem> {
    let Inspection { audit: before, repairs } = inspect(&shop).await?;
    let count = repairs.len();
    for command in repairs {
        let settled = shop.front.submit(command, None).await;
        if let Err(refusal) = settled.result {
            tracing::warn!("A repair was refused: {refusal:?}");
        }
    }
    let after = inspect(&shop).await?.audit;
    Ok(Json(RepairBody { repairs: count, before, after }))
}

/// Reads the whole store, on a thread that serves nobody meanwhile.
async fn inspect(shop: &Shop) -> Result<Inspection, Problem> {
    let (snapshots, now) = (shop.snapshots.clone(), shop.front.clock.now());
    let look = move || audit::inspect(snapshots()?.as_mut(), now);
    match tokio::task::spawn_blocking(look).await {
        Ok(inspection) => inspection.map_err(unavailable),
        Err(_panicked) => Err(Problem::new(Code::Internal, operators::AUDIT_FAILED)),
    }
}
