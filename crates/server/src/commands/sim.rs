//! `doorbuster sim`: simulates days of the shop, and prints how to repeat a day that does not add up.

use std::fmt::Write as _;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use serde_json::json;
use sim::coverage::{Branch, Coverage};
use sim::scenario::Scenario;
use sim::simulation::{EXECUTORS, Plan, Run};

mod limits;
mod matrix;
pub(super) mod rehearse;

use limits::{EXAMPLES_MAX, LINE_EVERY};

use super::output::progress::Progress;
use super::{Error, print};
use crate::cli::SimArgs;

#[derive(Default)]
struct Tally {
    runs: u64,
    ticks: u64,
    requests: usize,
    events: usize,
    failed: u64,
    examples: Vec<(String, String)>,
    coverage: Coverage,
}

pub(super) fn run(args: &SimArgs) -> Result<ExitCode, Error> {
    if args.matrix {
        return matrix::run(args);
    }
    let started = Instant::now();
    let plans: Vec<Plan> = plans(args).collect();
    let mut tally = Tally::default();
    // A single day is short, and a trace shows its own progress.
    let is_shown = plans.len() > 1 && !args.trace;
    let mut progress = is_shown.then(|| Progress::new(plans.len() as u64, LINE_EVERY));
    for plan in plans {
        let run = sim::simulation::run(plan);
        if args.trace {
            print(run.trace.trim_end())?;
        }
        tally.take(run);
        if let Some(progress) = &mut progress {
            progress.show(tally.runs, || format!("days, {} failed", tally.failed));
        }
    }
    drop(progress);
    if args.json {
        print(&tally.json(started.elapsed()).to_string())?;
    } else {
        print(&tally.text(started.elapsed()))?;
    }
    Ok(if tally.failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn plans(args: &SimArgs) -> impl Iterator<Item = Plan> {
    let scenarios = args.scenario.map_or(Scenario::ALL.to_vec(), |scenario| vec![scenario]);
    let executors = args.executor.map_or(EXECUTORS.to_vec(), |executor| vec![executor]);
    let (first, breakage) = (args.seed, args.breakage);
    (first..first.saturating_add(args.seeds)).flat_map(move |seed| {
        let executors = executors.clone();
        scenarios.clone().into_iter().flat_map(move |scenario| {
            executors.clone().into_iter().map(move |executor| Plan { seed, scenario, executor, breakage })
        })
    })
}

impl Tally {
    fn take(&mut self, run: Run) {
        self.runs += 1;
        self.ticks += run.ticks;
        self.requests += run.requests;
        self.events += run.events;
        self.coverage.add(&run.coverage);
        let Some(failure) = run.failure else { return };
        self.failed += 1;
        if self.examples.len() < EXAMPLES_MAX {
            self.examples.push((run.plan.command(), failure));
        }
    }

    fn text(&self, took: Duration) -> String {
        let mut text = String::new();
        for branch in Branch::ALL {
            let _ = writeln!(text, "{:>10}  {}", self.coverage.count(*branch), branch.name());
        }
        for (command, failure) in &self.examples {
            let _ = writeln!(text, "\n{failure}\nagain: {command}");
        }
        let never = self.coverage.never_reached();
        if !never.is_empty() {
            let names: Vec<_> = never.iter().map(|branch| branch.name()).collect();
            let _ = writeln!(text, "\nnever reached: {}", names.join("; "));
        }
        let Tally { runs, failed, requests, events, .. } = self;
        let _ = write!(
            text,
            "\n{runs} days, {requests} requests, {events} events in {:.1} s: {failed} failed",
            took.as_secs_f64()
        );
        text
    }

    fn json(&self, took: Duration) -> serde_json::Value {
        let coverage = Branch::ALL.iter().map(|branch| (branch.name().to_owned(), self.coverage.count(*branch).into()));
        let never = self.coverage.never_reached();
        let failures = self.examples.iter().map(|(command, failure)| json!({"command": command, "failure": failure}));
        json!({
            "runs": self.runs,
            "ticks": self.ticks,
            "requests": self.requests,
            "events": self.events,
            "seconds": took.as_secs_f64(),
            "failed": self.failed,
            "failures": failures.collect::<Vec<_>>(),
            "coverage": serde_json::Map::from_iter(coverage),
            "neverReached": never.iter().map(|branch| branch.name()).collect::<Vec<_>>(),
        })
    }
}
