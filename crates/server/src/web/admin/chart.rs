//! Small charts of a course over time, drawn as SVG.

use maud::{Markup, html};

const WIDTH: usize = 600;

/// Returns a line over a filled area; `height` is in the units of the drawing. All lines of a chart share its `top` value.
pub(crate) fn area(class: &str, values: &[f64], top: f64, height: usize) -> Markup {
    if values.len() < 2 {
        return html! {};
    }
    let step = WIDTH as f64 / (values.len() - 1) as f64;
    let point = |(place, value): (usize, &f64)| {
        let share = if top > 0.0 { (value / top).clamp(0.0, 1.0) } else { 0.0 };
        // A line at the very edge would be cut in half.
        let y = (height as f64 - 2.0) - share * (height as f64 - 4.0);
        format!("{:.1} {y:.1}", place as f64 * step)
    };
    let line = values.iter().enumerate().map(point).collect::<Vec<_>>().join("L");
    html! {
        g class=(class) {
            path.fill d=(format!("M0 {height}L{line}L{WIDTH} {height}z")) {}
            path.line d=(format!("M{line}")) {}
        }
    }
}

/// Returns a drawing that fills its place.
pub(crate) fn canvas(height: usize, label: &str, content: &Markup) -> Markup {
    html! {
        svg.chart viewBox=(format!("0 0 {WIDTH} {height}")) preserveAspectRatio="none" role="img" aria-label=(label) { (content) }
    }
}

/// Returns the mean of every group of `size` values; the last group may be smaller.
pub(crate) fn means(values: &[f64], size: usize) -> Vec<f64> {
    values.chunks(size.max(1)).map(|group| group.iter().sum::<f64>() / group.len() as f64).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_runs_over_the_whole_width() {
        let drawn = area("a", &[0.0, 5.0, 10.0], 10.0, 100).into_string();
        assert!(drawn.contains("M0.0 98.0L300.0 50.0L600.0 2.0"), "{drawn}");
        assert!(area("a", &[1.0], 1.0, 100).into_string().is_empty());
        assert!(area("a", &[0.0, 0.0], 0.0, 100).into_string().contains("M0.0 98.0L600.0 98.0"));
    }

    #[test]
    fn many_values_become_means() {
        assert_eq!(means(&[1.0, 3.0, 5.0, 7.0, 9.0], 2), [2.0, 6.0, 9.0]);
    }
}
