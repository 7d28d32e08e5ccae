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
use crate::commands::{Error, Left, print};
use crate::runtime::shutdown::Signals;
use crate::system::io_error;

pub(in crate::commands) fn run(args: &RehearseArgs) -> Result<ExitCode, Error> {
    let mut script = file::read(&args.script)?;
    script.seed = args.seed.unwrap_or(script.seed);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let rehearsed = runtime.block_on(async {
        let mut signals = Signals::listen()?;
        tokio::select! {
            rehearsed = calibrate_and_rehearse(script, args) => rehearsed,
            // Dropping the measurement deletes its folders.
            _ = signals.received() => Err(Error::Interrupted(Left::Nothing)),
        }
    })?;
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

async fn calibrate_and_rehearse(mut script: Script, args: &RehearseArgs) -> Result<Rehearsed, Error> {
    if args.calibrate {
        note("measuring this machine");
        script.shop.speeds = speeds::measure().await?;
    }
    let (sender, receiver) = tokio::sync::oneshot::channel();
    let has_advice = !args.no_advice;
    // A thread that nothing waits for: a signal ends the command at once.
    std::thread::Builder::new().name("rehearsal".to_owned()).spawn(move || {
        // The receiver is gone after a signal.
        let _ = sender.send(rehearse(script, has_advice));
    })?;
    receiver.await.map_err(|_panicked| Error::Failed("the rehearsal panicked".to_owned()))
}

fn rehearse(script: Script, has_advice: bool) -> Rehearsed {
    if !has_advice {
        return Rehearsed { outcome: play(&script), script, advice: None };
    }
    let trials = advice::trials(&script);
    // Equal scripts have equal results, and the script itself is a trial of each kind: every script is played once.
    let mut scripts = vec![&script];
    let mut places = vec![];
    for (_, trial) in &trials {
        let known = scripts.iter().position(|known| *known == trial);
        places.push(known.unwrap_or(scripts.len()));
        if known.is_none() {
            scripts.push(trial);
        }
    }
    let mut outcomes = play_all(&scripts);
    let played: Vec<(Trial, Outcome)> =
        trials.iter().zip(places).map(|((trial, _), place)| (*trial, outcomes[place].clone())).collect();
    let advice = Some(advice::advise(&played));
    Rehearsed { outcome: outcomes.swap_remove(0), script, advice }
}

/// Plays all scripts, on all cores, and returns the outcomes in their order.
fn play_all(scripts: &[&Script]) -> Vec<Outcome> {
    let threads = std::thread::available_parallelism().map_or(1, NonZero::get).min(scripts.len());
    let (next, played) = (AtomicUsize::new(0), Mutex::new(vec![]));
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    let Some(script) = scripts.get(number) else { return };
                    let outcome = play(script);
                    played.lock().push((number, outcome));
                }
            });
        }
    });
    let mut played = played.into_inner();
    played.sort_by_key(|(number, _)| *number);
    played.into_iter().map(|(_, outcome)| outcome).collect()
}
