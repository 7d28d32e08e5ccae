//! Whole days of the shop from seeds.

use app::state::settings::Executor;
use sim::coverage::{Branch, Coverage};
use sim::scenario::{Breakage, Scenario};
use sim::simulation::{EXECUTORS, Plan, run};

const SEEDS: u64 = 24;
/// A deliberate defect must be found within this many seeds of a scenario.
const BREAKAGE_SEEDS_MAX: u64 = 100;

/// Branches that need a broker.
const LOG_ONLY: [Branch; 8] = [
    Branch::Moved,
    Branch::InboxMet,
    Branch::CountsHeld,
    Branch::CountsChanged,
    Branch::Forged,
    Branch::ForgedGivenUp,
    Branch::UnreadableGivenUp,
    Branch::ForeignPassedOver,
];
/// Branches that the inline executor cannot reach, because it decides everything at once.
const NEVER_INLINE: [Branch; 11] = [
    Branch::Resolved,
    Branch::LateClaimRefused,
    Branch::GivenUp,
    Branch::Stuck,
    Branch::Resumed,
    Branch::StaleTimer,
    Branch::Parked,
    Branch::WaitedBehind,
    Branch::DeadLettered,
    Branch::Permanent,
    Branch::DeadLetterHandled,
];

/// Branches of payments that are too rare in a day to be certain; the matrix, `stuck_payments.rs` and `drop_cards.rs` have
/// each of them.
const IN_THE_MATRIX: [Branch; 7] = [
    Branch::CardRefused,
    Branch::RefundDeclined,
    Branch::ProviderTookBack,
    Branch::VoidDeclined,
    Branch::PaymentStuck,
    Branch::PaymentRetried,
    Branch::PaymentResolved,
];

fn check_worlds(executor: Executor) -> Coverage {
    let mut coverage = Coverage::default();
    for scenario in Scenario::ALL {
        // Few orders of a day are paid and refunded.
        let seeds = if scenario == Scenario::Payments { 5 * SEEDS } else { SEEDS };
        for seed in 0..seeds {
            let plan = Plan { seed, scenario, executor, breakage: None };
            let run = run(plan);
            assert_eq!(run.failure, None, "{}", plan.command());
            coverage.add(&run.coverage);
        }
    }
    coverage
}

#[test]
fn every_day_of_every_scenario_passes_its_checks_under_the_log_executor() {
    let missed = check_worlds(Executor::Log).never_reached();
    let surprising: Vec<_> = missed.iter().filter(|branch| !IN_THE_MATRIX.contains(branch)).collect();
    assert!(surprising.is_empty(), "every branch must be reached: {surprising:?}");
}

#[test]
fn every_day_of_every_scenario_passes_its_checks_under_the_inline_executor() {
    let missed = check_worlds(Executor::Inline).never_reached();
    let is_expected =
        |branch: &&Branch| [&LOG_ONLY[..], &NEVER_INLINE, &IN_THE_MATRIX].iter().any(|all| all.contains(branch));
    let surprising: Vec<_> = missed.iter().filter(|branch| !is_expected(branch)).collect();
    assert!(surprising.is_empty(), "every branch must be reached: {surprising:?}");
}

/// Nothing in the shop depends on the operating system.
#[test]
fn the_same_seed_leaves_the_same_trace_byte_for_byte() {
    for executor in EXECUTORS {
        for scenario in [Scenario::Everything, Scenario::Zombies] {
            let plan = Plan { seed: 7, scenario, executor, breakage: None };
            let (first, second) = (run(plan), run(plan));
            assert!(first.trace.lines().count() > 300, "a trace has a line per event");
            assert!(first == second, "{} is not the same twice", plan.command());
        }
    }
}

/// After a clock is set back, only one of two workers has seen the later time. Both use the latest commit's time; otherwise
/// each would keep firing the other's timers.
#[test]
fn two_workers_share_one_time() {
    let plan = Plan { seed: 868, scenario: Scenario::Everything, executor: Executor::Log, breakage: None };
    assert_eq!(run(plan).failure, None);
}

#[test]
fn another_seed_is_another_day() {
    let day = |seed| run(Plan { seed, scenario: Scenario::Calm, executor: Executor::Log, breakage: None }).trace;
    assert_ne!(day(1), day(2));
}

#[track_caller]
fn check_found(breakage: Breakage, scenario: Scenario, executor: Executor) {
    let plan = |seed| Plan { seed, scenario, executor, breakage: Some(breakage) };
    let found = (0..BREAKAGE_SEEDS_MAX).map(plan).find(|plan| run(*plan).failure.is_some());
    assert!(found.is_some(), "{} is not found in {BREAKAGE_SEEDS_MAX} seeds", breakage.name());
}

#[test]
fn a_dropped_tombstone_is_found() {
    check_found(Breakage::TombstonesDropped, Scenario::Deliveries, Executor::Log);
}

#[test]
fn a_skipped_comparison_of_offsets_is_found() {
    check_found(Breakage::OffsetsNotCompared, Scenario::Zombies, Executor::Log);
}

#[test]
fn a_skipped_comparison_of_held_counts_is_found() {
    check_found(Breakage::CountsNotCompared, Scenario::Zombies, Executor::Log);
}

#[test]
fn a_gate_that_counts_admissions_is_found() {
    check_found(Breakage::AdmissionsCounted, Scenario::Calm, Executor::Inline);
}

#[test]
fn a_provider_that_forgets_keys_is_found() {
    check_found(Breakage::KeysForgotten, Scenario::Payments, Executor::Inline);
}

#[test]
fn a_log_that_believes_every_record_is_found() {
    check_found(Breakage::RecordsBelieved, Scenario::Forgeries, Executor::Log);
}
