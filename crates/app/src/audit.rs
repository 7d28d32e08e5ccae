//! Audits the shop: checks laws over one snapshot of the store, and repairs derived figures.
//!
//! A law holds at any moment beside a busy server, under both executors: work in flight is excluded by its state, never
//! by waiting. `docs/audit.md` states each law in the columns of the store.

mod archived;
mod base;
mod dossier;
mod gate;
pub mod laws;
mod log;
mod proof;
mod repaired;
mod report;
mod snapshot;
#[cfg(test)]
mod tests;

use domain::time::Timestamp;

use crate::commands::Command;
use crate::ports::StoreError;

use base::{Base, Draft};
use dossier::Dossier;
use laws::answers::Promises;
use laws::coupons::{CampaignBooks, Counted};
use laws::stock::StockBooks;
use laws::stock::drops::DropBooks;
use laws::webhooks::WebhookBooks;
use log::Known;
use proof::CampaignCounts;
use report::{Findings, Verdict};

pub use crate::state::rows::Fulfilment;
pub use archived::{Archived, Needed};
pub use gate::{BesideGate, GateFacts};
pub use log::archive;
pub use proof::{Ends, Proof};
pub use repaired::Repaired;
pub use report::{Audit, Law, LawReport, Skipped};
pub use snapshot::{
    ABOUT_PRODUCTS, CampaignFact, CouponFacts, CustomerFacts, DropFact, EventFacts, KeptFigures, Link, LogFacts,
    NoticeLink, OrderEventFacts, OrderFacts, ProductFacts, ShardFacts, Snapshot, StatisticsFacts, WebhookFact,
};

/// The report of an audit, and the commands that repair what can be computed again.
#[derive(Clone, Debug, PartialEq)]
pub struct Inspection {
    pub audit: Audit,
    pub repairs: Vec<Command>,
}

/// Why an incremental audit checks each law only in part.
const SINCE_PROOF: &str = "only what changed since the last proof; an audit without `--incremental` reads everything";

/// The reason in `skipped` for laws that are checked in part because the first events are archived.
const ARCHIVED: &str = "only what the events in the store say: older ones are in an archive";

/// Checks all laws on a snapshot.
pub fn audit(snapshot: &mut dyn Snapshot, now: Timestamp) -> Result<Audit, StoreError> {
    inspect(snapshot, now).map(|inspection| inspection.audit)
}

/// Returns the commands of `--repair`: they set derived figures to what facts explain, recreate lost timers and resume
/// stuck orders. Facts are never changed.
pub fn repairs(snapshot: &mut dyn Snapshot, now: Timestamp) -> Result<Vec<Command>, StoreError> {
    inspect(snapshot, now).map(|inspection| inspection.repairs)
}

/// Audits the whole store and computes repairs in one pass.
pub fn inspect(snapshot: &mut dyn Snapshot, now: Timestamp) -> Result<Inspection, StoreError> {
    examine(snapshot, now, None).map(|proven| proven.inspection)
}

/// The report of an audit, and what a later audit may start from.
#[derive(Clone, Debug, PartialEq)]
pub struct Proven {
    pub inspection: Inspection,
    /// `None` after violations, and for a store that is always read as a whole.
    pub proof: Option<Proof>,
    /// True if only what changed since an earlier proof was read.
    pub is_incremental: bool,
}

/// Audits what changed since a proof, or the whole store. Violations that an incremental audit reports are only a reason
/// for a whole one: the store may have been replaced by an older copy.
pub fn prove(snapshot: &mut dyn Snapshot, now: Timestamp, since: Option<&Proof>) -> Result<Proven, StoreError> {
    let Some(proof) = since.filter(|proof| proof.is_readable()) else { return examine(snapshot, now, None) };
    // Events that were archived after the proof are not in the store, so it cannot be continued.
    let is_covered = match snapshot.archived() {
        Ok(archived) => archived.is_none_or(|archived| proof.covers(&archived)),
        Err(StoreError::Unreadable(_)) => false,
        Err(error) => return Err(error),
    };
    if !is_covered {
        return examine(snapshot, now, None);
    }
    match snapshot.since(proof)? {
        Some(proven_events) => examine(snapshot, now, Some(Base { proof, proven_events: &proven_events })),
        None => examine(snapshot, now, None),
    }
}

fn examine(snapshot: &mut dyn Snapshot, now: Timestamp, base: Option<Base<'_>>) -> Result<Proven, StoreError> {
    let mut findings = Findings::new();
    note_skips(snapshot, base, &mut findings);
    let ends = snapshot.ends()?;
    let mut hooks = match base {
        None => WebhookBooks::read(snapshot, &mut findings)?,
        Some(_) => WebhookBooks::default(),
    };
    let archived = log::read_archived(snapshot, &mut findings)?;
    if archived.is_some() && base.is_none() {
        note_archived(&mut findings);
    }
    let known = Known { proof: base.map(|base| base.proof), archived: archived.as_ref() };
    let (counts, heads) = log::read(snapshot, &mut hooks, now, known, &mut findings)?;
    let archived_before = archived.map(|archived| archived.before());
    let mut draft = Draft { heads, ..Draft::default() };
    let mut promises = Promises::default();
    snapshot.answers(&mut |key, stored| findings.note(Law::Idempotency, promises.take(key, stored)))?;
    let proven = |id| base.map_or_else(CampaignCounts::default, |base| base.proof.counts_of(id));
    let counted = Counted { log: &counts, proven: &proven };
    let campaigns = inspect_campaigns(snapshot, counted, &mut promises, &mut findings)?;
    draft.pending.extend(campaigns.pending.iter().map(|request| request.0));
    let mut stock = StockBooks::default();
    let mut drops = drop_books(snapshot, base)?;
    snapshot.products(&mut |facts| {
        drops.see(&facts.product);
        stock.open(facts);
    })?;
    if let Some(base) = base {
        base.open(&mut stock);
    }
    let mut repairs = vec![];
    snapshot.orders(&mut |facts| {
        repairs.extend(laws::claims::repair(&facts));
        let dossier = Dossier::new(facts, archived_before);
        if let Some(base) = base {
            base.take_out(&mut stock, &dossier);
        }
        let reserved = stock.enter(&dossier);
        drops.enter(&dossier);
        draft.note(&dossier, reserved);
        promises.order_exists(&dossier);
        findings.note(Law::Owed, laws::payments::owed_in_time(&dossier, now));
        inspect_order(&dossier, &campaigns, &mut findings);
    })?;
    stock.judge(&mut findings);
    if base.is_none() {
        drops.judge(&mut findings);
    }
    promises.judge(&mut findings);
    repairs.extend(stock.repairs());
    repairs.extend(campaigns.repairs);
    snapshot.customers(&mut |facts| {
        findings.note(Law::Points, laws::points::account(&facts));
        findings.note(Law::Chains, laws::chains::chains(&facts));
        repairs.extend(laws::points::repair(&facts));
    })?;
    log::read_integrity(snapshot, &mut findings)?;
    let audit = findings.conclude();
    let proof = ends.filter(|_| audit.is_clean()).map(|ends| draft.conclude(ends, counts, &stock));
    Ok(Proven { inspection: Inspection { audit, repairs }, proof, is_incremental: base.is_some() })
}

/// The sums of drops need every order, so only a whole audit reads and judges them.
fn drop_books(snapshot: &mut dyn Snapshot, base: Option<Base<'_>>) -> Result<DropBooks, StoreError> {
    if base.is_some() { Ok(DropBooks::default()) } else { DropBooks::read(snapshot) }
}

/// Laws that compare rows with events are checked in part where events are archived.
fn note_archived(findings: &mut Findings) {
    for law in [Law::Demand, Law::Payments, Law::Orders, Law::Paths, Law::Journal, Law::Log, Law::Statistics] {
        findings.skip(law.number(), ARCHIVED);
    }
}

fn note_skips(snapshot: &dyn Snapshot, base: Option<Base<'_>>, findings: &mut Findings) {
    if let Some(doubt) = snapshot.gate_doubt() {
        findings.skip(Law::Gate.number(), doubt);
    }
    if base.is_some() {
        for law in Law::ALL.iter().filter(|law| **law != Law::Gate) {
            findings.skip(law.number(), SINCE_PROOF);
        }
    }
}

fn inspect_campaigns(
    snapshot: &mut dyn Snapshot,
    counted: Counted<'_>,
    promises: &mut Promises,
    findings: &mut Findings,
) -> Result<CampaignBooks, StoreError> {
    let mut campaigns = CampaignBooks::default();
    snapshot.campaigns(&mut |fact| campaigns.take(fact, counted, promises, findings))?;
    campaigns.close(counted.log, findings);
    Ok(campaigns)
}

fn inspect_order(dossier: &Dossier, campaigns: &CampaignBooks, findings: &mut Findings) {
    let of_order = |law: fn(&Dossier, &domain::order::Order) -> Verdict| match dossier.order() {
        Some(order) => law(dossier, order),
        None => Ok(()),
    };
    let name = &dossier.name;
    findings.judge(Law::Claims, name, || laws::claims::claims(dossier));
    findings.judge(Law::Demand, name, || of_order(laws::claims::demand));
    findings.judge(Law::Redemption, name, || laws::redemption::redemption(dossier, &campaigns.campaigns));
    findings.judge(Law::Points, name, || laws::points::spent(dossier));
    findings.judge(Law::Payments, name, || laws::payments::payments(dossier));
    findings.judge(Law::Shipments, name, || laws::shipments::shipments(dossier));
    findings.judge(Law::Orders, name, || laws::orders::adds_up(dossier));
    findings.judge(Law::Paths, name, || of_order(laws::orders::takes_legal_steps));
    findings.judge(Law::Journal, name, || of_order(laws::journal::journal));
}
