//! One batch between loading and commit: its jobs, decisions and offsets.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use domain::coupon::Campaign;
use domain::ids::CampaignId;
use domain::order::Order;
use domain::time::Timestamp;
use domain::webhook::{Attempt, DisabledReason, State};

use super::report::{DeadLettered, WebhookOff};
use super::rollback::{self, caught};
use super::{Job, Report, Responder, progress, trail};
use crate::commands::answer::{Answer, Refusal, Reply};
use crate::commands::context::{Context, Halt};
use crate::commands::{Command, FailedDelivery, Reaction, dispatch};
use crate::events::event::Event;
use crate::events::trace::TraceParent;
use crate::log::group::Group;
use crate::ports::ranking::DaySales;
use crate::state::ids::Ids;
use crate::state::rows::{
    AnswerKey, DeadLetter, DeadLetterStatus, HoldingKey, InboxKey, OffsetKey, OffsetMove, OrderKey, Rows, StoredAnswer,
};
use crate::state::settings::Settings;
use crate::state::table::Missing;

pub(super) struct Batch {
    pub(super) rows: Rows,
    /// Jobs that missed a row and wait for the next batch, in their order.
    pub(super) deferred: Vec<Job>,
    now: Timestamp,
    decided: Vec<(Job, Result<Answer, Refusal>, bool)>,
    offsets: BTreeMap<OffsetKey, OffsetMove>,
    /// Partitions with a deferred event: later events of them must wait too.
    held_back: BTreeSet<OffsetKey>,
    /// Idempotency keys whose first job was deferred.
    in_progress: BTreeSet<AnswerKey>,
    /// The number of events without effect, by group.
    skipped: BTreeMap<Group, usize>,
    /// Invariants that would have been broken; those commands were not applied.
    broken: Vec<String>,
    /// Rows that name others which do not exist; commands that need them were not applied.
    pub(super) damaged: Vec<String>,
}

impl Batch {
    pub(super) fn new(rows: Rows, now: Timestamp, jobs: usize) -> Batch {
        Batch {
            rows,
            deferred: vec![],
            now,
            decided: Vec::with_capacity(jobs),
            offsets: BTreeMap::new(),
            held_back: BTreeSet::new(),
            in_progress: BTreeSet::new(),
            skipped: BTreeMap::new(),
            broken: vec![],
            damaged: vec![],
        }
    }

    pub(super) fn jobs(&self) -> usize {
        self.decided.len()
    }

    /// Partitions in which an operator moved the group: their readers must read the offset again.
    pub(super) fn moved_by_hand(&self) -> impl Iterator<Item = OffsetKey> {
        let moves = self.decided.iter().filter_map(|(job, result, _)| {
            let Command::MoveGroup { moves, .. } = &job.command else { return None };
            result.is_ok().then_some(moves)
        });
        moves.flatten().map(|moved| moved.key)
    }

    pub(super) fn offsets(&self) -> Vec<OffsetMove> {
        self.offsets.values().copied().collect()
    }

    /// Returns true if there is nothing to write, and nothing that a commit would compare.
    pub(super) fn is_empty(&self) -> bool {
        self.offsets.is_empty() && self.rows.is_unchanged() && self.rows.held.is_empty()
    }

    /// Returns all jobs, decided or not, in their order, to be decided again.
    pub(super) fn into_jobs(self) -> Vec<Job> {
        self.decided.into_iter().map(|(job, _, _)| job).chain(self.deferred).collect()
    }

    /// Returns the decided jobs, and the deferred ones.
    pub(super) fn into_parts(self) -> (Vec<Job>, Vec<Job>) {
        (self.decided.into_iter().map(|(job, _, _)| job).collect(), self.deferred)
    }

    /// Decides one job in the rows of the batch, and undoes it alone if it fails.
    pub(super) fn decide(&mut self, mut job: Job, ids: &mut Ids, settings: &Settings) {
        if job.source.is_some_and(|source| self.held_back.contains(&source.offset)) {
            self.deferred.push(job);
            return;
        }
        let before = self.rows.savepoint();
        let decided = caught(|| self.run(&job, ids, settings));
        if decided.is_err() {
            self.rows.undo_to(before);
        }
        self.rows.release_savepoint();
        match decided {
            Ok((answer, replayed)) => {
                self.move_past(&job);
                self.decided.push((job, Ok(answer), replayed));
            }
            Err(Halt::Refused(refusal)) if job.carried.is_some() && is_reaction(&job.command) => {
                self.decide_failed(job, &format!("refused: {refusal:?}"), ids, settings);
            }
            Err(Halt::Failed(error)) => self.decide_failed(job, &error, ids, settings),
            Err(Halt::Damaged(what)) => self.decide_damaged(job, what, ids, settings),
            Err(Halt::Broken(error)) => {
                self.broken.push(format!("{}: {error}", job.command.cause()));
                rollback::postpone(&mut self.rows, &job.command, self.now, settings);
                self.decide_failed(job, &error, ids, settings);
            }
            Err(Halt::Refused(refusal)) => {
                self.move_past(&job);
                self.decided.push((job, Err(refusal), false));
            }
            Err(Halt::Missing(Missing(key))) => {
                job.missed.push(key);
                self.hold_back(job);
            }
        }
    }

    /// Records that an event cannot be handled, and that a retry would not help.
    fn decide_failed(&mut self, mut job: Job, error: &str, ids: &mut Ids, settings: &Settings) {
        if job.fail(error, true) {
            return self.decide(job, ids, settings);
        }
        self.move_past(&job);
        self.decided.push((job, Err(Refusal::Broken), false));
    }

    /// Refuses a command whose row is damaged; an event is parked, because an operator may repair the row.
    fn decide_damaged(&mut self, mut job: Job, what: String, ids: &mut Ids, settings: &Settings) {
        let is_parked = job.fail(&what, false);
        self.damaged.push(what);
        if is_parked {
            return self.decide(job, ids, settings);
        }
        self.move_past(&job);
        self.decided.push((job, Err(Refusal::Damaged), false));
    }

    /// Moves a group for an operator, unless events of this batch move it already. Later events of the group in this
    /// batch have the old offset, and wait until the next batch detects that.
    fn move_group(&mut self, moves: &[OffsetMove]) -> Result<(), Halt> {
        if moves.iter().any(|moved| self.offsets.contains_key(&moved.key)) {
            return Err(Refusal::GroupMoved.into());
        }
        self.offsets.extend(moves.iter().map(|moved| (moved.key, *moved)));
        self.held_back.extend(moves.iter().map(|moved| moved.key));
        // The skipped range is not handled, and the audit must know of it.
        self.rows.skips.extend(moves.iter().filter(|moved| moved.to > moved.from));
        Ok(())
    }

    fn run(&mut self, job: &Job, ids: &mut Ids, settings: &Settings) -> Result<(Answer, bool), Halt> {
        if let Some(idempotency) = job.idempotency {
            if self.in_progress.contains(&idempotency.key) {
                return Err(Refusal::IdempotencyInProgress.into());
            }
            if let Some(stored) = self.rows.answers.get(idempotency.key)? {
                if stored.fingerprint != idempotency.fingerprint {
                    return Err(Refusal::IdempotencyMismatch.into());
                }
                return Ok((stored.answer.clone(), true));
            }
        }
        if let Command::MoveGroup { moves, .. } = &job.command {
            self.move_group(moves)?;
        }
        if let Command::Follow(follow) = &job.command
            && follow.moves.iter().any(|moved| self.offsets.contains_key(&moved.key))
        {
            return Err(Refusal::GroupMoved.into());
        }
        if is_reaction(&job.command) {
            if let Some(park) = self.waits_behind(job)? {
                let cause = job.command.cause();
                let mut context = self.context(job.trace, cause, ids, settings);
                return dispatch::handle(&mut context, &park).map(|answer| (answer, false));
            }
            if !self.take_in(job)? {
                self.note_skipped(job, 1);
                return Ok((Answer::Done, true));
            }
        }
        let cause = job.command.cause();
        let mut context = self.context(job.trace, cause, ids, settings);
        let answer = dispatch::handle(&mut context, &job.command)?;
        let skipped = context.skipped;
        self.note_skipped(job, skipped);
        if let Command::Follow(follow) = &job.command {
            self.offsets.extend(follow.moves.iter().map(|moved| (moved.key, *moved)));
        }
        if let Some(deed) = &job.deed {
            self.rows.trail.push(trail::line(deed, &answer, self.now));
        }
        if let Some(idempotency) = job.idempotency {
            let fingerprint = idempotency.fingerprint;
            let stored = StoredAnswer { fingerprint, answer: answer.clone(), at: self.now };
            self.rows.answers.put(idempotency.key, stored);
        }
        Ok((answer, false))
    }

    fn context<'c>(
        &'c mut self,
        trace: Option<TraceParent>,
        cause: &'static str,
        ids: &'c mut Ids,
        settings: &'c Settings,
    ) -> Context<'c> {
        Context { rows: &mut self.rows, ids, settings, now: self.now, cause, trace, skipped: 0, react: dispatch::react }
    }

    /// Returns the command that parks the event, if others of its key are parked already.
    fn waits_behind(&self, job: &Job) -> Result<Option<Command>, Missing> {
        let Some(carried) = &job.carried else { return Ok(None) };
        Ok(self.rows.parked.get(carried.park)?.and_then(|_| job.park()))
    }

    /// Counts delivered events only: other senders get the answer themselves.
    fn note_skipped(&mut self, job: &Job, events: usize) {
        if let Some(source) = job.source.filter(|_| events > 0) {
            *self.skipped.entry(source.offset.group).or_default() += events;
        }
    }

    /// Records an event in its group's inbox; `false` if it was there. Only for reactions whose repeats the domain
    /// cannot detect.
    fn take_in(&mut self, job: &Job) -> Result<bool, Missing> {
        let Some(source) = job.source.filter(|source| !source.offset.group.is_idempotent()) else {
            return Ok(true);
        };
        let key = InboxKey { group: source.offset.group, event: source.event };
        if self.rows.inbox.get(key)?.is_some() {
            return Ok(false);
        }
        self.rows.inbox.put(key, ());
        Ok(true)
    }

    fn move_past(&mut self, job: &Job) {
        let Some(source) = job.source else { return };
        let moved = OffsetMove { key: source.offset, from: source.from, to: source.next };
        self.offsets.entry(source.offset).and_modify(|known| known.to = source.next).or_insert(moved);
    }

    fn hold_back(&mut self, job: Job) {
        if let Some(source) = job.source {
            self.held_back.insert(source.offset);
        }
        if let Some(idempotency) = job.idempotency {
            self.in_progress.insert(idempotency.key);
        }
        self.deferred.push(job);
    }

    /// Returns the holdings that the batch changed, with their counts of coupons.
    pub(super) fn holdings(&self) -> impl Iterator<Item = (HoldingKey, i64)> {
        self.rows.holdings.changes().into_iter().map(|(key, change)| (key, change.kept().0.count()))
    }

    /// Returns campaigns with a request that a consumer decided.
    pub(super) fn requested_campaigns(&self) -> impl Iterator<Item = CampaignId> {
        self.decided.iter().filter_map(|(job, _, _)| {
            let Command::React(Reaction::DecideRequest { campaign, .. }) = &job.command else { return None };
            Some(*campaign)
        })
    }

    /// Returns campaigns whose committed state is unknown if this batch's outcome is unknown.
    pub(super) fn campaigns_in_doubt(&self) -> BTreeSet<CampaignId> {
        let changed = self.rows.campaigns.changed();
        changed.chain(self.rows.holdings.changed().map(|key| key.campaign)).collect()
    }

    /// Returns campaigns that the batch changed or found sold out, and if it created them.
    pub(super) fn campaigns(&self) -> Vec<(&Campaign, bool)> {
        let changes = self.rows.campaigns.changes();
        let mut campaigns: Vec<_> = changes.into_iter().map(|(_, change)| change.kept()).collect();
        let mut found: BTreeSet<_> = campaigns.iter().map(|(campaign, _)| campaign.id).collect();
        for (job, result, _) in &self.decided {
            let (Command::IssueCoupon { campaign, .. }, Err(Refusal::CouponSoldOut)) = (&job.command, result) else {
                continue;
            };
            if let (true, Ok(Some(campaign))) = (found.insert(*campaign), self.rows.campaigns.get(*campaign)) {
                campaigns.push((campaign, false));
            }
        }
        campaigns
    }

    pub(super) fn touched(&self, report: &mut Report) {
        let handled = self.decided.iter().filter(|(_, result, _)| result.is_ok()).map(|(job, _, _)| job);
        progress::note(&self.rows, handled, self.now, &mut report.progress);
        report.orders.extend(self.rows.orders.changes().into_iter().filter_map(|(key, change)| {
            // Waiters need at least an outcome, and read the order when they are woken.
            let (row, _) = change.kept();
            (!row.order.outcome.is_under_way()).then_some(key.0)
        }));
        for (key, change) in self.rows.payments.changes() {
            // Waiters of an order wait for its payment as well.
            report.orders.push(key.0);
            report.has_due_payments |= change.row().is_some_and(|row| row.next.is_some_and(|next| next.due.is_some()));
        }
        report.requests.extend(self.rows.requests.changed());
        self.touched_webhooks(report);
        report.alerts.extend(self.rows.alerts.changes().into_iter().filter_map(|(_, change)| {
            let (alert, is_new) = change.kept();
            (is_new || !alert.is_open()).then(|| alert.clone())
        }));
        report.sold.extend(self.rows.sales.changes().into_iter().map(|(key, change)| {
            let (sales, _) = change.kept();
            DaySales { product: key.product, day: Some(key.day), sold: sales.sold, returned: sales.returned }
        }));
        report.noticed.extend(self.rows.notices.iter().map(|notice| notice.user));
        report.stuck.extend(self.rows.events.iter().filter_map(|event| {
            let Event::CompensationStuck(note) = &event.event else { return None };
            Some(note.order_id.clone())
        }));
        report.payments_stuck.extend(self.rows.events.iter().filter_map(|event| {
            let Event::PaymentStuck(stuck) = &event.event else { return None };
            (!stuck.is_again).then(|| stuck.clone())
        }));
        report.healed.extend(self.decided.iter().filter_map(|(job, result, replayed)| {
            let source = job.source.filter(|_| job.is_healing && result.is_ok() && !replayed)?;
            Some((source.offset.group, source.event))
        }));
        for (_, change) in self.rows.letters.changes() {
            let (letter, is_new) = change.kept();
            if is_new {
                let (kind, error) = (Arc::clone(&letter.message.kind), Arc::clone(&letter.trouble.error));
                report.dead_lettered.push(DeadLettered { letter: letter.id, group: letter.group, kind, error });
            }
            // An operator who acted on it may expect that it is retried automatically.
            if letter.status == DeadLetterStatus::Permanent && (is_new || self.was_scheduled(letter)) {
                report.permanent.push((letter.id, letter.group));
            }
        }
        report.skipped.extend(self.skipped.iter().map(|(group, events)| (*group, *events)));
        report.broken.extend(self.broken.iter().cloned());
        report.undecidable += self.damaged.len();
        let parked = self.rows.parked.changes();
        report.is_more_due |=
            parked.into_iter().any(|(_, change)| change.row().is_some_and(|parked| parked.due <= self.now));
    }

    fn touched_webhooks(&self, report: &mut Report) {
        let is_due = |due: Option<Timestamp>| due.is_some_and(|due| due <= self.now);
        let notifications = self.rows.notifications.changes();
        report.has_due_notifications |=
            notifications.iter().any(|(_, change)| change.row().is_some_and(|row| is_due(row.due)));
        for (key, change) in self.rows.deliveries.changes() {
            let (delivery, _) = change.kept();
            report.has_due_webhooks |= is_due(delivery.due);
            if delivery.state == State::DeadLetter {
                let is_lost = delivery.log.last().is_some_and(Attempt::is_without_event);
                let given_up = if is_lost { &mut report.webhooks_lost } else { &mut report.webhooks_dead };
                given_up.push(key.webhook);
            }
        }
        report.webhooks_disabled.extend(self.rows.events.iter().filter_map(|event| {
            let Event::WebhookDisabled(disabled) = &event.event else { return None };
            Some(WebhookOff { webhook: disabled.webhook_id, reason: DisabledReason::from_name(&disabled.reason) })
        }));
    }

    /// Returns true if this batch resent a letter that had a scheduled resend.
    fn was_scheduled(&self, letter: &DeadLetter) -> bool {
        self.decided.iter().any(|(job, result, _)| {
            let Command::FailedDelivery(FailedDelivery::ResendFailed { letter: seen, .. }) = &job.command else {
                return false;
            };
            result.is_ok() && seen.id == letter.id && seen.status == DeadLetterStatus::Scheduled
        })
    }

    /// Returns the replies, to be sent when the batch is durable.
    pub(super) fn into_answers(self) -> Vec<(Responder, Reply)> {
        let Batch { rows, decided, .. } = self;
        let answer = |(job, result, replayed): (Job, Result<Answer, Refusal>, bool)| {
            let order = if replayed { None } else { result.as_ref().ok().and_then(|answer| order_of(&rows, answer)) };
            (job.responder, Reply { result, replayed, order })
        };
        decided.into_iter().map(answer).collect()
    }
}

fn order_of(rows: &Rows, answer: &Answer) -> Option<Arc<Order>> {
    let (Answer::OrderPlaced { order, .. } | Answer::OrderChanged { order }) = answer else { return None };
    let row = rows.orders.get(OrderKey(*order)).ok()??;
    Some(Arc::new(row.order.clone()))
}

/// Returns true if the command handles an event for the first time.
const fn is_reaction(command: &Command) -> bool {
    matches!(command, Command::React(_))
}
