//! Audits the shop: checks laws over one snapshot of the store, and repairs derived figures.
//!
//! A law holds at any moment beside a busy server, under both executors: work in flight is excluded by its state, never
//! by waiting. `docs/audit.md` states each law in the columns of the store.

mod dossier;
mod gate;
pub mod laws;
mod log;
mod repaired;
mod report;
mod snapshot;
#[cfg(test)]
mod tests;

use domain::time::Timestamp;

use crate::commands::Command;
use crate::ports::StoreError;

use dossier::Dossier;
use laws::answers::Promises;
use laws::coupons::CampaignBooks;
use laws::stock::StockBooks;
use log::LogCounts;
use report::{Findings, Verdict};

pub use crate::state::rows::Fulfilment;
pub use gate::BesideGate;
pub use repaired::Repaired;
pub use report::{Audit, Law, LawReport, Skipped};
pub use snapshot::{
    CampaignFact, CouponFacts, CustomerFacts, EventFacts, Link, LogFacts, NoticeLink, OrderEventFacts, OrderFacts,
    ProductFacts, ShardFacts, Snapshot,
};

/// The report of an audit, and the commands that repair what can be computed again.
#[derive(Clone, Debug, PartialEq)]
pub struct Inspection {
    pub audit: Audit,
    pub repairs: Vec<Command>,
}

/// The law of webhooks in the list of invariants; this shop has nothing that it applies to.
const WEBHOOKS: u8 = 17;

/// Checks all laws on a snapshot.
pub fn audit(snapshot: &mut dyn Snapshot, now: Timestamp) -> Result<Audit, StoreError> {
    inspect(snapshot, now).map(|inspection| inspection.audit)
}

/// Returns the commands of `--repair`: they set derived figures to what facts explain, recreate lost timers and resume
/// stuck orders. Facts are never changed.
pub fn repairs(snapshot: &mut dyn Snapshot, now: Timestamp) -> Result<Vec<Command>, StoreError> {
    inspect(snapshot, now).map(|inspection| inspection.repairs)
}

/// Audits and computes repairs in one pass.
pub fn inspect(snapshot: &mut dyn Snapshot, now: Timestamp) -> Result<Inspection, StoreError> {
    let mut findings = Findings::new();
    findings.skip(WEBHOOKS, "this program sends no webhooks");
    if !snapshot.has_gate() {
        findings
            .skip(Law::Gate.number(), "the store has no shared gate: REDIS_URL is not set, or Redis does not answer");
    }
    let counts = log::read(snapshot, now, &mut findings)?;
    let mut promises = Promises::default();
    snapshot.answers(&mut |key, stored| findings.note(Law::Idempotency, promises.take(key, stored)))?;
    let campaigns = inspect_campaigns(snapshot, &counts, &mut promises, &mut findings)?;
    let mut stock = StockBooks::default();
    snapshot.products(&mut |facts| stock.open(facts))?;
    let mut repairs = vec![];
    snapshot.orders(&mut |facts| {
        repairs.extend(laws::claims::repair(&facts));
        let dossier = Dossier::new(facts);
        stock.enter(&dossier);
        promises.order_exists(&dossier);
        findings.note(Law::Owed, laws::payments::owed_in_time(&dossier, now));
        inspect_order(&dossier, &campaigns, &mut findings);
    })?;
    stock.judge(&mut findings);
    promises.judge(&mut findings);
    repairs.extend(stock.repairs());
    repairs.extend(campaigns.repairs);
    snapshot.customers(&mut |facts| {
        findings.note(Law::Points, laws::points::account(&facts));
        findings.note(Law::Chains, laws::chains::chains(&facts));
        repairs.extend(laws::points::repair(&facts));
    })?;
    log::read_integrity(snapshot, &mut findings)?;
    Ok(Inspection { audit: findings.conclude(), repairs })
}

fn inspect_campaigns(
    snapshot: &mut dyn Snapshot,
    counts: &LogCounts,
    promises: &mut Promises,
    findings: &mut Findings,
) -> Result<CampaignBooks, StoreError> {
    let mut campaigns = CampaignBooks::default();
    snapshot.campaigns(&mut |fact| campaigns.take(fact, counts, promises, findings))?;
    campaigns.close(counts, findings);
    Ok(campaigns)
}

fn inspect_order(dossier: &Dossier, campaigns: &CampaignBooks, findings: &mut Findings) {
    let of_order = |law: fn(&Dossier, &domain::order::Order) -> Verdict| match dossier.order() {
        Some(order) => law(dossier, order),
        None => Ok(()),
    };
    findings.note(Law::Claims, laws::claims::claims(dossier));
    findings.note(Law::Demand, of_order(laws::claims::demand));
    findings.note(Law::Redemption, laws::redemption::redemption(dossier, &campaigns.campaigns));
    findings.note(Law::Points, laws::points::spent(dossier));
    findings.note(Law::Payments, laws::payments::payments(dossier));
    findings.note(Law::Shipments, laws::shipments::shipments(dossier));
    findings.note(Law::Orders, laws::orders::adds_up(dossier));
    findings.note(Law::Paths, of_order(laws::orders::takes_legal_steps));
    findings.note(Law::Journal, of_order(laws::journal::journal));
}
