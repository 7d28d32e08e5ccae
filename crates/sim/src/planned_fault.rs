//! What goes wrong, planned ahead: each fault strikes once, in the order in which it was planned.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use app::ports::{CommitError, StoreError};

/// What happens to one commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CommitFault {
    /// Nothing is written, and the store says why.
    Refused(CommitError),
    /// Nothing is written, and nobody knows.
    LostBefore,
    /// Everything is written, and nobody knows.
    LostAfter,
}

#[derive(Debug, Default)]
struct Plan {
    commits: VecDeque<Option<CommitFault>>,
    loads: usize,
    leases: usize,
    lookups: usize,
}

/// The faults that await one store. Clones share one plan.
#[derive(Clone, Debug, Default)]
pub struct Faults(Arc<Mutex<Plan>>);

impl Faults {
    /// Plans the fate of the next commit that has none yet; `None` lets it pass.
    pub fn plan_commit(&self, fault: impl Into<Option<CommitFault>>) {
        self.plan().commits.push_back(fault.into());
    }

    pub fn fail_loads(&self, times: usize) {
        self.plan().loads += times;
    }

    pub fn fail_leases(&self, times: usize) {
        self.plan().leases += times;
    }

    /// Lets the question whether a commit happened go unanswered.
    pub fn fail_lookups(&self, times: usize) {
        self.plan().lookups += times;
    }

    /// Forgets every fault that has not struck yet.
    pub fn heal(&self) {
        *self.plan() = Plan::default();
    }

    pub(crate) fn of_commit(&self) -> Option<CommitFault> {
        self.plan().commits.pop_front().flatten()
    }

    pub(crate) fn of_load(&self) -> Result<(), StoreError> {
        strike(&mut self.plan().loads)
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
    Err(StoreError("as planned".into()))
}
