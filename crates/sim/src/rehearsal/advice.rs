//! The admission's rate and the number of processes that a rehearsal recommends: the same drop with others is compared.

use serde::Serialize;

use super::figures::{Outcome, Refused};
use super::script::{Room, Script};

/// Rates that are tried, in parts of the script's.
const RATES: [(i64, i64); 6] = [(1, 8), (1, 4), (1, 2), (1, 1), (2, 1), (4, 1)];
const PROCESSES: [u32; 3] = [1, 2, 4];
/// The slowest answer that one in a hundred customers may get.
const ANSWER_MS_MAX: f64 = 1_000.0;
/// Of the admitted customers, those in percent who may find nothing left.
const IN_VAIN_PERCENT_MAX: f64 = 20.0;
/// A faster rate is recommended if everything is sold this much sooner.
const WORTH: f64 = 0.95;

/// A change of the script.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Trial {
    Rate(i64),
    Processes(u32),
}

/// The figures of a trial that are compared.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Tried {
    pub value: i64,
    /// When the last unit was claimed by an order that was paid.
    pub sold_out_seconds: Option<f64>,
    pub wait_seconds_p95: f64,
    pub answer_ms_p99: f64,
    /// Of the admitted customers, those in percent who found nothing left.
    pub in_vain_percent: f64,
    pub overloaded: u64,
    pub is_fine: bool,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Advice {
    /// `None` without a waiting room, and if no rate that was tried is fine.
    pub admit_per_second: Option<i64>,
    /// `None` if no number that was tried is enough.
    pub processes: Option<u32>,
    pub rates: Vec<Tried>,
    pub process_counts: Vec<Tried>,
}

/// Returns the trials of a script. The script itself is one of them.
pub fn trials(script: &Script) -> Vec<(Trial, Script)> {
    let mut trials = vec![];
    if let Some(room) = script.waiting_room {
        let mut rates: Vec<i64> = RATES.map(|(times, parts)| (room.admit_per_second * times / parts).max(1)).to_vec();
        rates.dedup();
        for admit_per_second in rates {
            let waiting_room = Some(Room { admit_per_second, ..room });
            trials.push((Trial::Rate(admit_per_second), Script { waiting_room, ..script.clone() }));
        }
    }
    let mut counts = PROCESSES.to_vec();
    counts.push(script.shop.processes);
    counts.sort_unstable();
    counts.dedup();
    for processes in counts {
        let mut changed = script.clone();
        changed.shop.processes = processes;
        trials.push((Trial::Processes(processes), changed));
    }
    trials
}

/// Recommends what the trials show: the fastest rate that is fine and worth it, and the fewest processes that are enough.
pub fn advise(played: &[(Trial, Outcome)]) -> Advice {
    let mut advice = Advice::default();
    for (trial, outcome) in played {
        match trial {
            Trial::Rate(rate) => advice.rates.push(tried(*rate, outcome, IN_VAIN_PERCENT_MAX)),
            Trial::Processes(count) => advice.process_counts.push(tried(i64::from(*count), outcome, f64::INFINITY)),
        }
    }
    let mut best: Option<&Tried> = None;
    for rate in advice.rates.iter().filter(|rate| rate.is_fine) {
        let time = |tried: &Tried| tried.sold_out_seconds.unwrap_or(f64::INFINITY);
        if best.is_none_or(|best| time(rate) < time(best) * WORTH) {
            best = Some(rate);
        }
    }
    advice.admit_per_second = best.map(|rate| rate.value);
    let enough = advice.process_counts.iter().find(|count| count.is_fine);
    advice.processes = enough.and_then(|count| u32::try_from(count.value).ok());
    advice
}

fn tried(value: i64, outcome: &Outcome, in_vain_max: f64) -> Tried {
    let overloaded = outcome.refused(Refused::Overloaded);
    let in_vain_percent = outcome.in_vain_percent;
    let answer_ms_p99 = outcome.join_ms.p99.max(outcome.order_ms.p99);
    Tried {
        value,
        sold_out_seconds: outcome.sold_out_seconds,
        wait_seconds_p95: outcome.wait_seconds.p95,
        answer_ms_p99,
        in_vain_percent,
        overloaded,
        is_fine: overloaded == 0 && answer_ms_p99 <= ANSWER_MS_MAX && in_vain_percent <= in_vain_max,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rehearsal::play;
    use crate::rehearsal::told::tests::script;

    /// Units that come back are sold later: rates are compared by when everything is paid.
    #[test]
    fn a_rate_is_judged_by_the_orders_that_are_paid() {
        let mut script = script();
        script.customers.unpaid_percent = 30;
        script.shop.pay_within_seconds = 20;
        let played: Vec<(Trial, Outcome)> =
            trials(&script).iter().map(|(trial, script)| (*trial, play(script))).collect();
        for (tried, (_, outcome)) in advise(&played).rates.iter().zip(&played) {
            assert_eq!(tried.sold_out_seconds, outcome.sold_out_seconds);
            assert!(outcome.sold_out_seconds > outcome.first_sold_out_seconds, "{outcome:?}");
        }
    }

    #[test]
    fn a_rate_that_lets_many_in_for_nothing_is_not_recommended() {
        let mut script = script();
        script.waiting_room = script.waiting_room.map(|room| Room { admit_per_second: 8, ..room });
        let played: Vec<(Trial, Outcome)> =
            trials(&script).iter().map(|(trial, script)| (*trial, play(script))).collect();
        let advice = advise(&played);
        assert_eq!(advice.rates.iter().map(|rate| rate.value).collect::<Vec<_>>(), [1, 2, 4, 8, 16, 32]);
        assert!(!advice.rates[5].is_fine, "{:?}", advice.rates);
        let rate = advice.admit_per_second.unwrap();
        assert!((1..=8).contains(&rate), "{advice:?}");
        assert_eq!(advice.processes, Some(1));
    }
}
