//! A whole measurement: the echo baseline and the scenario in turn, in several rounds, with every leg checked.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use crate::Error;
use crate::load::{self, Leg, Load, Pace, Tally};
use crate::plan::Plan;
use crate::scenario::{Echo, Scenario, Stage};
use crate::usage::Usage;
use crate::viewers;

/// The parameters of a measurement.
#[derive(Clone, Copy, Debug)]
pub struct Measurement<'a> {
    pub scenario: Scenario,
    pub leg: Duration,
    pub echo_leg: Duration,
    pub rounds: usize,
    /// The deadline; legs are shortened and rounds omitted to meet it.
    pub until: Option<Instant>,
    /// Requests per second, open loop; `None` is a closed loop.
    pub rate: Option<u64>,
    /// After each leg there is another one, beside so many viewers of the dashboard; 0 for none.
    pub viewers: u16,
    /// Process ids of the server, if it runs on this machine.
    pub servers: &'a [u32],
}

/// One leg of the scenario, and the baselines before it.
#[derive(Debug)]
pub struct Round {
    pub echo_per_second: Option<f64>,
    pub bare_per_second: Option<f64>,
    pub elapsed: Duration,
    pub tally: Tally,
    pub usage: Usage,
    /// The leg beside viewers of the dashboard.
    pub viewed: Option<Viewed>,
}

/// A leg beside viewers of the dashboard.
#[derive(Clone, Copy, Debug)]
pub struct Viewed {
    pub per_second: f64,
    pub p99_ms: f64,
}

impl Round {
    pub fn per_second(&self) -> f64 {
        self.tally.per_second(self.elapsed)
    }
}

#[derive(Debug)]
pub struct Measured {
    pub rounds: Vec<Round>,
    /// Messages of everything that failed.
    pub failures: Vec<String>,
}

/// Warms up caches and tables, and measures the size of responses.
const WARM_UP: Duration = Duration::from_secs(1);
const WARM_UP_REQUESTS: u64 = 5_000;
/// A leg is prepared for this multiple of the fastest leg so far.
const PREPARED_SPARE: f64 = 1.5;
/// Shorter legs are not meaningful.
const LEG_MIN: Duration = Duration::from_millis(250);

/// Runs the measurement; `progress` gets a line before each step.
pub async fn run(stage: &mut Stage, wanted: Measurement<'_>, progress: &dyn Fn(&str)) -> Result<Measured, Error> {
    progress("warming up");
    let mut failures = vec![];
    let warm = warm_up(stage, wanted, &mut failures).await?;
    let mut fastest = warm.per_second();
    let answer_bytes = warm.tally.body_bytes / warm.tally.answers().max(1);
    let has_echo = stage.shop.has_echo().await?;
    let mut rounds = vec![];
    for number in 1..=wanted.rounds {
        let Some(share) = share_of_time(wanted, rounds.len()) else { break };
        // At a fixed rate the number of requests is known.
        let due = wanted.rate.map_or(fastest * PREPARED_SPARE, |rate| rate as f64);
        let expected = (due * wanted.leg.as_secs_f64()).ceil() as u64;
        progress(&format!("round {number} of {}: preparing", wanted.rounds));
        let plan = stage.prepare(wanted.scenario, expected).await?;
        progress(&format!("round {number} of {}: baselines", wanted.rounds));
        let (headers, body) = plan.sample();
        let (headers, body) = (headers.to_owned(), body.to_owned());
        let baseline = Baseline { time: wanted.echo_leg.mul_f64(share), answer_bytes, headers, body };
        let (mut bare_per_second, mut echo_per_second) = (None, None);
        if let Some(bare) = stage.bare {
            bare_per_second = Some(baseline.run(stage, bare, &mut failures).await?);
        }
        if has_echo && wanted.scenario != Scenario::Echo {
            echo_per_second = Some(baseline.run(stage, stage.address, &mut failures).await?);
        }
        progress(&format!("round {number} of {}: {}", wanted.rounds, wanted.scenario.name()));
        let before = Usage::now(&mut stage.shop, wanted.servers).await?;
        let leg = run_leg(stage, plan, pace(stage, wanted, share)).await?;
        let usage = Usage::now(&mut stage.shop, wanted.servers).await?.since(&before);
        check(stage, &leg, &mut failures).await?;
        progress(&format!("round {number} of {}: {:.0} per second", wanted.rounds, leg.per_second()));
        fastest = fastest.max(leg.per_second());
        let viewed = match wanted.viewers {
            0 => None,
            _ => Some(view(stage, wanted, expected, share, &mut failures).await?),
        };
        let Leg { elapsed, tally, .. } = leg;
        rounds.push(Round { echo_per_second, bare_per_second, elapsed, tally, usage, viewed });
    }
    Ok(Measured { rounds, failures })
}

/// Runs a leg of the scenario beside viewers of the dashboard.
async fn view(
    stage: &mut Stage,
    wanted: Measurement<'_>,
    expected: u64,
    share: f64,
    failures: &mut Vec<String>,
) -> Result<Viewed, Error> {
    let plan = stage.prepare(wanted.scenario, expected).await?;
    let leg = run_leg(stage, plan, pace(stage, wanted, share));
    let leg = viewers::beside(stage.shop.viewers(wanted.viewers), leg).await?;
    check(stage, &leg, failures).await?;
    Ok(Viewed { per_second: leg.per_second(), p99_ms: leg.tally.latencies.quantile_ms(0.99) })
}

/// A leg of requests that are answered without the engine.
struct Baseline {
    time: Duration,
    answer_bytes: u64,
    headers: String,
    body: String,
}

impl Baseline {
    /// Returns the requests per second at an address, of the sizes of the sample: its headers and its body.
    async fn run(&self, stage: &mut Stage, address: SocketAddr, failures: &mut Vec<String>) -> Result<f64, Error> {
        let bytes = usize::try_from(self.answer_bytes).unwrap_or(2);
        let echo = Box::new(Echo::new(stage.customers.clone(), &self.headers, &self.body, bytes));
        let load = Load { connections: stage.connections, pace: closed(self.time) };
        let leg = load::run(address, echo, load).await?;
        check(stage, &leg, failures).await?;
        Ok(leg.per_second())
    }
}

async fn warm_up(stage: &mut Stage, wanted: Measurement<'_>, failures: &mut Vec<String>) -> Result<Leg, Error> {
    // A drop sells out at once, so its coupons are warmed up without a limit.
    let sells_out = wanted.scenario == Scenario::Drop && !stage.drop.has_room;
    let scenario = if sells_out { Scenario::Coupon } else { wanted.scenario };
    let plan = stage.prepare(scenario, WARM_UP_REQUESTS).await?;
    let leg = run_leg(stage, plan, closed(WARM_UP.min(wanted.leg))).await?;
    check(stage, &leg, failures).await?;
    Ok(leg)
}

async fn run_leg(stage: &Stage, plan: Box<dyn Plan>, pace: Pace) -> Result<Leg, Error> {
    load::run(stage.address, plan, Load { connections: stage.connections, pace }).await
}

const fn closed(time: Duration) -> Pace {
    Pace::Closed { time }
}

fn pace(stage: &Stage, wanted: Measurement<'_>, share: f64) -> Pace {
    let time = wanted.leg.mul_f64(share);
    let seconds = time.as_secs_f64();
    if wanted.scenario == Scenario::Drop {
        let requests = stage.drop.requests;
        return Pace::Open { per_second: (requests as f64 / seconds.max(1e-3)).ceil() as u64, requests };
    }
    wanted.rate.map_or(closed(time), |per_second| Pace::Open {
        per_second,
        requests: (per_second as f64 * seconds).ceil() as u64,
    })
}

/// The fraction of their planned time that legs may take, so that the remaining rounds meet the deadline.
fn share_of_time(wanted: Measurement<'_>, done: usize) -> Option<f64> {
    let Some(until) = wanted.until else { return Some(1.0) };
    let left = until.saturating_duration_since(Instant::now());
    let planned = (wanted.leg + wanted.echo_leg * 2).mul_f64((wanted.rounds - done) as f64);
    let share = (left.as_secs_f64() / planned.as_secs_f64().max(1e-9)).min(1.0);
    let is_worth_it = done == 0 || wanted.leg.mul_f64(share) >= LEG_MIN;
    is_worth_it.then(|| share.max(LEG_MIN.as_secs_f64() / wanted.leg.as_secs_f64().max(1e-9)).min(1.0))
}

/// Checks a leg's responses and claims.
async fn check(stage: &mut Stage, leg: &Leg, failures: &mut Vec<String>) -> Result<(), Error> {
    if let Some(complaint) = &leg.tally.complaint {
        failures.push(format!("{} responses were not as expected, the first: {complaint}", leg.tally.surprises));
    }
    failures.extend(leg.plan.complaints());
    for claim in leg.plan.claims() {
        failures.extend(stage.shop.check(&claim).await?);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measurement(until: Option<Instant>) -> Measurement<'static> {
        let (leg, echo_leg) = (Duration::from_secs(5), Duration::from_secs(5));
        Measurement {
            scenario: Scenario::Coupon,
            leg,
            echo_leg,
            rounds: 3,
            until,
            rate: None,
            viewers: 0,
            servers: &[],
        }
    }

    #[test]
    fn legs_are_shortened_to_fit_into_the_time() {
        assert_eq!(share_of_time(measurement(None), 0), Some(1.0));
        let soon = Instant::now() + Duration::from_secs(15);
        let share = share_of_time(measurement(Some(soon)), 0).unwrap();
        assert!((0.3..=0.34).contains(&share), "{share}");
        assert_eq!(share_of_time(measurement(Some(Instant::now())), 2), None);
        assert_eq!(share_of_time(measurement(Some(Instant::now())), 0), Some(0.05), "there is at least one round");
    }
}
