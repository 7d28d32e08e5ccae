//! The plan of a run.

use app::state::settings::Executor;

use crate::scenario::{Breakage, Scenario};

/// Everything that determines a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plan {
    pub seed: u64,
    pub scenario: Scenario,
    pub executor: Executor,
    pub breakage: Option<Breakage>,
}

impl Plan {
    /// The command that repeats the run.
    pub fn command(&self) -> String {
        let Plan { seed, scenario, breakage, .. } = self;
        let broken = breakage.map_or(String::new(), |breakage| format!(" --break {}", breakage.name()));
        let executor = executor_name(self.executor);
        format!("doorbuster sim --seed {seed} --scenario {} --executor {executor}{broken}", scenario.name())
    }
}

pub const EXECUTORS: [Executor; 2] = [Executor::Inline, Executor::Log];

pub const fn executor_name(executor: Executor) -> &'static str {
    match executor {
        Executor::Inline => "inline",
        Executor::Log => "log",
    }
}
