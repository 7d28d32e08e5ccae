//! A rehearsal as lines of text.

use std::fmt::Write as _;

use sim::rehearsal::advice::{Advice, Tried};
use sim::rehearsal::figures::{End, Refused};
use sim::rehearsal::{Outcome, Percentiles};

use super::rehearsed::Rehearsed;

/// The words for how customers end, in the order in which they are shown.
const ENDS: [(End, &str); 11] = [
    (End::Bought, "bought"),
    (End::Unpaid, "ordered, and did not pay"),
    (End::AdmittedInVain, "admitted, and nothing was left"),
    (End::ToldSoldOut, "told that it is sold out"),
    (End::NoShow, "admitted, and did not order"),
    (End::Left, "left the queue"),
    (End::TooLate, "ordered after their time"),
    (End::Ended, "waited until the drop ended"),
    (End::AfterTheEnd, "ordered after the drop's end"),
    (End::GaveUp, "gave up on a busy shop"),
    (End::OverTheLimit, "ordered above the limit"),
];

const REFUSED: [(Refused, &str); 7] = [
    (Refused::OutOfStock, "out of stock"),
    (Refused::LimitExceeded, "above the limit"),
    (Refused::TicketRequired, "without an admitted ticket"),
    (Refused::Overloaded, "shop too busy"),
    (Refused::NotStarted, "not started"),
    (Refused::Ended, "ended"),
    (Refused::Other, "other reasons"),
];

pub(super) fn of(rehearsed: &Rehearsed, is_calibrated: bool) -> String {
    let Rehearsed { script, outcome, advice } = rehearsed;
    let mut text = String::new();
    let _ = writeln!(
        text,
        "{}: {} units, {} customers, seed {}",
        script.drop.name, outcome.stock, outcome.customers, script.seed
    );
    if is_calibrated {
        let speeds = script.shop.speeds;
        let _ = writeln!(
            text,
            "this machine: http_us = {}, look_us = {}, join_us = {}, order_us = {}, commit_us = {}",
            speeds.http_us, speeds.look_us, speeds.join_us, speeds.order_us, speeds.commit_us
        );
    }
    let _ = writeln!(text, "\n{:<34}{}", "sold", sold(outcome));
    for (words, count) in endings(outcome) {
        let _ = writeln!(text, "{words:<34}{count}");
    }
    let refused = REFUSED.iter().map(|(why, words)| (outcome.refused(*why), words)).filter(|(count, _)| *count > 0);
    for (count, words) in refused {
        let _ = writeln!(text, "{:<34}{count}", format!("requests refused: {words}"));
    }
    let _ = writeln!(text, "\n{:<34}{:>8} {:>8} {:>8} {:>8} {:>8}", "", "p50", "p90", "p95", "p99", "max");
    for (name, Percentiles { p50, p90, p95, p99, max, .. }) in times(outcome) {
        let _ = writeln!(text, "{name:<34}{p50:>8.1} {p90:>8.1} {p95:>8.1} {p99:>8.1} {max:>8.1}");
    }
    let _ = writeln!(
        text,
        "\nbusiest 10 s: engine {:.0} %, cores {:.0} %; longest queue {}; least share of the admission {} %",
        outcome.engine_busy_percent, outcome.cores_busy_percent, outcome.queued_max, outcome.admission_percent_min
    );
    if let Some(advice) = advice {
        text += &advised(advice);
    }
    for violation in &outcome.violations {
        let _ = writeln!(text, "\nVIOLATION: {violation}");
    }
    text.trim_end().to_owned()
}

/// Returns how much was sold, which is paid, and when the last unit was.
pub(super) fn sold(outcome: &Outcome) -> String {
    let Outcome { sold, stock, .. } = outcome;
    match (outcome.first_sold_out_seconds, outcome.sold_out_seconds) {
        (Some(first), Some(last)) if first < last => {
            let (first, last) = (clock(first), clock(last));
            format!("{sold} of {stock}; all claimed after {first}, the last one that was paid after {last}")
        }
        (_, Some(seconds)) => format!("{sold} of {stock}, the last one {} after the start", clock(seconds)),
        (Some(first), None) => format!("{sold} of {stock}; all claimed after {}, but not all paid", clock(first)),
        (None, None) => format!("{sold} of {stock}"),
    }
}

/// Returns seconds as minutes and seconds.
pub(super) fn clock(seconds: f64) -> String {
    let tenths = (seconds * 10.0).round() as i64;
    if tenths < 600 {
        return format!("{}.{} s", tenths / 10, tenths % 10);
    }
    let seconds = (tenths + 5) / 10;
    format!("{}:{:02} min", seconds / 60, seconds % 60)
}

/// Returns how many customers had each end, without the ends that no customer had.
pub(super) fn endings(outcome: &Outcome) -> Vec<(&'static str, u64)> {
    let all = ENDS.iter().map(|(end, words)| (*words, outcome.ended(*end)));
    all.filter(|(_, count)| *count > 0).collect()
}

/// Returns the times with their names, without those that no customer had.
pub(super) fn times(outcome: &Outcome) -> impl Iterator<Item = (&'static str, &Percentiles)> {
    let all = [
        ("wait for the admission, s", &outcome.wait_seconds),
        ("until told that it is sold out, s", &outcome.told_seconds),
        ("answer to a join, ms", &outcome.join_ms),
        ("answer to an order, ms", &outcome.order_ms),
        ("error of the estimate, %", &outcome.estimate_error_percent),
    ];
    all.into_iter().filter(|(_, found)| found.count > 0)
}

fn advised(advice: &Advice) -> String {
    let mut text = String::new();
    for (name, trials) in [("admitted per second", &advice.rates), ("processes", &advice.process_counts)] {
        if trials.is_empty() {
            continue;
        }
        let _ = writeln!(
            text,
            "\n{name:<20}{:>12} {:>12} {:>14} {:>10} {:>10}",
            "sold out", "p95 wait, s", "p99 answer, ms", "in vain", "refused"
        );
        for tried in trials {
            let Tried { value, wait_seconds_p95, answer_ms_p99, in_vain_percent, overloaded, is_fine, .. } = tried;
            let sold_out = tried.sold_out_seconds.map_or_else(|| "-".to_owned(), clock);
            let mark = if *is_fine { "" } else { "  x" };
            let _ = writeln!(
                text,
                "{value:<20}{sold_out:>12} {wait_seconds_p95:>12.1} {answer_ms_p99:>14.1} {in_vain_percent:>8.1} % \
                 {overloaded:>10}{mark}"
            );
        }
    }
    let _ = writeln!(text, "\n{}", recommended(advice));
    text
}

/// Returns the recommendation as a sentence.
pub(super) fn recommended(advice: &Advice) -> String {
    let rate = match (advice.admit_per_second, advice.rates.is_empty()) {
        (Some(rate), _) => format!("admit_per_second = {rate}"),
        (None, false) => {
            "none of the rates tried: each admits too many customers who find nothing left, or is too fast for the shop"
                .to_owned()
        }
        (None, true) => String::new(),
    };
    let processes = match advice.processes {
        Some(count) => format!("processes = {count}"),
        None => "more processes than were tried, or a waiting room".to_owned(),
    };
    let parts: Vec<String> = [rate, processes].into_iter().filter(|part| !part.is_empty()).collect();
    format!("Recommended: {}", parts.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_become_minutes() {
        assert_eq!(clock(34.04), "34.0 s");
        assert_eq!(clock(59.96), "1:00 min");
        assert_eq!(clock(125.0), "2:05 min");
    }
}
