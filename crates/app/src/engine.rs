//! The engine: takes the waiting jobs, decides them one by one in memory, commits once, answers each.

mod batch;
mod drops;
mod failed;
mod job;
mod keys;
mod modes;
mod pending_commit;
mod progress;
mod report;
mod rollback;
mod set_apart;
mod streams;
mod trail;
mod unreadable;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use domain::ids::{CampaignId, UserId};
use domain::time::Timestamp;

use crate::commands::Command;
use crate::commands::answer::Refusal;
use crate::commands::order::keys::Known;
use crate::ports::{Clock, Commit, CommitError, CommitId, Durability, Gate, LoadError, Store, StoreError};
use crate::state::ids::{Ids, Sequence};
use crate::state::rows::{Key, OffsetKey, Rows};
use crate::state::settings::Settings;

use batch::Batch;
use drops::DropHints;
pub use job::{Job, Responder};
use pending_commit::GateUpdate;
pub use pending_commit::PendingCommit;
pub use report::{DeadLettered, Progress, Report, WebhookOff};
use streams::Streams;
use unreadable::Unreadable;

/// The number of times that a command may miss rows before it counts as broken; a miss is normal, a chain of them is a
/// bug.
const MISSES_MAX: usize = 16;
/// The number of times that a single job is decided again after a constraint refused its commit.
const REFUSALS_MAX: usize = 1;
/// The number of times that a batch is decided before its commit counts as failed.
const ATTEMPTS_MAX: usize = 4;
const ENDLESS: &str = "a command still misses rows after its last round";

/// Returns the share of the rate of waiting rooms, in percent: all of it up to a quarter of the queue's capacity, and a tenth
/// from three quarters on.
pub fn admission_share(waiting: usize, capacity: usize) -> i64 {
    let filled = waiting.saturating_mul(100) / capacity.max(1);
    match filled {
        0..=25 => 100,
        26..=74 => 100 - i64::try_from((filled - 25) * 9 / 5).unwrap_or(90),
        _ => 10,
    }
}

/// The engine of one process. It owns its store and is its only writer.
pub struct Engine {
    store: Box<dyn Store>,
    gate: Arc<dyn Gate>,
    clock: Arc<dyn Clock>,
    settings: Settings,
    ids: Ids,
    engine: u32,
    commits: i64,
    /// The latest time of a decision; decisions never go back in time.
    now: Timestamp,
    deferred: Vec<Job>,
    streams: Streams,
    drops: DropHints,
    /// The share of the rate of waiting rooms that the engine can take, in percent.
    admission_share: i64,
    unreadable: Unreadable,
    broken: bool,
}

/// The parts that an engine is built from.
pub struct Parts {
    pub store: Box<dyn Store>,
    pub gate: Arc<dyn Gate>,
    pub clock: Arc<dyn Clock>,
    pub settings: Settings,
    /// Identifies this engine among all that ever wrote to the store.
    pub engine: u32,
}

impl Engine {
    pub fn new(parts: Parts) -> Engine {
        let Parts { store, gate, clock, settings, engine } = parts;
        Engine {
            store,
            gate,
            clock,
            settings,
            ids: Ids::new(engine),
            engine,
            commits: 0,
            now: Timestamp::default(),
            deferred: vec![],
            streams: Streams::default(),
            drops: DropHints::default(),
            admission_share: 100,
            unreadable: Unreadable::default(),
            broken: false,
        }
    }

    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Returns true if the store failed in a way that forbids further writes. The process should end.
    pub fn is_broken(&self) -> bool {
        self.broken
    }

    /// Returns true if jobs, or news for operators, are deferred to the next batch.
    pub fn has_deferred(&self) -> bool {
        !self.deferred.is_empty() || self.unreadable.has_news()
    }

    /// Sets the share of the rate of waiting rooms that the engine can take, in percent.
    pub const fn admit_share(&mut self, percent: i64) {
        self.admission_share = percent;
    }

    /// Writes a tiny commit, to find out if the store accepts writes again.
    pub async fn probe(&mut self) -> Result<(), StoreError> {
        let probed = self.store.lease(Sequence::Order, 0).await.map(drop);
        if probed.is_err() {
            // A store that cannot roll back is unusable.
            self.broken |= self.store.rollback().await.is_err();
        }
        probed
    }

    /// Decides the jobs and the deferred ones, commits them, normally once, and answers them.
    pub async fn batch_once(&mut self, jobs: Vec<Job>) -> Report {
        let report = self.write_once(jobs).await.complete();
        self.broken |= report.is_broken;
        report
    }

    /// Like [`Engine::batch_once`], up to the written commit. Replies follow when it is durable, which another thread
    /// may await while the next batch is decided. Commits are completed in the order of writing.
    pub async fn write_once(&mut self, jobs: Vec<Job>) -> PendingCommit {
        let mut written = PendingCommit::new(Arc::clone(&self.gate));
        let mut jobs: Vec<Job> = std::mem::take(&mut self.deferred).into_iter().chain(jobs).collect();
        let now = self.clock.now();
        drop_overdue(&mut jobs, now);
        self.now = now.max(self.now);
        let mut work = vec![jobs];
        while let Some(jobs) = work.pop() {
            if jobs.is_empty() {
                continue;
            }
            if self.broken {
                give_up(jobs, Refusal::NotWritten, "the store is broken", &mut written.report);
                continue;
            }
            self.attempt(jobs, &mut work, &mut written).await;
        }
        self.unreadable.tell(&mut written.report);
        written.report.deferred = self.deferred.len();
        written.report.statements = self.store.take_statements();
        written
    }

    /// Decides jobs until a commit has them; jobs that must be decided apart are pushed to `work`.
    async fn attempt(&mut self, mut jobs: Vec<Job>, work: &mut Vec<Vec<Job>>, written: &mut PendingCommit) {
        let mut refusals = 0;
        // Each partition may be lost once, and must not fail the commits of the others.
        for _ in 0..ATTEMPTS_MAX + partitions(&jobs) {
            let batch = match self.decide(jobs).await {
                Ok(batch) => batch,
                Err((undecided, LoadError::Contended(_))) => {
                    jobs = undecided;
                    continue;
                }
                Err((undecided, LoadError::Failed(StoreError::Unreadable(error)))) => {
                    return self.set_apart(undecided, &error, work, &mut written.report);
                }
                Err((undecided, error)) => {
                    written.report.commit_failures += 1;
                    return give_up(undecided, Refusal::NotWritten, &error.to_string(), &mut written.report);
                }
            };
            jobs = match self.commit(&batch).await {
                Ok(durability) => return self.conclude(batch, durability, written).await,
                Err(CommitError::Contended(_)) => batch.into_jobs(),
                // Another process may have written the row since it was read as absent; then another attempt helps.
                Err(CommitError::Constraint(_)) if batch.jobs() == 1 && refusals < REFUSALS_MAX => {
                    refusals += 1;
                    batch.into_jobs()
                }
                Err(CommitError::Constraint(error)) => return self.halve(batch, &error, work, &mut written.report),
                Err(CommitError::Moved(key)) => self.drop_lost(batch, key, &mut written.report),
                Err(CommitError::Unknown(error)) => {
                    written.report.commit_failures += 1;
                    written.report.errors.push(error);
                    match self.store.committed(self.commit_id()).await {
                        Ok(true) => return self.conclude(batch, Durability::Reached, written).await,
                        Ok(false) => batch.into_jobs(),
                        Err(error) => {
                            written.doubt(batch.campaigns_in_doubt());
                            let jobs = batch.into_jobs();
                            return give_up(jobs, Refusal::Unavailable, &error.to_string(), &mut written.report);
                        }
                    }
                }
                Err(CommitError::Broken(error)) => {
                    self.broken = true;
                    written.report.commit_failures += 1;
                    return give_up(batch.into_jobs(), Refusal::Unavailable, &error, &mut written.report);
                }
            };
        }
        self.part(jobs, "the batch failed too many times", work, &mut written.report);
    }

    /// Gives up jobs whose commit failed repeatedly; events are decided apart, to find the one at fault.
    fn part(&mut self, jobs: Vec<Job>, error: &str, work: &mut Vec<Vec<Job>>, report: &mut Report) {
        let (events, others): (Vec<Job>, Vec<Job>) = jobs.into_iter().partition(Job::is_event);
        give_up(others, Refusal::NotWritten, error, report);
        match events.len() {
            0 => {}
            1 => events.into_iter().for_each(|event| blame(event, error, work, report)),
            _ => push_halves(events, work),
        }
    }

    /// Splits the jobs of which at least one broke a constraint, until it is alone.
    fn halve(&mut self, batch: Batch, error: &str, work: &mut Vec<Vec<Job>>, report: &mut Report) {
        if batch.jobs() == 1 {
            let (culprit, waiting) = batch.into_parts();
            self.deferred.extend(waiting);
            culprit.iter().for_each(|job| self.settings.services.note_failure(&job.command, self.now));
            return culprit.into_iter().for_each(|job| blame(job, error, work, report));
        }
        push_halves(batch.into_jobs(), work);
    }

    /// Returns the jobs that remain when another worker has moved a group.
    fn drop_lost(&mut self, batch: Batch, key: OffsetKey, report: &mut Report) -> Vec<Job> {
        report.lost.push(key);
        let mut jobs = batch.into_jobs();
        let lost = self.deferred.extract_if(.., |job| job.moves(key)).chain(jobs.extract_if(.., |job| job.moves(key)));
        // An operator gets an answer; the consumer reads the log again by itself.
        lost.for_each(|job| job.refuse(Refusal::GroupMoved));
        jobs
    }

    /// Loads the rows of the jobs and decides them one by one.
    async fn decide(&mut self, mut jobs: Vec<Job>) -> Result<Batch, (Vec<Job>, LoadError)> {
        if let Err(error) = self.lease(&mut jobs).await {
            return Err((jobs, error.into()));
        }
        let mut rows = Rows::default();
        if let Err(error) = self.load(&jobs, &mut rows).await {
            // A store that cannot roll back is unusable.
            self.broken |= self.store.rollback().await.is_err();
            return Err((jobs, error));
        }
        self.now = self.now.max(rows.decided_until);
        let mut batch = Batch::new(rows, self.now, jobs.len());
        for job in jobs {
            batch.decide(job, &mut self.ids, &self.settings);
        }
        Ok(batch)
    }

    async fn lease(&mut self, jobs: &mut [Job]) -> Result<(), StoreError> {
        for sequence in Sequence::ALL {
            let need = jobs.iter().map(|job| job.command.numbers(sequence)).sum();
            if let Some(count) = self.ids.shortage(sequence, need) {
                let block = self.store.lease(sequence, count).await?;
                self.ids.take_over(sequence, block);
            }
        }
        for job in jobs {
            if let Command::RegisterUser(user) = &mut job.command {
                user.candidate = Some(self.ids.user());
            }
        }
        Ok(())
    }

    /// Loads in the order of kinds: first everything up to orders, then the rows that those orders name.
    async fn load(&mut self, jobs: &[Job], rows: &mut Rows) -> Result<(), LoadError> {
        let mut declared = BTreeSet::new();
        for job in jobs {
            keys::declare(job, &self.settings, self.now, &mut declared);
            self.drops.declare(job, &mut declared);
        }
        let later = declared.split_off(&keys::FIRST_AFTER_ORDERS);
        let first: Vec<Key> = declared.into_iter().collect();
        self.store.load(&first, rows).await?;
        let (mut second, known) = (later, Known { rows, settings: &self.settings, now: self.now });
        for job in jobs {
            keys::declare_by_order(job, known, &mut second);
        }
        self.streams.give(&mut second, rows);
        let second: Vec<Key> = second.into_iter().collect();
        self.store.load(&second, rows).await
    }

    async fn commit(&mut self, batch: &Batch) -> Result<Durability, CommitError> {
        if batch.is_empty() {
            // The rows that it read may not be durable yet; their commit completes before this one.
            let ended = self.store.rollback().await;
            return ended.map(|()| Durability::Reached).map_err(|error| CommitError::Broken(error.text().to_owned()));
        }
        self.commits += 1;
        let commit = Commit { id: self.commit_id(), rows: &batch.rows, offsets: &batch.offsets(), now: self.now };
        let committed = self.store.commit(commit).await;
        if committed.is_err() {
            self.streams.forget(&batch.rows);
        }
        committed
    }

    const fn commit_id(&self) -> CommitId {
        CommitId { engine: self.engine, number: self.commits }
    }

    /// After a commit: keeps deferred jobs, and collects replies and notifications.
    async fn conclude(&mut self, mut batch: Batch, durability: Durability, written: &mut PendingCommit) {
        let updates = self.updates(&batch).await;
        self.take_modes(&batch.rows);
        self.streams.apply(&batch);
        self.drops.learn(&batch);
        self.deferred.append(&mut batch.deferred);
        let endless: Vec<Job> = self.deferred.extract_if(.., |job| job.missed.len() > MISSES_MAX).collect();
        let report = &mut written.report;
        for mut job in endless {
            if job.fail(ENDLESS, false) {
                self.deferred.insert(0, job);
            } else {
                give_up(vec![job], Refusal::NotWritten, ENDLESS, report);
            }
        }
        report.commits += usize::from(!batch.is_empty());
        report.lost.extend(batch.moved_by_hand());
        report.answered += batch.jobs();
        report.events += batch.rows.events.len();
        report.rows += batch.rows.written().iter().map(|(_, rows)| rows).sum::<usize>();
        batch.touched(report);
        batch.damaged.drain(..).for_each(|what| self.unreadable.note(what));
        written.add(durability, updates, batch.into_answers());
    }

    /// Returns the gate's updates from a batch.
    async fn updates(&mut self, batch: &Batch) -> Vec<GateUpdate> {
        let mut holders: BTreeMap<CampaignId, Vec<(UserId, i64)>> = BTreeMap::new();
        for (key, held) in batch.holdings() {
            holders.entry(key.campaign).or_default().push((key.user, held));
        }
        let mut updates = vec![];
        for (campaign, is_new) in batch.campaigns() {
            let id = campaign.id;
            let changed = holders.remove(&id).unwrap_or_default();
            let must_rebuild = campaign.remaining() <= 0 && !is_new && !self.gate.is_complete(id);
            let campaign = Arc::new(campaign.clone());
            if !must_rebuild {
                updates.push(GateUpdate::Facts { campaign, holders: changed, complete: is_new });
                continue;
            }
            updates.push(match self.store.holders(id).await {
                Ok(holders) => GateUpdate::Facts { campaign, holders, complete: true },
                // The gate's state may be wrong since this commit.
                Err(_) => GateUpdate::Doubt(id),
            });
        }
        updates
    }
}

/// Drops commands past their deadline. Uses the raw clock, because deadlines were computed from it, perhaps before it
/// was set back.
fn drop_overdue(jobs: &mut Vec<Job>, now: Timestamp) {
    for job in jobs.extract_if(.., |job| job.deadline.is_some_and(|deadline| deadline < now)) {
        job.refuse(Refusal::Overloaded { retry_after: std::time::Duration::from_secs(1) });
    }
}

/// Gives up a single failed job; an event is parked for a retry.
fn blame(mut job: Job, error: &str, work: &mut Vec<Vec<Job>>, report: &mut Report) {
    if job.fail(error, false) {
        report.errors.push(error.to_owned());
        work.push(vec![job]);
    } else {
        give_up(vec![job], Refusal::NotWritten, error, report);
    }
}

/// Answers jobs that failed, or whose outcome is unknown. Events must be delivered again.
fn give_up(jobs: Vec<Job>, refusal: Refusal, error: &str, report: &mut Report) {
    report.errors.push(error.to_owned());
    refuse(jobs, refusal, report);
}

fn refuse(jobs: Vec<Job>, refusal: Refusal, report: &mut Report) {
    for job in jobs {
        report.lost.extend(job.source.map(|source| source.offset));
        job.refuse(refusal.clone());
    }
    report.lost.sort_unstable();
    report.lost.dedup();
}

/// Has both halves of the jobs decided apart, in their order.
fn push_halves(mut first: Vec<Job>, work: &mut Vec<Vec<Job>>) {
    let second = first.split_off(first.len() / 2);
    work.push(second);
    work.push(first);
}

fn partitions(jobs: &[Job]) -> usize {
    let followed = jobs.iter().filter(|job| job.follows()).count();
    followed + jobs.iter().filter_map(|job| job.source).map(|source| source.offset).collect::<BTreeSet<_>>().len()
}
