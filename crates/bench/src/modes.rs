//! A comparison of all processing modes: the same orders, in turn, on one server.

use std::time::Duration;

use serde::Serialize;

use crate::Error;
use crate::load::{self, Load, Pace};
use crate::scenario::Stage;

mod orders;
mod page;
mod plot;

pub use orders::End;
use orders::{Orders, Outcomes};
pub use page::page;
pub use plot::plot;

/// The modes, and the percentage of users that gradual runs in parallel.
pub const MODES: [(&str, i64); 6] =
    [("parallel", 0), ("sequential", 0), ("adaptive", 0), ("gradual", 50), ("atomic", 0), ("sync", 0)];

/// The parameters of a comparison.
#[derive(Clone, Copy, Debug)]
pub struct Comparison {
    pub leg: Duration,
    pub rounds: usize,
    pub end: End,
}

/// The results of one mode; each figure is the median of the rounds.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ModeFigures {
    pub mode: &'static str,
    pub orders: u64,
    pub per_second: f64,
    pub p50_ms: f64,
    pub p95_ms: f64,
    pub p99_ms: f64,
    /// Number of responses that were not the order's expected outcome.
    pub errors: u64,
    /// Number of orders that were compensated.
    pub compensations: u64,
    pub ratio_to_parallel: f64,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ModesReport {
    pub scenario: &'static str,
    /// True if every order was paid.
    pub payment: bool,
    pub rounds: usize,
    pub connections: usize,
    pub modes: Vec<ModeFigures>,
    pub audit_violations: Option<i64>,
    pub failures: Vec<String>,
}

/// One leg of one mode.
struct Leg {
    per_second: f64,
    orders: u64,
    quantiles_ms: [f64; 3],
    outcomes: Outcomes,
}

/// Runs the comparison. Every mode has a leg in every round, so that a disturbance of the machine affects all modes.
pub async fn run(stage: &mut Stage, wanted: Comparison, progress: &dyn Fn(&str)) -> Result<ModesReport, Error> {
    let mut legs: Vec<Vec<Leg>> = MODES.iter().map(|_| vec![]).collect();
    let mut failures = vec![];
    let (captured, mut paid) = (stage.shop.captures().await?, 0);
    // The first round warms up and measures how many orders a leg takes.
    let mut expected = 2_000;
    for round in 0..=wanted.rounds {
        for (place, (mode, percent)) in MODES.into_iter().enumerate() {
            let name = if round == 0 { "warming up".to_owned() } else { format!("round {round} of {}", wanted.rounds) };
            stage.shop.set_mode(mode, percent).await?;
            let leg = run_leg(stage, wanted, expected, &mut failures).await?;
            paid += leg.outcomes.paid;
            progress(&format!("{name}: {mode}, {:.0} per second", leg.per_second));
            if round > 0 {
                legs[place].push(leg);
            } else {
                expected = expected.max((leg.per_second * wanted.leg.as_secs_f64() * 2.0) as u64);
            }
        }
    }
    let captured = stage.shop.captures().await? - captured;
    if captured != paid {
        failures.push(format!("{paid} orders were paid, but {captured} payments were captured"));
    }
    let connections = stage.connections;
    let payment = wanted.end == End::Paid;
    let modes = MODES.iter().zip(&legs).map(|((mode, _), legs)| figures(mode, legs)).collect();
    let mut report = ModesReport {
        scenario: "modes",
        payment,
        rounds: wanted.rounds,
        connections,
        modes,
        audit_violations: None,
        failures,
    };
    report.compare();
    Ok(report)
}

async fn run_leg(
    stage: &mut Stage,
    wanted: Comparison,
    expected: u64,
    failures: &mut Vec<String>,
) -> Result<Leg, Error> {
    let (plan, outcomes) = Orders::prepare(stage, expected, wanted.end).await?;
    let load = Load { connections: stage.connections, pace: Pace::Closed { time: wanted.leg } };
    let leg = load::run(stage.address, Box::new(plan), load).await?;
    if let Some(complaint) = &leg.tally.complaint {
        failures.push(format!("{} responses were not as expected, the first: {complaint}", leg.tally.surprises));
    }
    let latencies = &leg.tally.latencies;
    Ok(Leg {
        per_second: leg.per_second(),
        orders: leg.tally.answers(),
        quantiles_ms: [0.5, 0.95, 0.99].map(|share| latencies.quantile_ms(share)),
        outcomes: outcomes.take(),
    })
}

fn figures(mode: &'static str, legs: &[Leg]) -> ModeFigures {
    let of = |figure: &dyn Fn(&Leg) -> f64| rounded(median(legs.iter().map(figure)));
    ModeFigures {
        mode,
        orders: legs.iter().map(|leg| leg.orders).sum(),
        per_second: of(&|leg| leg.per_second),
        p50_ms: of(&|leg| leg.quantiles_ms[0]),
        p95_ms: of(&|leg| leg.quantiles_ms[1]),
        p99_ms: of(&|leg| leg.quantiles_ms[2]),
        errors: legs.iter().map(|leg| leg.outcomes.errors).sum(),
        compensations: legs.iter().map(|leg| leg.outcomes.compensations).sum(),
        ratio_to_parallel: 1.0,
    }
}

impl ModesReport {
    fn compare(&mut self) {
        let parallel = self.modes.first().map_or(1.0, |figures| figures.per_second.max(1e-9));
        for figures in &mut self.modes {
            figures.ratio_to_parallel = rounded(figures.per_second / parallel);
        }
    }

    pub fn with_audit(mut self, violations: i64) -> ModesReport {
        self.audit_violations = Some(violations);
        self
    }

    /// Returns whether every response was as expected, and the audit found nothing.
    pub fn is_clean(&self) -> bool {
        self.failures.is_empty() && self.audit_violations.unwrap_or(0) == 0
    }
}

/// Three decimals: more would suggest a precision that the measurement does not have.
fn rounded(figure: f64) -> f64 {
    (figure * 1e3).round() / 1e3
}

fn median(figures: impl Iterator<Item = f64>) -> f64 {
    let mut figures: Vec<f64> = figures.collect();
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or_default()
}
