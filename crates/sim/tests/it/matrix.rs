//! Every mode, every failing step, and crashes before and after each commit of the order's life.

use std::collections::BTreeSet;

use domain::order::Choice;
use domain::payment::Operation;
use sim::matrix::{Case, Failure, Life, Sample, Tally, cells, play};
use sim::scenario::Breakage;
use sim::simulation::executor_name;

/// The test plays every n-th crash; `doorbuster sim --matrix` plays them all.
const CRASHES_EVERY: u64 = 12;
const THREADS: usize = 2;

fn play_all(cells: &[Case], crashes_every: u64, breakage: Option<Breakage>) -> Tally {
    play(cells, Sample { crashes_every, threads: THREADS, breakage }, |_, _| ())
}

#[test]
fn every_failure_of_every_mode_ends_well_with_a_crash_and_without() {
    let cells = cells();
    let tally = play_all(&cells, CRASHES_EVERY, None);
    assert!(tally.failures.is_empty(), "{} do not hold, the first: {:?}", tally.failures.len(), tally.failures[0]);
    assert_eq!(tally.cases, cells.len() as u64 + tally.crashes);
    // Each commit has two boundaries; the sampled ones differ from cell to cell.
    let expected = 2 * tally.commits / CRASHES_EVERY;
    assert!(tally.crashes.abs_diff(expected) < expected / 10, "{} crashes of {} commits", tally.crashes, tally.commits);
}

/// Pins the number of cells.
#[test]
fn every_mode_has_every_failure_that_is_possible() {
    let cells = cells();
    let of = |choice, is_wanted: &dyn Fn(&Case) -> bool| {
        cells.iter().filter(|cell| cell.choice == choice && is_wanted(cell)).count()
    };
    for choice in Choice::ALL {
        for life in Life::ALL {
            assert_eq!(of(choice, &|cell| cell.life == life && cell.failure == Failure::None), 2, "both executors");
        }
        for operation in Operation::ALL {
            let is_about = |cell: &Case| matches!(cell.failure, Failure::Provider(of, ..) if of == operation);
            assert!(of(choice, &is_about) >= 2 * 13, "{choice:?} {operation:?}");
        }
        let is_silent = |cell: &Case| matches!(cell.failure, Failure::Silent(_));
        let asks_nobody = matches!(choice, Choice::Atomic | Choice::Sync);
        assert_eq!(of(choice, &is_silent), if asks_nobody { 5 } else { 9 });
        assert_eq!(of(choice, &|cell| matches!(cell.failure, Failure::Refused(_))), 8);
    }
    let names: BTreeSet<String> = cells.iter().map(Case::name).collect();
    assert_eq!(names.len(), cells.len(), "no cell is played twice");
}

#[track_caller]
fn check_found(breakage: Breakage, is_wanted: impl Fn(&Case) -> bool, complaint: &str) {
    let cells: Vec<Case> = cells().into_iter().filter(is_wanted).collect();
    let (sound, broken) = (play_all(&cells, 1, None), play_all(&cells, 1, Some(breakage)));
    assert_eq!((sound.failures.len(), sound.cases > 0), (0, true));
    let found = broken.failures.iter().any(|(_, found)| found.contains(complaint));
    assert!(found, "{} is not found: {:?}", breakage.name(), broken.failures.first());
}

/// A silent participant claims late what was released long ago.
#[test]
fn a_dropped_tombstone_is_found_by_silence() {
    let is_silent = |cell: &Case| {
        cell.choice == Choice::Parallel && cell.failure == Failure::Silent(app::log::reactions::Group::Stock)
    };
    check_found(Breakage::TombstonesDropped, is_silent, "rejected as a forgery");
}

/// Only a process that died before it recorded a call repeats it.
#[test]
fn a_provider_that_forgets_keys_is_found_by_crashes_alone() {
    let is_paid = |cell: &Case| {
        cell.choice == Choice::Atomic
            && cell.life == Life::Paid
            && cell.failure == Failure::None
            && executor_name(cell.executor) == "inline"
    };
    check_found(Breakage::KeysForgotten, is_paid, "the provider holds");
    let cell: Vec<Case> = cells().into_iter().filter(is_paid).collect();
    assert_eq!(play_all(&cell, u64::MAX, Some(Breakage::KeysForgotten)).failures.len(), 0, "without a crash");
}
