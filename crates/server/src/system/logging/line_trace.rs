//! Adds the trace of a request to every line that is logged while the request is handled.

use std::cell::Cell;
use std::fmt;

use tracing::{Event, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

/// A trace id: 32 hex digits.
type Digits = [u8; 32];

thread_local! {
    static TRACE: Cell<Option<Digits>> = const { Cell::new(None) };
}

/// Runs `act` as part of a request: lines that it logs on this thread carry the trace.
pub(crate) fn within<T>(trace: Digits, act: impl FnOnce() -> T) -> T {
    struct Restored(Option<Digits>);
    impl Drop for Restored {
        fn drop(&mut self) {
            TRACE.set(self.0);
        }
    }
    let _restored = Restored(TRACE.replace(Some(trace)));
    act()
}

/// A format whose lines carry the trace.
pub(super) struct WithTrace<F> {
    pub(super) inner: F,
    pub(super) is_json: bool,
}

impl<S, N, F> FormatEvent<S, N> for WithTrace<F>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
    F: FormatEvent<S, N>,
{
    fn format_event(&self, context: &FmtContext<'_, S, N>, mut writer: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        let Some(trace) = TRACE.get() else { return self.inner.format_event(context, writer, event) };
        let mut line = String::new();
        self.inner.format_event(context, Writer::new(&mut line), event)?;
        let trace = std::str::from_utf8(&trace).unwrap_or_default();
        writer.write_str(&completed(line, trace, self.is_json))
    }
}

/// Adds the trace at the end of a line that has none.
fn completed(mut line: String, trace: &str, is_json: bool) -> String {
    let (field, end) = if is_json { ("\"trace\":", "}\n") } else { (" trace=", "\n") };
    if line.contains(field) || !line.ends_with(end) {
        return line;
    }
    line.truncate(line.len() - end.len());
    line + &if is_json { format!(",{field}\"{trace}\"{end}") } else { format!("{field}{trace}{end}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRACE_ID: &str = "0af7651916cd43dd8448eb211c80319c";

    #[test]
    fn a_line_gets_the_trace_once() {
        let json = completed("{\"message\":\"it failed\"}\n".to_owned(), TRACE_ID, true);
        assert_eq!(json, format!("{{\"message\":\"it failed\",\"trace\":\"{TRACE_ID}\"}}\n"));
        assert_eq!(completed(json.clone(), TRACE_ID, true), json);
        let text = completed("WARN it failed\n".to_owned(), TRACE_ID, false);
        assert_eq!(text, format!("WARN it failed trace={TRACE_ID}\n"));
        assert_eq!(completed(text.clone(), TRACE_ID, false), text);
    }

    #[test]
    fn the_trace_ends_with_its_request() {
        let digits: Digits = TRACE_ID.as_bytes().try_into().unwrap();
        assert_eq!(within(digits, || TRACE.get()), Some(digits));
        assert_eq!(TRACE.get(), None);
    }
}
