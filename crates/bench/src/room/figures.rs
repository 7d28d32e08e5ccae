//! The figures of a waiting room.

use std::fmt::Write as _;

use serde::Serialize;

/// A crowd that waited its turn and bought.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CrowdReport {
    pub scenario: &'static str,
    pub processes: usize,
    pub customers: u64,
    pub joined: i64,
    pub joins_per_second: f64,
    pub stock: i64,
    pub limit: i64,
    /// Units of completed orders.
    pub sold: i64,
    pub most_per_customer: i64,
    /// Seconds from the first admission to the last unit.
    pub sold_out_after_seconds: f64,
    pub admitted: i64,
    /// Customers who were admitted, and found nothing left.
    pub admitted_in_vain: u64,
    /// Places that were admitted after all units were claimed.
    pub admitted_too_late: i64,
    /// Customers who were told that everything is sold before their turn.
    pub told_sold_out: u64,
    /// Tickets or admissions out of the order of decision.
    pub out_of_order: u64,
    /// Orders before their customer's turn.
    pub before_turn: u64,
    /// Waits of at least five seconds, whose first estimate is compared with them.
    pub estimates: usize,
    pub estimate_error_p50_percent: f64,
    pub estimate_error_p90_percent: f64,
    pub looks: u64,
    pub links: u64,
    pub audit_violations: i64,
    pub failures: Vec<String>,
}

impl CrowdReport {
    /// Returns true if the drop was exact and in order.
    pub fn is_clean(&self) -> bool {
        self.is_exact() && self.is_in_order() && self.audit_violations == 0 && self.failures.is_empty()
    }

    const fn is_exact(&self) -> bool {
        self.sold == self.stock && self.most_per_customer <= self.limit && self.admitted_too_late == 0
    }

    const fn is_in_order(&self) -> bool {
        self.out_of_order == 0 && self.before_turn == 0
    }

    pub fn table(&self) -> String {
        let mut text = String::new();
        let mut line = |name: &str, value: String| {
            let _ = writeln!(text, "{name:<34} {value}");
        };
        line("processes", self.processes.to_string());
        line("customers", format!("{} ({:.0} joins/s)", self.customers, self.joins_per_second));
        line("sold", format!("{} of {}, after {:.1} s", self.sold, self.stock, self.sold_out_after_seconds));
        line("most per customer", format!("{} (limit {})", self.most_per_customer, self.limit));
        line("admitted", self.admitted.to_string());
        line("admitted after everything was sold", self.admitted_too_late.to_string());
        line("admitted before, and found nothing", self.admitted_in_vain.to_string());
        line("told: sold out before their turn", self.told_sold_out.to_string());
        line("out of order, before their turn", format!("{}, {}", self.out_of_order, self.before_turn));
        let (p50, p90) = (self.estimate_error_p50_percent, self.estimate_error_p90_percent);
        line("estimate's error", format!("p50 {p50:.1} %, p90 {p90:.1} % ({} waits)", self.estimates));
        line("looks for a place", self.looks.to_string());
        line("audit", format!("{} violations, {} links of the proof", self.audit_violations, self.links));
        for failure in &self.failures {
            let _ = writeln!(text, "FAILED: {failure}");
        }
        text
    }
}

/// Customers who only wait.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct HoldReport {
    pub scenario: &'static str,
    pub customers: u64,
    pub joins_per_second: f64,
    /// Open streams of notices, each of a customer who waits.
    pub streams: usize,
    /// Resident megabytes of the server.
    pub memory_before_mb: f64,
    pub memory_waiting_mb: f64,
    pub memory_peak_mb: f64,
    pub seconds: f64,
    /// CPU time of the server per second, in milliseconds, while the queue stands.
    pub cpu_ms_per_second_still: f64,
    /// The same while the queue moves.
    pub cpu_ms_per_second_moving: f64,
    pub commits_per_second_still: f64,
    pub commits_per_second_moving: f64,
    pub admitted: i64,
    /// `queue.moved` events that the streams got while the queue moved.
    pub moved: u64,
    /// Milliseconds of a look for a place while the queue moves.
    pub look_p50_ms: f64,
    pub look_p99_ms: f64,
    pub audit_violations: i64,
    pub failures: Vec<String>,
}

impl HoldReport {
    pub const fn is_clean(&self) -> bool {
        self.audit_violations == 0 && self.failures.is_empty()
    }

    pub fn table(&self) -> String {
        let mut text = String::new();
        let mut line = |name: &str, value: String| {
            let _ = writeln!(text, "{name:<34} {value}");
        };
        line("customers", format!("{} ({:.0} joins/s)", self.customers, self.joins_per_second));
        line("open streams", self.streams.to_string());
        let (before, waiting, peak) = (self.memory_before_mb, self.memory_waiting_mb, self.memory_peak_mb);
        line(
            "resident memory",
            format!("{before:.0} MB empty, {waiting:.0} MB with all waiting, {peak:.0} MB at most"),
        );
        let (still, moving) = (self.cpu_ms_per_second_still, self.cpu_ms_per_second_moving);
        line("processor per second", format!("{still:.1} ms standing, {moving:.1} ms moving"));
        let (still, moving) = (self.commits_per_second_still, self.commits_per_second_moving);
        line("commits per second", format!("{still:.1} standing, {moving:.1} moving"));
        line("admitted meanwhile", format!("{} in {:.0} s", self.admitted, self.seconds));
        line("moves that streams were told", self.moved.to_string());
        line("a look for a place", format!("p50 {:.2} ms, p99 {:.2} ms", self.look_p50_ms, self.look_p99_ms));
        line("audit", format!("{} violations", self.audit_violations));
        for failure in &self.failures {
            let _ = writeln!(text, "FAILED: {failure}");
        }
        text
    }
}
