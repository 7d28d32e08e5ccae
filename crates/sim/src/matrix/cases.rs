//! Which cases there are.

use app::state::settings::Executor;
use domain::order::Choice;

use super::{Failure, Life};
use crate::crashing_store::Death;
use crate::simulation::{EXECUTORS, executor_name};

/// Where the process dies, once: at a commit of the order's life, counted from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Crash {
    Before(u64),
    After(u64),
}

impl Crash {
    pub(super) const ALL: [fn(u64) -> Crash; 2] = [Crash::Before, Crash::After];

    pub(super) const fn meeting(self) -> (u64, Death) {
        match self {
            Crash::Before(commit) => (commit, Death::BeforeCommit),
            Crash::After(commit) => (commit, Death::AfterCommit),
        }
    }
}

/// One order's life, and what goes wrong in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Case {
    pub executor: Executor,
    pub choice: Choice,
    pub life: Life,
    pub failure: Failure,
    pub crash: Option<Crash>,
}

impl Case {
    /// For people: what is played.
    pub fn name(&self) -> String {
        let Case { executor, choice, life, failure, crash } = self;
        let crash = match crash {
            None => "no crash".to_owned(),
            Some(Crash::Before(commit)) => format!("a crash before commit {commit}"),
            Some(Crash::After(commit)) => format!("a crash after commit {commit}"),
        };
        format!("{}, {}, {}, {}, {crash}", executor_name(*executor), choice.name(), life.name(), failure.name())
    }
}

/// Every case without a crash that can be met at all.
pub fn cells() -> Vec<Case> {
    let mut cells = vec![];
    for executor in EXECUTORS {
        for choice in Choice::ALL {
            for life in Life::ALL {
                let failures = Failure::all().into_iter();
                let met =
                    failures.filter(|failure| failure.lives().contains(&life) && failure.is_met(executor, choice));
                cells.extend(met.map(|failure| Case { executor, choice, life, failure, crash: None }));
            }
        }
    }
    cells
}
