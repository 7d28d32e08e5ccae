//! The same orders over clusters of more and more processes: how they scale, and what each component costs per order.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use serde::Serialize;
use tokio::task::LocalSet;

use crate::Error;
use crate::load::{self, Leg, Load, Pace};
use crate::plan::Plan;
use crate::scenario::{Scenario, Stage};
use crate::usage::cpu_seconds;

/// The shape of a cluster: how many processes have each role.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    pub apis: usize,
    pub workers: usize,
}

/// One process first, then more of each kind alone.
pub const SHAPES: [Shape; 5] = [
    Shape { apis: 1, workers: 1 },
    Shape { apis: 2, workers: 1 },
    Shape { apis: 4, workers: 1 },
    Shape { apis: 1, workers: 2 },
    Shape { apis: 1, workers: 4 },
];

/// A process whose processor time is counted under the name of its component.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    pub component: &'static str,
    pub process: u32,
}

/// The figures of one shape.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Step {
    pub apis: usize,
    pub workers: usize,
    pub orders: u64,
    pub per_second: f64,
    pub p50_ms: f64,
    pub p99_ms: f64,
    /// Microseconds of processor time per order.
    pub cpu_us_per_order: BTreeMap<&'static str, f64>,
    pub audit_violations: i64,
    pub failures: Vec<String>,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ScaleReport {
    pub scenario: &'static str,
    pub executor: &'static str,
    pub connections: usize,
    pub steps: Vec<Step>,
}

/// The orders of the leg that warms up the processes, at each of them.
const WARM_UP_ORDERS: u64 = 2_000;
/// Each process is prepared for this multiple of the orders that it made while warming up.
const PREPARED_SPARE: f64 = 2.0;

/// Orders at all processes at once, each of its own product, coupons and customers.
pub async fn run(
    stages: &mut [Stage],
    Shape { apis, workers }: Shape,
    parts: &[Part],
    time: Duration,
) -> Result<Step, Error> {
    let plans = prepare(stages, WARM_UP_ORDERS).await?;
    let warm = run_legs(stages, plans, time).await?;
    let fastest = warm.iter().map(Leg::per_second).fold(0.0, f64::max);
    let expected = (fastest * time.as_secs_f64() * PREPARED_SPARE).ceil() as u64;
    let plans = prepare(stages, expected).await?;
    let before = processor_times(parts);
    let legs = run_legs(stages, plans, time).await?;
    let after = processor_times(parts);
    let orders: u64 = legs.iter().map(|leg| leg.tally.answers()).sum();
    let used = |component: &str| after[component] - before.get(component).copied().unwrap_or_default();
    let cpu_us_per_order =
        after.keys().map(|component| (*component, rounded(used(component) * 1e6 / orders.max(1) as f64))).collect();
    let quantile = |share| legs.iter().map(|leg| leg.tally.latencies.quantile_ms(share)).fold(0.0, f64::max);
    let mut failures = vec![];
    for (stage, leg) in stages.iter_mut().zip(&legs) {
        failures.extend(leg.tally.complaint.clone());
        for claim in leg.plan.claims() {
            failures.extend(stage.shop.check(&claim).await?);
        }
    }
    Ok(Step {
        apis,
        workers,
        orders,
        per_second: rounded(legs.iter().map(Leg::per_second).sum()),
        p50_ms: rounded(quantile(0.5)),
        p99_ms: rounded(quantile(0.99)),
        cpu_us_per_order,
        audit_violations: 0,
        failures,
    })
}

async fn prepare(stages: &mut [Stage], orders: u64) -> Result<Vec<Box<dyn Plan>>, Error> {
    let mut plans = vec![];
    for stage in stages {
        plans.push(stage.prepare(Scenario::Order, orders).await?);
    }
    Ok(plans)
}

async fn run_legs(stages: &[Stage], plans: Vec<Box<dyn Plan>>, time: Duration) -> Result<Vec<Leg>, Error> {
    let all = LocalSet::new();
    let mut legs = vec![];
    for (stage, plan) in stages.iter().zip(plans) {
        let load = Load { connections: stage.connections, pace: Pace::Closed { time } };
        legs.push(all.spawn_local(load::run(stage.address, plan, load)));
    }
    all.run_until(async {
        let mut ended = vec![];
        for leg in legs {
            ended.push(leg.await.map_err(|_panicked| Error::Nothing("a leg panicked"))??);
        }
        Ok(ended)
    })
    .await
}

/// Returns the processor time of each component; a process that cannot be read counts as nothing.
fn processor_times(parts: &[Part]) -> BTreeMap<&'static str, f64> {
    let mut times = BTreeMap::from([("load", cpu_seconds("self").unwrap_or_default())]);
    for part in parts {
        *times.entry(part.component).or_default() += cpu_seconds(&part.process.to_string()).unwrap_or_default();
    }
    times
}

fn rounded(figure: f64) -> f64 {
    (figure * 10.0).round() / 10.0
}

impl ScaleReport {
    pub fn is_clean(&self) -> bool {
        self.steps.iter().all(|step| step.failures.is_empty() && step.audit_violations == 0)
    }

    pub fn table(&self) -> String {
        let mut text =
            format!("{:>4} {:>7} {:>9} {:>8} {:>8}  CPU per order\n", "api", "worker", "orders/s", "p50", "p99");
        for step in &self.steps {
            let Step { apis, workers, per_second, p50_ms, p99_ms, .. } = step;
            let _ = write!(text, "{apis:>4} {workers:>7} {per_second:>9.0} {p50_ms:>5.0} ms {p99_ms:>5.0} ms ");
            for (component, used) in &step.cpu_us_per_order {
                let _ = write!(text, " {component} {used:.0} µs");
            }
            text.push('\n');
        }
        let _ = write!(text, "executor {}, {} connections in all", self.executor, self.connections);
        for failure in self.steps.iter().flat_map(|step| &step.failures) {
            let _ = write!(text, "\nFAILED: {failure}");
        }
        text
    }
}
