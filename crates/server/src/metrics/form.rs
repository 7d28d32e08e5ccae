//! The two exposition formats: OpenMetrics, and the older text format that `promtool` and most scripts read.

use std::fmt::Write;

use axum::http::HeaderMap;
use axum::http::header::ACCEPT;

use crate::http::weight::weight;

pub(crate) const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
pub(crate) const PLAIN_TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";

const WEIGHT_MAX: u32 = 1_000;

/// Returns OpenMetrics if the client names it and prefers nothing else.
pub(super) fn preferred(asked: &HeaderMap) -> &'static str {
    let values = asked.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
    // For text/plain the most specific matching range counts: its specificity and its weight.
    let (mut open, mut plain) = (0, (0, 0));
    for range in values.flat_map(|value| value.split(',')) {
        let mut parts = range.split(';').map(str::trim);
        let kind = parts.next().unwrap_or("").to_ascii_lowercase();
        let (mut version, mut weighs) = (None, WEIGHT_MAX);
        for parameter in parts {
            match parameter.split_once('=') {
                Some(("version", given)) => version = Some(given.trim_matches('"').to_owned()),
                Some(("q", _)) => weighs = weight(parameter),
                _ => {}
            }
        }
        match (kind.as_str(), version.as_deref()) {
            ("application/openmetrics-text", None | Some("1.0.0" | "0.0.1")) => open = weighs.max(open),
            ("text/plain", None | Some("0.0.4")) => plain = plain.max((3, weighs)),
            ("text/*", _) => plain = plain.max((2, weighs)),
            ("*/*", _) => plain = plain.max((1, weighs)),
            _ => {}
        }
    }
    if open > 0 && open >= plain.1 { OPEN_METRICS } else { PLAIN_TEXT }
}

/// Converts OpenMetrics to text 0.0.4, in which a family has the name of its samples, units are part of names, and
/// there is no end marker.
pub(super) fn plain(open: &str) -> String {
    let mut plain = String::with_capacity(open.len());
    let mut help = None;
    for line in open.lines() {
        if let Some(rest) = line.strip_prefix("# HELP ") {
            help = rest.split_once(' ');
        } else if let Some((name, kind)) = line.strip_prefix("# TYPE ").and_then(|rest| rest.split_once(' ')) {
            let (suffix, kind) = match kind {
                "counter" => ("_total", "counter"),
                "info" => ("_info", "gauge"),
                "unknown" => ("", "untyped"),
                other => ("", other),
            };
            // Writing into a string cannot fail.
            if let Some((_, text)) = help.take().filter(|(of, _)| *of == name) {
                let _ = writeln!(plain, "# HELP {name}{suffix} {text}");
            }
            let _ = writeln!(plain, "# TYPE {name}{suffix} {kind}");
        } else if !line.starts_with('#') {
            plain.push_str(line);
            plain.push('\n');
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn the_format_is_the_most_preferred_one() {
        for (accept, form) in [
            ("", PLAIN_TEXT),
            ("*/*", PLAIN_TEXT),
            ("text/plain", PLAIN_TEXT),
            ("text/plain;version=0.0.4", PLAIN_TEXT),
            ("application/json", PLAIN_TEXT),
            ("application/openmetrics-text", OPEN_METRICS),
            ("application/openmetrics-text; version=1.0.0; charset=utf-8", OPEN_METRICS),
            ("application/openmetrics-text; version=9.0.0", PLAIN_TEXT),
            ("application/openmetrics-text;q=0.5, text/plain;q=0.9", PLAIN_TEXT),
            ("application/openmetrics-text;q=0.5, */*", PLAIN_TEXT),
            ("application/openmetrics-text;q=0, */*;q=0.1", PLAIN_TEXT),
            (
                "text/plain;version=0.0.4;q=0.3, application/openmetrics-text;version=0.0.1;q=0.75, */*;q=0.9",
                OPEN_METRICS,
            ),
            // As Prometheus 2 and 3 send it.
            (
                "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,\
                 text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
                OPEN_METRICS,
            ),
            (
                "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,\
                 application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,\
                 text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
                OPEN_METRICS,
            ),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(ACCEPT, HeaderValue::from_static(accept));
            assert_eq!(preferred(&headers), form, "{accept}");
        }
        assert_eq!(preferred(&HeaderMap::new()), PLAIN_TEXT);
    }

    #[test]
    fn plain_text_names_a_family_like_its_samples() {
        let open = "# HELP shop_orders Orders placed.\n# TYPE shop_orders counter\nshop_orders_total 1\n\
                    # HELP shop_uptime_seconds Time.\n# TYPE shop_uptime_seconds gauge\n# UNIT shop_uptime_seconds seconds\n\
                    shop_uptime_seconds 1.5\n# EOF\n";
        let plain_text = "# HELP shop_orders_total Orders placed.\n# TYPE shop_orders_total counter\nshop_orders_total 1\n\
                          # HELP shop_uptime_seconds Time.\n# TYPE shop_uptime_seconds gauge\nshop_uptime_seconds 1.5\n";
        assert_eq!(plain(open), plain_text);
    }
}
