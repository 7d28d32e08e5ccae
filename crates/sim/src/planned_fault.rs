//! Planned faults of a store: each one occurs once, in the order of planning.

use std::collections::{BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use app::ports::{CommitError, StoreError};
use app::state::rows::Key;

/// The error of a planned constraint violation.
pub(crate) const CONSTRAINT: &str = "a constraint, as planned";

/// A fault of one commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CommitFault {
    /// Nothing is written, and the store returns this error.
    Refused(CommitError),
    /// Nothing is written, and the outcome is unknown.
    LostBefore,
    /// Everything is written, and the outcome is unknown.
    LostAfter,
}

#[derive(Debug, Default)]
struct Plan {
    commits: VecDeque<Option<CommitFault>>,
    loads: usize,
    leases: usize,
    lookups: usize,
    damaged: BTreeSet<Key>,
}

/// The faults planned for one store. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct Faults(Arc<Mutex<Plan>>);

impl Faults {
    /// Plans a fault of the next commit that has no plan yet; `None` lets it succeed.
    pub fn plan_commit(&self, fault: impl Into<Option<CommitFault>>) {
        self.plan().commits.push_back(fault.into());
    }

    pub fn fail_loads(&self, times: usize) {
        self.plan().loads += times;
    }

    pub fn fail_leases(&self, times: usize) {
        self.plan().leases += times;
    }

    /// Damages a row: it cannot be read, until the faults heal.
    pub fn damage(&self, row: impl Into<Key>) {
        self.plan().damaged.insert(row.into());
    }

    /// Fails this many lookups of unknown commits.
    pub fn fail_lookups(&self, times: usize) {
        self.plan().lookups += times;
    }

    /// Drops all faults that have not occurred yet.
    pub fn heal(&self) {
        *self.plan() = Plan::default();
    }

    pub(crate) fn of_commit(&self) -> Option<CommitFault> {
        self.plan().commits.pop_front().flatten()
    }

    pub(crate) fn of_load(&self, keys: &[Key]) -> Result<(), StoreError> {
        let mut plan = self.plan();
        strike(&mut plan.loads)?;
        match keys.iter().find(|key| plan.damaged.contains(key)) {
            Some(damaged) => Err(StoreError::Unreadable(format!("{damaged:?}"))),
            None => Ok(()),
        }
    }

    pub(crate) fn of_lease(&self) -> Result<(), StoreError> {
        strike(&mut self.plan().leases)
    }

    pub(crate) fn of_lookup(&self) -> Result<(), StoreError> {
        strike(&mut self.plan().lookups)
    }

    fn plan(&self) -> MutexGuard<'_, Plan> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn strike(left: &mut usize) -> Result<(), StoreError> {
    if *left == 0 {
        return Ok(());
    }
    *left -= 1;
    Err(StoreError::Failed("as planned".into()))
}
