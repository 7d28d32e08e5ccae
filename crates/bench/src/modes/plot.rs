//! The comparison as a bar chart: orders per second and p99 of each mode.

use std::fmt::Write as _;

use super::{ModeFigures, ModesReport};

const WIDTH: f64 = 720.0;
const ROW: f64 = 46.0;
const TOP: f64 = 48.0;
const LEFT: f64 = 110.0;
const BAR: f64 = 16.0;
const RIGHT: f64 = 120.0;

/// Returns an SVG document.
pub fn plot(report: &ModesReport) -> String {
    let height = TOP + ROW * report.modes.len() as f64 + 16.0;
    let mut svg = format!(
        r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" font-family="sans-serif" font-size="13">
<rect width="{WIDTH}" height="{height}" fill="#fff"/>
<text x="{LEFT}" y="22" fill="#2b6cb0">orders per second</text>
<text x="{}" y="22" fill="#c05621">p99 in ms</text>
"##,
        LEFT + 160.0
    );
    let fastest = largest(report, |figures| figures.per_second);
    let slowest = largest(report, |figures| figures.p99_ms);
    for (row, figures) in report.modes.iter().enumerate() {
        let y = TOP + ROW * row as f64;
        let _ = writeln!(svg, r#"<text x="12" y="{}">{}</text>"#, y + BAR, figures.mode);
        let (rate, p99) = (format!("{:.0}", figures.per_second), format!("{:.1}", figures.p99_ms));
        bar(&mut svg, y, figures.per_second / fastest, "#2b6cb0", &rate);
        bar(&mut svg, y + BAR + 3.0, figures.p99_ms / slowest, "#c05621", &p99);
    }
    svg.push_str("</svg>\n");
    svg
}

fn bar(svg: &mut String, y: f64, share: f64, colour: &str, label: &str) {
    let width = (share * (WIDTH - LEFT - RIGHT)).max(1.0);
    let _ = writeln!(
        svg,
        r#"<rect x="{LEFT}" y="{y:.0}" width="{width:.0}" height="{BAR}" fill="{colour}"/><text x="{:.0}" y="{:.0}">{label}</text>"#,
        LEFT + width + 6.0,
        y + BAR - 3.0
    );
}

fn largest(report: &ModesReport, figure: impl Fn(&ModeFigures) -> f64) -> f64 {
    report.modes.iter().map(figure).fold(1e-9, f64::max)
}
