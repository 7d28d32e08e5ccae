//! `doorbuster rehearse`: plays a drop in simulated time, and recommends a rate and a number of processes.

mod file;
mod page;
mod plot;
mod rehearsed;
mod table;

use std::num::NonZero;
use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering};

use parking_lot::Mutex;
use sim::rehearsal::advice::{self, Trial};
use sim::rehearsal::{Outcome, Script, play};

use rehearsed::Rehearsed;

use crate::cli::RehearseArgs;
use crate::commands::bench::speeds;
use crate::commands::output::terminal::note;
use crate::commands::{Error, print};
use crate::system::io_error;

pub(in crate::commands) fn run(args: &RehearseArgs) -> Result<ExitCode, Error> {
    let mut script = file::read(&args.script)?;
    script.seed = args.seed.unwrap_or(script.seed);
    if args.calibrate {
        note("measuring this machine");
        script.shop.speeds = speeds::measure()?;
    }
    let rehearsed = rehearse(script, !args.no_advice)?;
    if let Some(path) = &args.page {
        let wrote = std::fs::write(path, page::of(&rehearsed));
        wrote.map_err(|error| {
            Error::Usage(format!("--page: {} cannot be written: {}", path.display(), io_error::of(&error)))
        })?;
    }
    if args.json {
        print(&serde_json::to_string(&rehearsed).map_err(std::io::Error::from)?)?;
    } else {
        print(&table::of(&rehearsed, args.calibrate))?;
    }
    Ok(if rehearsed.outcome.violations.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn rehearse(script: Script, has_advice: bool) -> Result<Rehearsed, Error> {
    if !has_advice {
        return Ok(Rehearsed { outcome: play(&script), script, advice: None });
    }
    let mut trials = advice::trials(&script);
    // The script itself, which most often is one of the trials.
    let own = trials.iter().position(|(_, trial)| *trial == script);
    if own.is_none() {
        trials.push((Trial::Processes(script.shop.processes), script.clone()));
    }
    let played = play_all(&trials);
    let outcome = played.get(own.unwrap_or(played.len().saturating_sub(1))).map(|(_, outcome)| outcome.clone());
    let outcome = outcome.ok_or_else(|| Error::Failed("the script was not played".to_owned()))?;
    Ok(Rehearsed { outcome, script, advice: Some(advice::advise(&played)) })
}

/// Plays all trials, on all cores, and returns them in their order.
fn play_all(trials: &[(Trial, Script)]) -> Vec<(Trial, Outcome)> {
    let threads = std::thread::available_parallelism().map_or(1, NonZero::get).min(trials.len());
    let (next, played) = (AtomicUsize::new(0), Mutex::new(vec![]));
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    let Some((trial, script)) = trials.get(number) else { return };
                    let outcome = play(script);
                    played.lock().push((number, *trial, outcome));
                }
            });
        }
    });
    let mut played = played.into_inner();
    played.sort_by_key(|(number, ..)| *number);
    played.into_iter().map(|(_, trial, outcome)| (trial, outcome)).collect()
}
