//! Plots as SVG, with the colours of the page's style sheet.

use std::fmt::Write as _;

const WIDTH: f64 = 640.0;
const HEIGHT: f64 = 240.0;
const LEFT: f64 = 52.0;
const RIGHT: f64 = 14.0;
const TOP: f64 = 12.0;
const BOTTOM: f64 = 26.0;
const ROW: f64 = 30.0;
const LABELS: f64 = 236.0;
/// Steps between the marks of the time, in seconds.
const STEPS: [f64; 16] =
    [1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 900.0, 1_800.0, 3_600.0, 7_200.0, 14_400.0, 86_400.0];

/// Values over time. `colour` is the number of a colour of the page.
pub(super) struct Line<'a> {
    pub(super) name: &'a str,
    pub(super) colour: usize,
    pub(super) values: Vec<f64>,
}

/// Lines over the same seconds, and moments that are marked.
pub(super) struct Plot<'a> {
    pub(super) label: &'a str,
    pub(super) seconds: &'a [f64],
    pub(super) lines: Vec<Line<'a>>,
    pub(super) marks: Vec<(f64, &'a str)>,
}

impl Plot<'_> {
    pub(super) fn svg(&self) -> String {
        let (first, last) = (self.seconds.first().copied().unwrap_or(0.0), self.seconds.last().copied().unwrap_or(1.0));
        let span = (last - first).max(1.0);
        let most = self.lines.iter().flat_map(|line| &line.values).copied().fold(0.0, f64::max);
        let step = nice_step(most);
        let top = (most / step).ceil().max(1.0) * step;
        let x = |seconds: f64| LEFT + (seconds - first) / span * (WIDTH - LEFT - RIGHT);
        let y = |value: f64| HEIGHT - BOTTOM - value / top * (HEIGHT - TOP - BOTTOM);
        let mut svg = format!(r#"<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{}">"#, self.label);
        let mut value = 0.0;
        while value <= top + step / 2.0 {
            let (at, text) = (y(value), number(value));
            let _ =
                write!(svg, r#"<line class="grid" x1="{LEFT}" y1="{at:.1}" x2="{:.1}" y2="{at:.1}"/>"#, WIDTH - RIGHT);
            let _ = write!(svg, r#"<text x="{:.1}" y="{:.1}" text-anchor="end">{text}</text>"#, LEFT - 8.0, at + 4.0);
            value += step;
        }
        let step = STEPS.into_iter().find(|step| span / step <= 7.0).unwrap_or(86_400.0);
        let mut seconds = (first / step).ceil() * step;
        while seconds <= last {
            let _ = write!(
                svg,
                r#"<text x="{:.1}" y="{:.1}" text-anchor="middle">{}</text>"#,
                x(seconds),
                HEIGHT - 8.0,
                time(seconds)
            );
            seconds += step;
        }
        for (place, (seconds, name)) in self.marks.iter().enumerate() {
            let (at, low) = (x(*seconds), HEIGHT - BOTTOM);
            let _ = write!(svg, r#"<line class="mark" x1="{at:.1}" y1="{TOP}" x2="{at:.1}" y2="{low}"/>"#);
            // The first name is before its mark, to be apart from the next one; and so is one near the right edge.
            let is_before = at > WIDTH - 120.0 || (place == 0 && at > LEFT + 60.0);
            let (anchor, at) = if is_before { ("end", at - 5.0) } else { ("start", at + 5.0) };
            let _ = write!(svg, r#"<text x="{at:.1}" y="{:.1}" text-anchor="{anchor}">{name}</text>"#, TOP + 10.0);
        }
        for line in &self.lines {
            let points: Vec<String> = self
                .seconds
                .iter()
                .zip(&line.values)
                .map(|(at, value)| format!("{:.1},{:.1}", x(*at), y(*value)))
                .collect();
            let _ = write!(svg, r#"<polyline class="line c{}" points="{}"/>"#, line.colour, points.join(" "));
        }
        svg.push_str("</svg>");
        svg
    }
}

/// Returns a bar for each named count.
pub(super) fn bars(label: &str, counts: &[(&str, u64)]) -> String {
    let height = ROW * counts.len() as f64;
    let most = counts.iter().map(|(_, count)| *count).max().unwrap_or(1).max(1) as f64;
    let mut svg = format!(r#"<svg viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{label}">"#);
    for (place, (name, count)) in counts.iter().enumerate() {
        let y = ROW * place as f64;
        let width = (*count as f64 / most * (WIDTH - LABELS - 84.0)).max(2.0);
        let _ = write!(
            svg,
            r#"<text x="{:.1}" y="{:.1}" text-anchor="end">{name}</text><rect class="bar" x="{LABELS}" y="{:.1}" width="{width:.1}" height="16" rx="3"/><text x="{:.1}" y="{:.1}">{}</text>"#,
            LABELS - 10.0,
            y + 19.0,
            y + 7.0,
            LABELS + width + 8.0,
            y + 19.0,
            number(*count as f64)
        );
    }
    svg.push_str("</svg>");
    svg
}

/// Returns a step of 1, 2 or 5 that divides a range into at most five parts.
fn nice_step(most: f64) -> f64 {
    let rough = (most / 5.0).max(0.2);
    let power = 10.0_f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0].into_iter().find(|step| step * power >= rough).unwrap_or(10.0);
    (step * power).max(1.0)
}

fn number(value: f64) -> String {
    let whole = value.round() as i64;
    match whole {
        1_000_000.. => format!("{}M", whole as f64 / 1_000_000.0),
        10_000.. => format!("{}k", whole as f64 / 1_000.0),
        _ => whole.to_string(),
    }
}

fn time(seconds: f64) -> String {
    let (sign, whole) = (if seconds < 0.0 { "−" } else { "" }, seconds.abs().round() as i64);
    if whole < 3_600 {
        format!("{sign}{}:{:02}", whole / 60, whole % 60)
    } else {
        format!("{sign}{}:{:02} h", whole / 3_600, whole / 60 % 60)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plot_has_its_lines_and_marks() {
        let line = |name, colour| Line { name, colour, values: vec![0.0, 40.0, 90.0] };
        let plot = Plot {
            label: "customers",
            seconds: &[-60.0, 0.0, 60.0],
            lines: vec![line("waiting", 1), line("admitted", 2)],
            marks: vec![(0.0, "start")],
        };
        let svg = plot.svg();
        assert_eq!(svg.matches("<polyline").count(), 2);
        assert!(svg.contains(">100</text>") && svg.contains(">−1:00</text>") && svg.contains(">start</text>"), "{svg}");
        assert!(svg.starts_with("<svg") && svg.ends_with("</svg>"));
        assert_eq!(bars("ends", &[("bought", 3), ("left", 0)]).matches("<rect").count(), 2);
    }

    #[test]
    fn steps_are_round() {
        assert_eq!([0.0, 4.0, 90.0, 1_000.0, 49_000.0].map(nice_step), [1.0, 1.0, 20.0, 200.0, 10_000.0]);
        assert_eq!(
            (number(50_000.0), time(-90.0), time(7_260.0)),
            ("50k".to_owned(), "−1:30".to_owned(), "2:01 h".to_owned())
        );
    }
}
