//! `doorbuster sim --matrix`: one order at a time, with every possible failure and a crash at every boundary.

use std::num::NonZero;
use std::process::ExitCode;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::json;
use sim::matrix::{Case, Sample, Tally, cells, play};

use super::limits::{EXAMPLES_MAX, LINE_EVERY};
use crate::cli::SimArgs;
use crate::commands::output::progress::Progress;
use crate::commands::{Error, print};

pub(super) fn run(args: &SimArgs) -> Result<ExitCode, Error> {
    let started = Instant::now();
    let is_wanted = |cell: &Case| args.executor.is_none_or(|executor| executor == cell.executor);
    let cells: Vec<Case> = cells().into_iter().filter(is_wanted).collect();
    let threads = thread::available_parallelism().map_or(1, NonZero::get);
    let mut progress = Progress::new(cells.len() as u64, LINE_EVERY);
    let tally = play(&cells, Sample { crashes_every: 1, threads, breakage: args.breakage }, |done, so_far| {
        progress.show(done, || format!("cells, {} cases, {} failed", so_far.cases, so_far.failures.len()));
    });
    drop(progress);
    let took = started.elapsed();
    print(&if args.json { json(&cells, &tally, took).to_string() } else { text(&cells, &tally, took) })?;
    Ok(if tally.failures.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn text(cells: &[Case], tally: &Tally, took: Duration) -> String {
    let shown = tally.failures.iter().take(EXAMPLES_MAX);
    let failures: String = shown.map(|(case, complaint)| format!("{case}: {complaint}\n\n")).collect();
    let Tally { cases, crashes, failures: all, .. } = tally;
    format!(
        "{failures}{} cells, {cases} cases, {crashes} of them with a crash, in {:.1} s: {} failed",
        cells.len(),
        took.as_secs_f64(),
        all.len()
    )
}

fn json(cells: &[Case], tally: &Tally, took: Duration) -> serde_json::Value {
    let failures = tally.failures.iter().take(EXAMPLES_MAX);
    let failures = failures.map(|(case, complaint)| json!({"case": case, "failure": complaint}));
    json!({
        "cells": cells.len(),
        "cases": tally.cases,
        "crashes": tally.crashes,
        "commits": tally.commits,
        "seconds": took.as_secs_f64(),
        "failed": tally.failures.len(),
        "failures": failures.collect::<Vec<_>>(),
    })
}
