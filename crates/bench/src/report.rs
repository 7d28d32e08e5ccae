//! The report of a measurement, as JSON and as a table.

use std::fmt::Write as _;

use serde::Serialize;

use crate::rounds::{Measured, Round};

/// The report; each figure is the median of the rounds.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    pub scenario: &'static str,
    pub requests: u64,
    pub succeeded: u64,
    pub refused: u64,
    pub per_second: f64,
    pub mean_ms: f64,
    pub p50_ms: f64,
    pub p95_ms: f64,
    pub p99_ms: f64,
    pub p999_ms: f64,
    pub max_ms: f64,
    /// `None` if the server has no echo endpoint, or the measurement uses no HTTP.
    pub ratio_to_echo: Option<f64>,
    pub echo_per_second: Option<f64>,
    /// To the HTTP library alone, in the same process; `None` for a server that was not started by this command.
    pub ratio_to_bare: Option<f64>,
    pub bare_per_second: Option<f64>,
    /// Beside viewers of the dashboard.
    pub viewed_per_second: Option<f64>,
    pub viewed_p99_ms: Option<f64>,
    pub ratio_viewed_to_not: Option<f64>,
    pub audit_violations: Option<i64>,
    pub rounds: usize,
    pub connections: usize,
    pub cpu_seconds_server: Option<f64>,
    pub cpu_seconds_client: Option<f64>,
    pub commits: Option<f64>,
    pub requests_per_commit: Option<f64>,
    pub server_cpu_us_per_request: Option<f64>,
    pub statements_per_request: Option<f64>,
    pub rows_per_request: Option<f64>,
    pub events_per_request: Option<f64>,
    pub bytes_written_per_request: Option<f64>,
    /// Upper bound of the longest sync in milliseconds: the bound of its histogram bucket.
    pub longest_sync_ms: Option<f64>,
    pub failures: Vec<String>,
}

impl Report {
    pub fn of(scenario: &'static str, connections: usize, measured: Measured) -> Report {
        let Measured { rounds, failures } = measured;
        let all = |figure: &dyn Fn(&Round) -> f64| median(rounds.iter().map(figure)).unwrap_or_default();
        let known = |figure: &dyn Fn(&Round) -> Option<f64>| median(rounds.iter().filter_map(figure));
        let quantile = |share: f64| rounded(all(&|round| round.tally.latencies.quantile_ms(share)));
        let share = |amount: Option<f64>, round: &Round| Some(amount? / round.tally.answers().max(1) as f64);
        let per_request = |count: Option<u64>, round: &Round| share(count.map(|count| count as f64), round);
        let ratio = |round: &Round| Some(round.per_second() / round.echo_per_second?);
        let to_unviewed = |round: &Round| Some(round.viewed?.per_second / round.per_second());
        let to_bare = |round: &Round| Some(round.per_second() / round.bare_per_second?);
        Report {
            scenario,
            requests: all(&|round| round.tally.answers() as f64) as u64,
            succeeded: all(&|round| round.tally.succeeded as f64) as u64,
            refused: all(&|round| round.tally.refused as f64) as u64,
            per_second: rounded(all(&|round| round.per_second())),
            mean_ms: rounded(all(&|round| round.tally.latencies.mean_ms())),
            p50_ms: quantile(0.5),
            p95_ms: quantile(0.95),
            p99_ms: quantile(0.99),
            p999_ms: quantile(0.999),
            max_ms: rounded(all(&|round| round.tally.latencies.max_ms())),
            ratio_to_echo: if scenario == "echo" { Some(1.0) } else { known(&ratio).map(rounded) },
            echo_per_second: known(&|round| round.echo_per_second).map(rounded),
            ratio_to_bare: known(&to_bare).map(rounded),
            bare_per_second: known(&|round| round.bare_per_second).map(rounded),
            viewed_per_second: known(&|round| Some(round.viewed?.per_second)).map(rounded),
            viewed_p99_ms: known(&|round| Some(round.viewed?.p99_ms)).map(rounded),
            ratio_viewed_to_not: known(&to_unviewed).map(rounded),
            audit_violations: None,
            rounds: rounds.len(),
            connections,
            cpu_seconds_server: known(&|round| round.usage.cpu_seconds_server).map(rounded),
            cpu_seconds_client: known(&|round| round.usage.cpu_seconds_client).map(rounded),
            commits: known(&|round| round.usage.commits.map(|count| count as f64)),
            requests_per_commit: known(&|round| {
                let commits = round.usage.commits.filter(|count| *count > 0)?;
                Some(round.tally.answers() as f64 / commits as f64)
            })
            .map(rounded),
            server_cpu_us_per_request: known(&|round| share(round.usage.cpu_seconds_server, round))
                .map(|seconds| rounded(seconds * 1e6)),
            statements_per_request: known(&|round| per_request(round.usage.statements, round)).map(rounded),
            rows_per_request: known(&|round| per_request(round.usage.rows, round)).map(rounded),
            events_per_request: known(&|round| per_request(round.usage.events, round)).map(rounded),
            bytes_written_per_request: known(&|round| per_request(round.usage.bytes_written, round)).map(f64::round),
            longest_sync_ms: known(&|round| round.usage.syncs.longest_ms()).map(rounded),
            failures,
        }
    }

    pub fn with_audit(mut self, violations: i64) -> Report {
        self.audit_violations = Some(violations);
        self
    }

    /// Returns whether every response and every claim was as expected.
    pub fn is_clean(&self) -> bool {
        self.failures.is_empty() && self.audit_violations.unwrap_or(0) == 0
    }

    pub fn table(&self) -> String {
        let mut text = String::new();
        for (name, figure) in self.figures() {
            let _ = writeln!(text, "{name:<24} {figure:>14}");
        }
        let _ = write!(text, "medians of {} rounds at {} connections", self.rounds, self.connections);
        for failure in &self.failures {
            let _ = write!(text, "\nFAILED: {failure}");
        }
        text
    }

    /// The rows of the table.
    fn figures(&self) -> Vec<(&'static str, String)> {
        let mut figures = vec![];
        let mut line = |name: &'static str, figure: String| figures.push((name, figure));
        let known = |figure: Option<f64>| figure.map_or_else(|| "-".to_owned(), |figure| figure.to_string());
        line("scenario", self.scenario.to_owned());
        line("requests", self.requests.to_string());
        line("succeeded", self.succeeded.to_string());
        line("refused", self.refused.to_string());
        line("per second", format!("{:.0}", self.per_second));
        line("echo per second", self.echo_per_second.map_or_else(|| "-".to_owned(), |echo| format!("{echo:.0}")));
        line("ratio to echo", known(self.ratio_to_echo));
        line("bare per second", self.bare_per_second.map_or_else(|| "-".to_owned(), |bare| format!("{bare:.0}")));
        line("ratio to bare", known(self.ratio_to_bare));
        line("mean ms", self.mean_ms.to_string());
        line("p50 ms", self.p50_ms.to_string());
        line("p95 ms", self.p95_ms.to_string());
        line("p99 ms", self.p99_ms.to_string());
        line("p99.9 ms", self.p999_ms.to_string());
        line("max ms", self.max_ms.to_string());
        line("longest sync ms, at most", known(self.longest_sync_ms));
        line("server CPU s", known(self.cpu_seconds_server));
        line("client CPU s", known(self.cpu_seconds_client));
        line("requests per commit", known(self.requests_per_commit));
        line("server CPU us/request", known(self.server_cpu_us_per_request));
        line("statements per request", known(self.statements_per_request));
        line("rows per request", known(self.rows_per_request));
        line("events per request", known(self.events_per_request));
        line("bytes written/request", known(self.bytes_written_per_request));
        if let Some(per_second) = self.viewed_per_second {
            line("per second, viewed", format!("{per_second:.0}"));
            line("p99 ms, viewed", known(self.viewed_p99_ms));
            line("ratio viewed to not", known(self.ratio_viewed_to_not));
        }
        line("audit violations", self.audit_violations.map_or_else(|| "-".to_owned(), |count| count.to_string()));
        figures
    }
}

/// The same scenario on a cluster and on the embedded store, in the same run.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Comparison {
    pub scenario: &'static str,
    pub cluster: Report,
    pub embedded: Report,
    pub ratio_to_embedded: f64,
}

impl Comparison {
    pub fn of(cluster: Report, embedded: Report) -> Comparison {
        let ratio_to_embedded = rounded(cluster.per_second / embedded.per_second.max(1e-9));
        Comparison { scenario: cluster.scenario, cluster, embedded, ratio_to_embedded }
    }

    pub fn is_clean(&self) -> bool {
        self.cluster.is_clean() && self.embedded.is_clean()
    }

    pub fn table(&self) -> String {
        let mut text = format!("{:<24} {:>14} {:>14}\n", "", "cluster", "embedded");
        for ((name, cluster), (_, embedded)) in self.cluster.figures().into_iter().zip(self.embedded.figures()) {
            let _ = writeln!(text, "{name:<24} {cluster:>14} {embedded:>14}");
        }
        let _ = write!(text, "{:<24} {:>14}", "ratio to embedded", self.ratio_to_embedded);
        for failure in self.cluster.failures.iter().chain(&self.embedded.failures) {
            let _ = write!(text, "\nFAILED: {failure}");
        }
        text
    }
}

/// Three decimals: more would suggest a precision that the measurement does not have.
fn rounded(figure: f64) -> f64 {
    (figure * 1e3).round() / 1e3
}

/// The median; for an even number of figures, the mean of the middle two.
fn median(figures: impl Iterator<Item = f64>) -> Option<f64> {
    let mut figures: Vec<f64> = figures.collect();
    figures.sort_by(f64::total_cmp);
    let upper = *figures.get(figures.len() / 2)?;
    let lower = figures[(figures.len() - 1) / 2];
    Some(f64::midpoint(lower, upper))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_in_the_middle() {
        assert_eq!(median([3.0, 1.0, 2.0].into_iter()), Some(2.0));
        assert_eq!(median([4.0, 1.0].into_iter()), Some(2.5));
        assert_eq!(median(std::iter::empty()), None);
    }
}
