//! Law 20: each shard's events are complete, unchanged and in their places. The pass also counts what the log says of
//! each campaign.

use std::collections::BTreeMap;

use domain::ids::CampaignId;
use domain::time::Timestamp;

use super::archived::{Archived, ArchivedCounts};
use super::laws::carried;
use super::laws::statistics::Recount;
use super::laws::webhooks::WebhookBooks;
use super::proof::{CampaignCounts, Proof};
use super::report::{Findings, Law, Verdict, ensure};
use super::snapshot::{EventFacts, LogFacts, Snapshot};
use crate::events::event::{Event, EventKind, ResultCode};
use crate::events::outbox::{self, Chained, SHARDS, ShardHead};
use crate::ports::StoreError;
use crate::state::settings::{Carrier, Executor};

/// The log's counts of each campaign, and its latest moment: the log's own clock, which stands still with the shop.
#[derive(Debug, Default)]
pub(super) struct LogCounts {
    campaigns: BTreeMap<CampaignId, CampaignCounts>,
    pub(super) latest: Timestamp,
}

impl LogCounts {
    /// Returns the counts that a proof covers.
    fn proven(proof: &Proof) -> LogCounts {
        let campaigns = proof.campaigns.iter().map(|(id, counts)| (CampaignId(*id), counts.clone()));
        LogCounts { campaigns: campaigns.collect(), latest: Timestamp::from_micros(proof.latest) }
    }

    /// Returns the counts of the archived events.
    fn archived(archived: &Archived) -> LogCounts {
        let known = |counts: &ArchivedCounts| {
            let result = |code: ResultCode| counts.results.get(code.name()).copied().unwrap_or(0);
            CampaignCounts {
                issued: counts.issued,
                issued_on_request: counts.issued_on_request,
                results: ResultCode::ALL.map(result),
            }
        };
        let campaigns = archived.campaigns.iter().map(|(id, counts)| (CampaignId(*id), known(counts))).collect();
        LogCounts { campaigns, latest: archived.latest() }
    }

    pub(super) fn into_campaigns(self) -> BTreeMap<CampaignId, CampaignCounts> {
        self.campaigns
    }

    pub(super) fn of(&self, campaign: CampaignId) -> CampaignCounts {
        self.campaigns.get(&campaign).cloned().unwrap_or_default()
    }

    fn count(&mut self, facts: &EventFacts) {
        self.latest = self.latest.max(facts.at);
        let kind = EventKind::from_name(&facts.kind);
        let is_about_coupons = matches!(kind, Some(EventKind::CouponIssued | EventKind::CouponResult));
        let Some(kind) = kind.filter(|_| is_about_coupons) else { return };
        match Event::parse(kind, &facts.payload) {
            Ok(Event::CouponIssued(issued)) => {
                let counts = self.campaigns.entry(issued.coupon_id).or_default();
                counts.issued += 1;
                counts.issued_on_request += i64::from(issued.request_id.is_some());
            }
            Ok(Event::CouponResult(result)) => {
                self.campaigns.entry(result.coupon_id).or_default().results[result.result_code as usize] += 1;
            }
            _ => {}
        }
    }
}

/// The facts about the events before the first one that is read.
#[derive(Clone, Copy)]
pub(super) struct Known<'k> {
    /// A proof covers them.
    pub(super) proof: Option<&'k Proof>,
    /// They are in an archive.
    pub(super) archived: Option<&'k Archived>,
}

impl Known<'_> {
    fn counts(self) -> LogCounts {
        let archived = || self.archived.map_or_else(LogCounts::default, LogCounts::archived);
        self.proof.map_or_else(archived, LogCounts::proven)
    }

    fn head(self, shard: usize) -> ShardHead {
        let archived = || self.archived.map_or_else(ShardHead::default, |archived| archived.head(shard));
        self.proof.map_or_else(archived, |proof| proof.head(shard))
    }
}

/// Adds the next event of its shard to the archived ones.
pub fn archive(event: &EventFacts, archived: &mut Archived) {
    let hash = hash_after(&archived.head(event.shard).hash, event);
    archived.step(event.shard, ShardHead { seq: event.seq, hash }, event.at);
    let mut counted = LogCounts::default();
    counted.count(event);
    for (campaign, one) in counted.campaigns {
        let counts = archived.campaigns.entry(campaign.0).or_default();
        counts.issued += one.issued;
        counts.issued_on_request += one.issued_on_request;
        for (code, count) in ResultCode::ALL.iter().zip(one.results).filter(|(_, count)| *count != 0) {
            *counts.results.entry(code.name().to_owned()).or_default() += count;
        }
    }
}

/// Reads every shard from its first event on, or from the first one that is not known yet. Returns the heads as well.
pub(super) fn read(
    snapshot: &mut dyn Snapshot,
    hooks: &mut WebhookBooks,
    now: Timestamp,
    known: Known<'_>,
    to: &mut Findings,
) -> Result<(LogCounts, Vec<ShardHead>), StoreError> {
    let mut counts = known.counts();
    let head = |shard| known.head(shard);
    let mut readers: [Reader; SHARDS] = std::array::from_fn(|shard| Reader { shard, head: head(shard), roots: 0 });
    // The sums need every event: a whole audit compares them.
    let mut recount = match known.proof {
        None => Recount::new(snapshot.statistics()?),
        Some(_) => Recount::default(),
    };
    let kept = snapshot.events(&mut |event| {
        counts.count(&event);
        recount.take(&event);
        hooks.see(&event);
        let verdict = match readers.get_mut(event.shard) {
            Some(reader) => reader.take(&event),
            None => Err(format!("shard {}: an event names it, but it does not exist", event.shard)),
        };
        to.note(Law::Log, verdict);
    })?;
    recount.judge(to);
    for reader in &readers {
        let of_shard = kept.shards.iter().find(|facts| facts.shard == reader.shard);
        let (head, roots) = of_shard.map_or((ShardHead::default(), 0), |facts| (facts.head, facts.roots));
        to.note(Law::Log, reader.conclude(head, roots));
    }
    skip_what_is_not_there(&kept, to);
    hooks.judge(&kept, to);
    counts.latest = counts.latest.min(now);
    carried::judge(&kept, counts.latest, to);
    Ok((counts, readers.iter().map(|reader| reader.head).collect()))
}

/// Notes the parts of laws about a carrier that this store does not use.
fn skip_what_is_not_there(kept: &LogFacts, to: &mut Findings) {
    if !kept.carrier.is_some_and(Carrier::has_relay) {
        let reason = "only that no event is stored twice: no relay publishes the events";
        to.skip(Law::Outbox.number(), reason);
    } else if kept.relayed.is_empty() {
        to.skip(Law::Outbox.number(), "only that no event is stored twice: no relay of this shop has held a shard");
    }
    if kept.carrier.is_none_or(|carrier| carrier.executor() == Executor::Inline) {
        to.skip(Law::Inbox.number(), "only events handled before: reactions run inline, so groups read no log");
    }
}

/// Returns the facts of archived events; those that cannot be read are a violation.
pub(super) fn read_archived(snapshot: &mut dyn Snapshot, to: &mut Findings) -> Result<Option<Archived>, StoreError> {
    match snapshot.archived() {
        Err(StoreError::Unreadable(problem)) => {
            to.note(Law::Log, Err(problem));
            Ok(None)
        }
        read => read,
    }
}

/// Adds the store's own integrity problems.
pub(super) fn read_integrity(snapshot: &mut dyn Snapshot, to: &mut Findings) -> Result<(), StoreError> {
    for problem in snapshot.integrity()? {
        to.note(Law::Log, Err(problem));
    }
    Ok(())
}

fn hash_after(before: &[u8; 32], event: &EventFacts) -> [u8; 32] {
    // Versions with the shorter hash wrote no trace: a trace on such an event was added later.
    if !event.is_covered_whole && event.trace.is_none() {
        return outbox::legacy_chain(before, &event.id, &event.kind, &event.payload);
    }
    let chained = Chained {
        id: &event.id,
        kind: &event.kind,
        payload: &event.payload,
        aggregatetype: &event.aggregatetype,
        aggregateid: &event.aggregateid,
        topic: &event.topic,
        key: &event.key,
        cause: &event.cause,
        trace: event.trace.as_deref(),
        order: event.order,
        version: event.version,
        at: event.at,
    };
    outbox::chain(before, &chained)
}

/// One shard, as far as it has been read.
struct Reader {
    shard: usize,
    head: ShardHead,
    roots: usize,
}

impl Reader {
    fn take(&mut self, event: &EventFacts) -> Verdict {
        let shard = self.shard;
        let before = self.head.seq;
        let hash = hash_after(&self.head.hash, event);
        self.head = ShardHead { seq: event.seq, hash };
        self.roots += usize::from(event.root.is_some());
        ensure(before.checked_add(1) == Some(event.seq), || {
            format!("shard {shard}: event {before} is followed by {}", event.seq)
        })?;
        ensure(outbox::shard_of(&event.key) == shard, || {
            format!("shard {shard}: event {} belongs to another shard by its key {}", event.seq, event.key)
        })?;
        ensure(event.root.is_none_or(|root| root == hash), || {
            format!("shard {shard}: the daily root at event {} is not the hash of the events", event.seq)
        })
    }

    fn conclude(&self, head: ShardHead, roots: usize) -> Verdict {
        let shard = self.shard;
        ensure(self.head.seq == head.seq, || {
            format!("shard {shard}: its last event is {}, but its head is {}", self.head.seq, head.seq)
        })?;
        ensure(self.head.seq == 0 || self.head.hash == head.hash, || {
            format!("shard {shard}: its head is not the hash of its events")
        })?;
        ensure(self.roots == roots, || format!("shard {shard}: a daily root has no event"))
    }
}
