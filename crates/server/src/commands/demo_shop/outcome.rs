//! The result of a sale, compared with the exact expected counts.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use bench::load::Leg;
use serde::Serialize;

use super::board::Board;

/// The counts before the sale, and those that the shop reports after it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Counts {
    pub(super) customers: u64,
    pub(super) coupons: u64,
    pub(super) goods: u64,
    pub(super) issued_by_shop: i64,
    pub(super) available_in_shop: i64,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Outcome {
    pub customers: u64,
    pub coupons: u64,
    pub goods: u64,
    pub issued: u64,
    /// True if the issue numbers are 1 to `issued`, each exactly once.
    pub numbers_exact: bool,
    pub sold_out_after_ms: Option<f64>,
    pub refusals: BTreeMap<&'static str, u64>,
    pub orders: BTreeMap<String, u64>,
    pub reasons: BTreeMap<String, u64>,
    pub requests: u64,
    pub seconds: f64,
    pub per_second: f64,
    pub p50_ms: f64,
    pub p99_ms: f64,
    pub p999_ms: f64,
    pub max_ms: f64,
    pub audit_violations: Option<u64>,
    /// Descriptions of all counts that differ from the expected ones.
    pub failures: Vec<String>,
}

impl Outcome {
    pub(super) fn of(counts: Counts, board: &Board, leg: &Leg) -> Outcome {
        let Counts { customers, coupons, goods, .. } = counts;
        let winners = coupons.min(customers);
        let quantile = |share| rounded(leg.tally.latencies.quantile_ms(share));
        let mut outcome = Outcome {
            customers,
            coupons,
            goods,
            issued: board.issued,
            numbers_exact: board.numbers.are_exactly(winners),
            sold_out_after_ms: board.sold_out_at.map(|at| rounded(at.as_secs_f64() * 1e3)),
            refusals: board.refusals.clone(),
            orders: board.orders.clone(),
            reasons: board.reasons.clone(),
            requests: leg.tally.answers(),
            seconds: rounded(leg.elapsed.as_secs_f64()),
            per_second: rounded(leg.per_second()),
            p50_ms: quantile(0.5),
            p99_ms: quantile(0.99),
            p999_ms: quantile(0.999),
            max_ms: rounded(leg.tally.latencies.max_ms()),
            audit_violations: None,
            failures: vec![],
        };
        outcome.check(counts);
        if let Some(complaint) = &leg.tally.complaint {
            let surprises = leg.tally.surprises;
            outcome.failures.push(format!("{surprises} answers were not as expected, the first: {complaint}"));
        }
        outcome
    }

    fn check(&mut self, counts: Counts) {
        let winners = self.coupons.min(self.customers);
        let sold = self.goods.min(winners);
        let orders = |outcome: &str| self.orders.get(outcome).copied().unwrap_or(0);
        let late = self.refusals.get("coupon.sold_out").copied().unwrap_or(0);
        let signed = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
        let figures = [
            ("coupons issued", signed(self.issued), signed(winners)),
            ("coupons issued according to the shop", counts.issued_by_shop, signed(winners)),
            ("customers who came too late", signed(late), signed(self.customers - winners)),
            ("orders COMPLETED", signed(orders("COMPLETED")), signed(sold)),
            ("orders CANCELLED", signed(orders("CANCELLED")), signed(winners - sold)),
            ("goods left according to the shop", counts.available_in_shop, signed(self.goods - sold)),
        ];
        let wrong = figures.into_iter().filter(|(_, found, expected)| found != expected);
        self.failures.extend(wrong.map(|(what, found, expected)| format!("{what}: {found}, but must be {expected}")));
        if !self.numbers_exact {
            self.failures.push(format!("the issue numbers are not exactly 1 to {winners}"));
        }
    }

    pub fn with_audit(mut self, violations: u64) -> Outcome {
        self.audit_violations = Some(violations);
        self
    }

    /// Returns true if every count is exact and the audit found no violations.
    pub fn is_exact(&self) -> bool {
        self.failures.is_empty() && self.audit_violations.unwrap_or(0) == 0
    }

    pub fn table(&self) -> String {
        let mut text = String::new();
        let mut line = |name: &str, value: String| {
            let _ = writeln!(text, "{name:<10} {value}");
        };
        let numbers = if self.numbers_exact { "each once" } else { "NOT each once" };
        line("issued", format!("{} of {}, numbers 1 to {}, {numbers}", self.issued, self.coupons, self.issued));
        line(
            "sold out",
            self.sold_out_after_ms.map_or_else(|| "no".to_owned(), |ms| format!("after {:.2} s", ms / 1e3)),
        );
        line("refused", listed(&self.refusals));
        line("orders", listed(&self.orders));
        if !self.reasons.is_empty() {
            line("cancelled", listed(&self.reasons));
        }
        let Outcome { requests, seconds, per_second, .. } = self;
        line("requests", format!("{requests} in {seconds:.1} s, {per_second:.0} per second"));
        let Outcome { p50_ms, p99_ms, p999_ms, max_ms, .. } = self;
        line("latency", format!("p50 {p50_ms} ms, p99 {p99_ms} ms, p99.9 {p999_ms} ms, max {max_ms} ms"));
        line("audit", self.audit_violations.map_or_else(|| "-".to_owned(), |count| format!("{count} violations")));
        for failure in &self.failures {
            line("FAILED", failure.clone());
        }
        text
    }
}

fn listed<K: std::fmt::Display>(counts: &BTreeMap<K, u64>) -> String {
    let parts: Vec<String> = counts.iter().map(|(name, count)| format!("{count} {name}")).collect();
    if parts.is_empty() { "none".to_owned() } else { parts.join(", ") }
}

/// Rounds to the precision of the measurement.
fn rounded(figure: f64) -> f64 {
    (figure * 1e3).round() / 1e3
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use bench::load::Tally;
    use bench::plan::{Plan, Ticket};

    use super::*;

    #[derive(Debug)]
    struct NoCrowd;

    impl Plan for NoCrowd {
        fn next(&mut self, _request: &mut Vec<u8>) -> Option<Ticket> {
            None
        }

        fn judge(&mut self, _: Ticket, _: bench::connection::Answer<'_>) -> bench::plan::Verdict {
            bench::plan::Verdict::Surprise
        }
    }

    /// Returns the outcome of a sale of two coupons and one pair of shoes to three customers, after `change`.
    fn outcome(change: impl FnOnce(&mut Board, &mut Counts)) -> Outcome {
        let mut counts = Counts { customers: 3, coupons: 2, goods: 1, issued_by_shop: 2, available_in_shop: 0 };
        let mut board = Board::of(2);
        assert!(board.give(1, Duration::ZERO) && board.give(2, Duration::ZERO));
        board.refuse("coupon.sold_out");
        board.orders = [("COMPLETED".to_owned(), 1), ("CANCELLED".to_owned(), 1)].into();
        change(&mut board, &mut counts);
        let leg = Leg { plan: Box::new(NoCrowd), elapsed: Duration::from_secs(1), tally: Tally::default() };
        Outcome::of(counts, &board, &leg)
    }

    #[test]
    fn a_sale_with_the_expected_counts_is_exact() {
        let outcome = outcome(|_, _| {});
        assert_eq!(outcome.failures, Vec::<String>::new());
        assert!(outcome.clone().with_audit(0).is_exact());
        assert!(!outcome.with_audit(1).is_exact());
    }

    #[test]
    fn every_count_that_is_off_by_one_is_found() {
        let found = |change: fn(&mut Board, &mut Counts)| outcome(change).failures.join("; ");
        assert!(found(|board, _| _ = board.give(3, Duration::ZERO)).contains("coupons issued: 3"));
        assert!(found(|board, _| _ = board.give(3, Duration::ZERO)).contains("not exactly 1 to 2"));
        assert!(found(|_, counts| counts.issued_by_shop = 1).contains("according to the shop: 1"));
        assert!(found(|_, counts| counts.available_in_shop = -1).contains("goods left"));
        assert!(found(|board, _| board.refuse("coupon.sold_out")).contains("too late"));
        assert!(found(|board, _| _ = board.orders.insert("COMPLETED".to_owned(), 2)).contains("COMPLETED: 2"));
        assert!(found(|board, _| _ = board.orders.remove("CANCELLED")).contains("CANCELLED: 0"));
    }
}
