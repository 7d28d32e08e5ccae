//! Whole days of the shop from seeds.

use sim::scenario::Scenario;
use sim::simulation::{EXECUTORS, Plan, run};

const SEEDS: u64 = 3;

#[test]
fn every_day_of_every_world_adds_up_in_the_evening() {
    for seed in 0..SEEDS {
        for scenario in [Scenario::Calm, Scenario::Deliveries, Scenario::Silence, Scenario::Clocks, Scenario::Rush] {
            for executor in EXECUTORS {
                let plan = Plan { seed, scenario, executor, breakage: None };
                assert_eq!(run(plan).failure, None, "{}", plan.command());
            }
        }
    }
}
