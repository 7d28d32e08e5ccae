//! A rehearsal as a page of its own: no script, no request, light and dark.

use maud::{DOCTYPE, Markup, PreEscaped, html};
use sim::rehearsal::advice::{Advice, Tried};
use sim::rehearsal::{Outcome, Script};

use super::plot::{Line, Plot, bars};
use super::rehearsed::Rehearsed;
use super::table::{clock, endings, recommended, sold, times};

const STYLE: &str = "
:root { color-scheme: light dark; --back: #f7f7f5; --card: #fff; --text: #1c1f23; --quiet: #667080; --rule: #e3e5e8;
  --c1: #2864c8; --c2: #0f8a5f; --c3: #b3541e; --fine: #0f8a5f; --bad: #b4232a; }
@media (prefers-color-scheme: dark) { :root { --back: #14171b; --card: #1d2126; --text: #e8eaed; --quiet: #9aa4b2;
  --rule: #30363d; --c1: #6ea8ff; --c2: #4fcf9b; --c3: #f0a06a; --fine: #4fcf9b; --bad: #ff8a8a; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 1120px; padding: 32px 20px 48px; background: var(--back); color: var(--text);
  font: 15px/1.5 system-ui, sans-serif; }
h1 { font-size: 26px; margin: 0; } h2 { font-size: 16px; margin: 0 0 10px; } p { margin: 4px 0 0; }
.quiet { color: var(--quiet); } .grid2 { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 460px), 1fr)); gap: 16px; }
.facts { display: grid; grid-template-columns: repeat(auto-fit, minmax(160px, 1fr)); gap: 12px; margin: 24px 0 16px; }
.card { background: var(--card); border: 1px solid var(--rule); border-radius: 10px; padding: 16px; min-width: 0; }
.fact b { display: block; font-size: 24px; line-height: 1.25; font-variant-numeric: tabular-nums; }
.advice { border-left: 4px solid var(--c2); margin-bottom: 16px; }
.wrong { border-left: 4px solid var(--bad); margin-bottom: 16px; }
svg { display: block; width: 100%; height: auto; } svg text { fill: var(--quiet); font: 12px system-ui, sans-serif; }
.grid { stroke: var(--rule); } .mark { stroke: var(--quiet); stroke-dasharray: 3 4; } .bar { fill: var(--c1); }
.line { fill: none; stroke-width: 2; stroke-linejoin: round; }
.c1 { stroke: var(--c1); } .c2 { stroke: var(--c2); } .c3 { stroke: var(--c3); }
.legend { display: flex; flex-wrap: wrap; gap: 4px 16px; margin: 0 0 6px; color: var(--quiet); font-size: 13px; }
.legend i { display: inline-block; width: 14px; height: 3px; border-radius: 2px; margin: 0 6px 4px 0; }
.legend .c1 { background: var(--c1); } .legend .c2 { background: var(--c2); } .legend .c3 { background: var(--c3); }
.scroll { overflow-x: auto; } table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; font-size: 14px; }
th, td { text-align: right; padding: 6px 5px; border-top: 1px solid var(--rule); white-space: nowrap; }
th { color: var(--quiet); font-weight: 500; font-size: 13px; border-top: 0; }
th:first-child, td:first-child { text-align: left; white-space: normal; padding-left: 0; } .fine { color: var(--fine); } .bad { color: var(--bad); }
section, .end { margin-top: 16px; } tr.chosen td { font-weight: 600; }
";

pub(super) fn of(rehearsed: &Rehearsed) -> String {
    let Rehearsed { script, outcome, advice } = rehearsed;
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { "Rehearsal of " (script.drop.name) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                h1 { (script.drop.name) }
                p.quiet { (introduction(script, outcome)) }
                (facts(outcome))
                @if let Some(advice) = advice {
                    div.card.advice { (recommended(advice)) "." }
                }
                @for violation in &outcome.violations {
                    div.card.wrong { "Violation: " (violation) }
                }
                (plots(outcome))
                section.grid2 { (ends(outcome)) (percentiles(outcome)) }
                @if let Some(advice) = advice {
                    section.grid2 { (trials(advice)) }
                }
                p.quiet.end { "Simulated with the shop's own code; equal scripts give equal results." }
            }
        }
    };
    page.into_string()
}

fn introduction(script: &Script, outcome: &Outcome) -> String {
    let room = match script.waiting_room {
        Some(room) => {
            format!("a waiting room that admits {} per second ({})", room.admit_per_second, room.prequeue.name())
        }
        None => "no waiting room".to_owned(),
    };
    let processes = if script.shop.processes == 1 {
        "1 process".to_owned()
    } else {
        format!("{} processes", script.shop.processes)
    };
    format!("{} units, {} customers, {room}, {processes}, seed {}", outcome.stock, outcome.customers, script.seed)
}

fn facts(outcome: &Outcome) -> Markup {
    let sold_out = outcome.sold_out_seconds.map_or_else(|| "not".to_owned(), clock);
    let answers = outcome.join_ms.p99.max(outcome.order_ms.p99);
    let facts = [
        (sold_out, "until sold out"),
        (clock(outcome.wait_seconds.p50), "half are admitted within"),
        (clock(outcome.wait_seconds.p95), "95 % are admitted within"),
        (format!("{answers:.0} ms"), "99 % of answers within"),
        (format!("{:.0} %", outcome.engine_busy_percent), "of the engine, busiest 10 s"),
        (format!("{:.0} %", outcome.cores_busy_percent), "of the cores, busiest 10 s"),
    ];
    html! {
        p { "Sold: " (sold(outcome)) "." }
        div.facts {
            @for (value, name) in facts {
                div.card.fact { b { (value) } span.quiet { (name) } }
            }
        }
    }
}

fn plots(outcome: &Outcome) -> Markup {
    let seconds: Vec<f64> = outcome.points.iter().map(|point| point.at).collect();
    let of = |value: fn(&sim::rehearsal::Point) -> f64| outcome.points.iter().map(value).collect::<Vec<f64>>();
    let mut marks = vec![(0.0, "start")];
    marks.extend(outcome.sold_out_seconds.map(|at| (at, "sold out")));
    let plot = |label, lines| Plot { label, seconds: &seconds, lines, marks: marks.clone() };
    let line = |name, colour, values| Line { name, colour, values };
    let customers = vec![
        line("came", 1, of(|point| f64::from(point.arrived))),
        line("waiting", 3, of(|point| f64::from(point.waiting))),
        line("admitted", 2, of(|point| f64::from(point.admitted))),
    ];
    let mut all = vec![
        ("Customers", plot("customers over time", customers)),
        ("Units sold", plot("units over time", vec![line("sold", 2, of(|point| point.sold as f64))])),
        (
            "Slowest answers, ms",
            plot("answers over time", vec![line("slowest answer", 1, of(|point| point.answer_ms))]),
        ),
        (
            "Longest queue of an engine",
            plot("queue over time", vec![line("requests", 3, of(|point| point.queued as f64))]),
        ),
    ];
    if outcome.admission_percent_min < 100 {
        let share = of(|point| point.admission_percent as f64);
        all.push(("Admission's rate in force, %", plot("admission over time", vec![line("share", 2, share)])));
    }
    html! {
        section.grid2 {
            @for (title, plot) in &all {
                div.card {
                    h2 { (title) }
                    div.legend {
                        @for line in &plot.lines {
                            span { i class={ "c" (line.colour) } {} (line.name) }
                        }
                    }
                    (PreEscaped(plot.svg()))
                }
            }
        }
    }
}

fn ends(outcome: &Outcome) -> Markup {
    html! { div.card { h2 { "How customers ended" } (PreEscaped(bars("how customers ended", &endings(outcome)))) } }
}

fn percentiles(outcome: &Outcome) -> Markup {
    html! {
        div.card {
            h2 { "Times" }
            div.scroll { table {
                tr { th {} th { "p50" } th { "p90" } th { "p95" } th { "p99" } th { "max" } }
                @for (name, found) in times(outcome) {
                    tr {
                        td { (name) }
                        @for value in [found.p50, found.p90, found.p95, found.p99, found.max] {
                            td { (format!("{value:.1}")) }
                        }
                    }
                }
            } }
        }
    }
}

fn trials(advice: &Advice) -> Markup {
    let chosen = [advice.admit_per_second, advice.processes.map(i64::from)];
    let tables = [("Admitted per second", &advice.rates), ("Processes", &advice.process_counts)];
    html! {
        @for ((title, trials), chosen) in tables.into_iter().zip(chosen).filter(|((_, trials), _)| !trials.is_empty()) {
            div.card {
                h2 { (title) }
                div.scroll { table {
                    tr { th {} th { "sold out" } th { "p95 wait" } th { "p99 answer" } th { "in vain" } th { "refused" } th {} }
                    @for tried in trials { (trial(tried, chosen)) }
                } }
            }
        }
    }
}

fn trial(tried: &Tried, chosen: Option<i64>) -> Markup {
    let is_chosen = chosen == Some(tried.value);
    html! {
        tr.chosen[is_chosen] {
            td { (tried.value) }
            td { (tried.sold_out_seconds.map_or_else(|| "–".to_owned(), clock)) }
            td { (clock(tried.wait_seconds_p95)) }
            td { (format!("{:.0} ms", tried.answer_ms_p99)) }
            td { (format!("{:.1} %", tried.in_vain_percent)) }
            td { (tried.overloaded) }
            td { @if tried.is_fine { span.fine { "fine" } } @else { span.bad { "not fine" } } }
        }
    }
}
