//! The comparison as a Markdown page and a table.

use std::fmt::Write as _;

use super::{ModeFigures, ModesReport};

/// The column titles.
const HEAD: [&str; 8] = ["mode", "orders", "per second", "of parallel", "p50 ms", "p95 ms", "p99 ms", "errors"];

/// Returns a Markdown page that embeds the picture with this file name.
pub fn page(report: &ModesReport, picture: &str) -> String {
    let (title, end) = if report.payment {
        (
            "Modes side by side, with payment",
            "Each accepted order is paid at once; times run from the order to its payment.",
        )
    } else {
        ("Modes side by side", "Each accepted order is complete.")
    };
    let mut text = format!(
        "# {title}\n\n![orders per second and p99 of each mode]({picture})\n\n{}\n{}\n{end}\n\n",
        "The same orders in every mode, in one run: each with a coupon and points, one in four of four products, one in ten",
        "for a product that is out of stock. Medians of the rounds; the modes take turns within each."
    );
    let _ = writeln!(text, "| {} | compensations |", HEAD.join(" | "));
    let _ = writeln!(text, "|---{}|---|", "|---:".repeat(HEAD.len() - 1));
    for figures in &report.modes {
        let _ = writeln!(text, "| {} | {} |", cells(figures).join(" | "), figures.compensations);
    }
    let ModesReport { rounds, connections, .. } = report;
    let audit = report.audit_violations.map_or_else(|| "not asked".to_owned(), |count| format!("{count} violations"));
    let _ = writeln!(text, "\n{rounds} rounds at {connections} connections; audit: {audit}.");
    for failure in &report.failures {
        let _ = writeln!(text, "\nFAILED: {failure}");
    }
    text
}

impl ModesReport {
    /// Returns a table for the terminal.
    pub fn table(&self) -> String {
        let line = |cells: &[String], last: &str| {
            let cells: Vec<String> = cells.iter().map(|cell| format!("{cell:>12}")).collect();
            format!("{} {last:>14}\n", cells.join(" "))
        };
        let mut text = line(&HEAD.map(str::to_owned), "compensations");
        for figures in &self.modes {
            text += &line(&cells(figures), &figures.compensations.to_string());
        }
        let audit = self.audit_violations.map_or_else(|| "-".to_owned(), |count| count.to_string());
        let _ = write!(
            text,
            "medians of {} rounds at {} connections, audit violations {audit}",
            self.rounds, self.connections
        );
        for failure in &self.failures {
            let _ = write!(text, "\nFAILED: {failure}");
        }
        text
    }
}

fn cells(figures: &ModeFigures) -> [String; 8] {
    let ModeFigures { mode, orders, per_second, p50_ms, p95_ms, p99_ms, errors, ratio_to_parallel, .. } = figures;
    [
        (*mode).to_owned(),
        orders.to_string(),
        format!("{per_second:.0}"),
        format!("{ratio_to_parallel:.2}"),
        format!("{p50_ms:.1}"),
        format!("{p95_ms:.1}"),
        format!("{p99_ms:.1}"),
        errors.to_string(),
    ]
}

#[cfg(test)]
mod tests {
    use crate::modes::plot;

    use super::*;

    fn report() -> ModesReport {
        let of = |mode, per_second| ModeFigures {
            mode,
            orders: 10,
            per_second,
            p50_ms: 1.0,
            p95_ms: 2.0,
            p99_ms: 3.0,
            errors: 0,
            compensations: 1,
            ratio_to_parallel: 1.0,
        };
        let modes = vec![of("parallel", 200.0), of("atomic", 100.0)];
        let mut report = ModesReport {
            scenario: "modes",
            payment: false,
            rounds: 1,
            connections: 2,
            modes,
            audit_violations: Some(0),
            failures: vec![],
        };
        report.compare();
        report
    }

    #[test]
    fn every_mode_has_its_line_and_its_bars() {
        let report = report();
        let page = page(&report, "modes.svg");
        assert!(page.contains("![orders per second and p99 of each mode](modes.svg)"));
        assert!(page.contains("| atomic | 10 | 100 | 0.50 | 1.0 | 2.0 | 3.0 | 0 | 1 |"), "{page}");
        let paid = super::page(&ModesReport { payment: true, ..report.clone() }, "modes-paid.svg");
        assert!(paid.starts_with("# Modes side by side, with payment") && paid.contains("(modes-paid.svg)"));
        let picture = plot(&report);
        assert!(picture.starts_with("<svg") && picture.ends_with("</svg>\n"));
        assert_eq!(picture.matches("<rect x=").count(), 4, "two bars for each mode");
    }
}
