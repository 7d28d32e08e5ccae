//! Thousands of forged records: in whole days, and in a small shop that must end in the same state as without them.

use app::state::settings::Executor;
use proptest::collection::vec;
use proptest::prelude::*;
use sim::coverage::{Branch, Coverage};
use sim::forgery::trial::hold;
use sim::scenario::Scenario;
use sim::simulation::{Plan, run};

const SEEDS: u64 = 6;

#[test]
fn a_day_with_forged_records_passes_its_checks() {
    let mut coverage = Coverage::default();
    for seed in 0..SEEDS {
        let plan = Plan { seed, scenario: Scenario::Forgeries, executor: Executor::Log, breakage: None };
        let run = run(plan);
        assert_eq!(run.failure, None, "{}", plan.command());
        coverage.add(&run.coverage);
    }
    let met = [Branch::ForgedGivenUp, Branch::UnreadableGivenUp, Branch::ForeignPassedOver];
    assert!(met.iter().all(|branch| coverage.count(*branch) > 0), "{coverage:?}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn with_any_forgeries_a_shop_ends_as_without_them(bytes in vec(any::<u8>(), 0..1_500)) {
        if let Err(complaint) = hold(&bytes) {
            prop_assert!(false, "{complaint}");
        }
    }
}
