//! One order at a time: every mode, every failing step, and a crash before and after each commit of the order's life.
//!
//! [`crate::simulation`] reaches these combinations by chance; the matrix enumerates them. A case is first played without a
//! crash, to count its commits.

mod cases;
mod ending;
mod failing;
mod failure;
mod life;
mod shop;
mod stage;

pub use cases::{Case, Crash, cells};
pub use failure::{Failure, Part, Row, Span};
pub use life::Life;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;

use crate::scenario::Breakage;
use crate::verdict::Verdict;
use stage::Stage;

/// The results of cells and of their crashes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    pub cases: u64,
    /// Number of cases with a crash.
    pub crashes: u64,
    /// Number of commits of the cases without a crash.
    pub commits: u64,
    /// The failed cases, each with its error.
    pub failures: Vec<(String, String)>,
}

impl Tally {
    pub fn add(&mut self, other: Tally) {
        self.cases += other.cases;
        self.crashes += other.crashes;
        self.commits += other.commits;
        self.failures.extend(other.failures);
    }

    fn take(&mut self, case: &Case, verdict: Verdict) {
        self.cases += 1;
        self.crashes += u64::from(case.crash.is_some());
        if let Err(complaint) = verdict {
            self.failures.push((case.name(), complaint));
        }
    }
}

/// The part of the matrix to play, and the number of threads.
#[derive(Clone, Copy, Debug)]
pub struct Sample {
    /// Plays every n-th crash; every cell is also played without one.
    pub crashes_every: u64,
    pub threads: usize,
    pub breakage: Option<Breakage>,
}

/// Plays cells in parallel. `watch` gets the number of finished cells and their results so far.
pub fn play(cells: &[Case], sample: Sample, mut watch: impl FnMut(u64, &Tally)) -> Tally {
    let (next, (sender, played)) = (AtomicUsize::new(0), channel());
    std::thread::scope(|scope| {
        for _ in 0..sample.threads {
            let (next, sender) = (&next, sender.clone());
            scope.spawn(move || {
                loop {
                    let place = next.fetch_add(1, Ordering::Relaxed);
                    let Some(cell) = cells.get(place) else { return };
                    // The receiver lives until the last cell.
                    let _heard = sender.send(run(*cell, place as u64, sample));
                }
            });
        }
        drop(sender);
        let mut tally = Tally::default();
        for (done, of_cell) in (1..).zip(played) {
            tally.add(of_cell);
            watch(done, &tally);
        }
        tally.failures.sort();
        tally
    })
}

/// Plays a cell, and again with a crash at some of its commits; `first` shifts which ones.
fn run(cell: Case, first: u64, sample: Sample) -> Tally {
    let mut tally = Tally::default();
    let calm = |stage: Stage| stage.play(cell).map(|(ending, commits)| (stage, ending, commits));
    let (stage, calm, commits) = match Stage::prepare(cell, sample.breakage).and_then(calm) {
        Ok(played) => played,
        Err(complaint) => {
            tally.take(&cell, Err(complaint));
            return tally;
        }
    };
    tally.take(&cell, calm.is_expected(&cell));
    tally.commits = commits;
    let boundaries = (1..=commits).flat_map(|commit| Crash::ALL.map(|crash| crash(commit)));
    for (place, crash) in boundaries.enumerate() {
        if !(first + place as u64).is_multiple_of(sample.crashes_every) {
            continue;
        }
        let case = Case { crash: Some(crash), ..cell };
        let verdict = stage.play(case).and_then(|(ending, _)| ending.is_as(&calm, &cell));
        tally.take(&case, verdict);
    }
    tally
}
