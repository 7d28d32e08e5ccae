//! A store whose process may crash in the middle of a call, and that reports the branches it reached.

use std::future::pending;
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use app::ports::{BoxFuture, Commit, CommitError, CommitId, DueTimer, Durability, LoadError, Store, StoreError};
use app::state::ids::Sequence;
use app::state::rows::{Key, OffsetMove, Rows};
use domain::claim::Claim;
use domain::ids::{CampaignId, UserId};
use domain::time::Timestamp;

use crate::coverage::Branch;
use crate::disk::Disk;
use crate::model_store::ModelStore;
use crate::scenario::Breakage;

/// The call in which a process dies; it never returns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Death {
    AtLoad,
    BeforeCommit,
    AfterCommit,
}

#[derive(Debug, Default)]
struct Script {
    death: Option<Death>,
    /// Number of commits that were begun.
    commits: u64,
    /// The commit at which the process dies, and when.
    last: Option<(u64, Death)>,
    witnessed: Vec<Branch>,
}

/// The crash planned for a store, and the branches it reached. Clones share it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Fate(Arc<Mutex<Script>>);

impl Fate {
    pub(crate) fn plan(&self, death: Option<Death>) {
        self.script().death = death;
    }

    /// Plans a crash at the commit with this number, from 1.
    pub(crate) fn plan_at(&self, commit: u64, death: Death) {
        self.script().last = Some((commit, death));
    }

    /// Number of commits begun so far.
    pub(crate) fn commits(&self) -> u64 {
        self.script().commits
    }

    fn begin_commit(&self) {
        let mut script = self.script();
        script.commits += 1;
        if let Some((_, death)) = script.last.filter(|(commit, _)| *commit == script.commits) {
            script.death = Some(death);
        }
    }

    pub(crate) fn take_witnessed(&self) -> Vec<Branch> {
        std::mem::take(&mut self.script().witnessed)
    }

    fn witness(&self, branch: Branch) {
        self.script().witnessed.push(branch);
    }

    async fn meet(&self, moment: Death, branch: Branch) {
        let is_met = self.script().death.take_if(|death| *death == moment).is_some();
        if is_met {
            self.witness(branch);
            pending::<()>().await;
        }
    }

    fn script(&self) -> MutexGuard<'_, Script> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(crate) struct CrashingStore {
    pub(crate) inner: ModelStore,
    pub(crate) disk: Disk,
    pub(crate) fate: Fate,
    pub(crate) breakage: Option<Breakage>,
}

impl CrashingStore {
    async fn write(&mut self, commit: Commit<'_>) -> Result<Durability, CommitError> {
        if self.breakage == Some(Breakage::CountsNotCompared) {
            // Overwrites the store's counts with the held ones, so that the comparison never fails.
            let held = commit.rows.held.iter().map(|campaign| (campaign.id, campaign.clone()));
            self.disk.tamper(|state| state.campaigns.extend(held));
        }
        if self.breakage != Some(Breakage::OffsetsNotCompared) {
            return self.inner.commit(commit).await;
        }
        let stands = |moved: &OffsetMove| self.disk.read(|state| state.offsets.get(&moved.key).copied().unwrap_or(0));
        let offsets: Vec<_> = commit.offsets.iter().map(|moved| OffsetMove { from: stands(moved), ..*moved }).collect();
        self.inner.commit(Commit { offsets: &offsets, ..commit }).await
    }

    fn drop_tombstones(&self) {
        if self.breakage == Some(Breakage::TombstonesDropped) {
            self.disk.tamper(|state| state.claims.retain(|_, claim| *claim != Claim::Released));
        }
    }
}

impl Store for CrashingStore {
    fn load<'a>(&'a mut self, keys: &'a [Key], rows: &'a mut Rows) -> BoxFuture<'a, Result<(), LoadError>> {
        Box::pin(async move {
            self.fate.meet(Death::AtLoad, Branch::DiedAtLoad).await;
            let loaded = self.inner.load(keys, rows).await;
            loaded.inspect_err(|_| self.fate.witness(Branch::LoadFailed))
        })
    }

    fn commit<'a>(&'a mut self, commit: Commit<'a>) -> BoxFuture<'a, Result<Durability, CommitError>> {
        Box::pin(async move {
            self.fate.begin_commit();
            self.fate.meet(Death::BeforeCommit, Branch::DiedBeforeCommit).await;
            let holds_counts = !commit.rows.held.is_empty();
            let committed = self.write(commit).await;
            self.drop_tombstones();
            match &committed {
                Err(CommitError::Moved(_)) => self.fate.witness(Branch::Moved),
                Err(CommitError::Constraint(_)) => self.fate.witness(Branch::Halved),
                Ok(_) if holds_counts => self.fate.witness(Branch::CountsHeld),
                Err(CommitError::Contended(_)) if holds_counts => self.fate.witness(Branch::CountsChanged),
                Ok(_) | Err(CommitError::Contended(_) | CommitError::Unknown(_) | CommitError::Broken(_)) => {}
            }
            self.fate.meet(Death::AfterCommit, Branch::DiedAfterCommit).await;
            committed
        })
    }

    fn rollback(&mut self) -> BoxFuture<'_, Result<(), StoreError>> {
        self.inner.rollback()
    }

    fn committed(&mut self, id: CommitId) -> BoxFuture<'_, Result<bool, StoreError>> {
        Box::pin(async move {
            let found = self.inner.committed(id).await;
            self.fate.witness(match found {
                Ok(true) => Branch::UnknownHappened,
                Ok(false) => Branch::UnknownDidNot,
                Err(_) => Branch::LookupFailed,
            });
            found
        })
    }

    fn lease(&mut self, sequence: Sequence, count: i64) -> BoxFuture<'_, Result<Range<i64>, StoreError>> {
        self.inner.lease(sequence, count)
    }

    fn due_timers(&mut self, now: Timestamp, limit: usize) -> BoxFuture<'_, Result<Vec<DueTimer>, StoreError>> {
        self.inner.due_timers(now, limit)
    }

    fn holders(&mut self, campaign: CampaignId) -> BoxFuture<'_, Result<Vec<(UserId, i64)>, StoreError>> {
        self.inner.holders(campaign)
    }

    fn take_statements(&mut self) -> u64 {
        self.inner.take_statements()
    }
}
