//! The cases of the matrix.

use app::state::settings::Executor;
use domain::order::Choice;

use super::failure::Failure;
use super::life::Life;
use crate::crashing_store::Death;
use crate::plan::{EXECUTORS, executor_name};

/// The crash of a case: before or after a commit of the order's life, from 1.
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

/// One order's life and its failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Case {
    pub executor: Executor,
    pub choice: Choice,
    pub life: Life,
    pub failure: Failure,
    pub crash: Option<Crash>,
}

impl Case {
    /// Returns a readable name.
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

/// Returns every possible case without a crash.
pub fn cells() -> Vec<Case> {
    let mut cells = vec![];
    for executor in EXECUTORS {
        for choice in Choice::ALL {
            for life in Life::ALL {
                let failures = Failure::all().into_iter();
                let possible =
                    failures.filter(|failure| failure.lives().contains(&life) && failure.is_possible(executor, choice));
                cells.extend(possible.map(|failure| Case { executor, choice, life, failure, crash: None }));
            }
        }
    }
    cells
}
