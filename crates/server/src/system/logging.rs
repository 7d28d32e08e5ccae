//! The log: to stderr, as text for people or JSON for machines.

pub(crate) mod line_trace;

use std::any::Any;
use std::backtrace::{Backtrace, BacktraceStatus};
use std::collections::BTreeMap;
use std::fmt::Display;
use std::panic::PanicHookInfo;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use tracing_subscriber::{EnvFilter, reload};

use self::line_trace::WithTrace;
use crate::config::{Log, LogFormat};

#[derive(Debug, thiserror::Error)]
#[error(
    "log.level = {0:?} is not understood; use error, warn, info, debug, trace or off, or a filter such as \"info,server=debug\""
)]
pub struct Error(String);

/// Returns the filter of a level. The HTTP client's own lines would show the passwords of addresses at the level debug.
fn filter(level: &str) -> Result<EnvFilter, tracing_subscriber::filter::ParseError> {
    EnvFilter::try_new(format!("{level},hyper_util=warn,reqwest=warn"))
}

/// Starts the log of this process. Later calls change nothing.
pub fn start(log: &Log) -> Result<(), Error> {
    let filter = filter(&log.level).map_err(|_| Error(log.level.clone()))?;
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        // Internal errors would be printed to the same closed stderr, and panic.
        .log_internal_errors(false)
        .with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr()));
    // Fails if a log was started before, as in tests of one process.
    let _started = match log.format {
        LogFormat::Text => {
            let subscriber = subscriber.map_event_format(|inner| WithTrace { inner, is_json: false });
            let subscriber = subscriber.with_filter_reloading();
            let handle = subscriber.reload_handle();
            subscriber.try_init().map(|()| keep(handle, &log.level))
        }
        LogFormat::Json => {
            let subscriber = subscriber.json().flatten_event(true);
            let subscriber = subscriber.map_event_format(|inner| WithTrace { inner, is_json: true });
            let subscriber = subscriber.with_filter_reloading();
            let handle = subscriber.reload_handle();
            subscriber.try_init().map(|()| keep(handle, &log.level))
        }
    };
    std::panic::set_hook(Box::new(log_panic));
    Ok(())
}

/// The level in force, and how it is changed.
struct Level {
    level: Mutex<String>,
    reload: Box<dyn Fn(EnvFilter) -> bool + Send + Sync>,
}

static LEVEL: OnceLock<Level> = OnceLock::new();

fn keep<S: tracing::Subscriber + 'static>(handle: reload::Handle<EnvFilter, S>, level: &str)
where
    EnvFilter: tracing_subscriber::Layer<S>,
{
    let reload = Box::new(move |filter| handle.reload(filter).is_ok());
    let _set = LEVEL.set(Level { level: Mutex::new(level.to_owned()), reload });
}

/// Returns the level in force; `off` if this process has no log.
pub(crate) fn level() -> String {
    LEVEL.get().map_or_else(|| "off".to_owned(), |known| known.level.lock().clone())
}

/// Changes the level of this process.
pub(crate) fn set_level(level: &str) -> Result<(), Error> {
    let filter = filter(level).map_err(|_| Error(level.to_owned()))?;
    let Some(known) = LEVEL.get() else { return Ok(()) };
    let mut current = known.level.lock();
    if !(known.reload)(filter) {
        return Err(Error(level.to_owned()));
    }
    level.clone_into(&mut current);
    Ok(())
}

/// Limits lines per second and counts the rest, for events that clients can cause as often as they like.
pub(crate) struct Thinned {
    lines_per_s: u32,
    started: Instant,
    /// The current second, its lines, and the lines omitted since the last one.
    state: Mutex<(u64, u32, u64)>,
}

impl Thinned {
    pub(crate) fn new(lines_per_s: u32) -> Thinned {
        Thinned { lines_per_s, started: Instant::now(), state: Mutex::new((0, 0, 0)) }
    }

    /// Returns how many lines were omitted before this one; `None` if this one is omitted too.
    pub(crate) fn admits(&self) -> Option<u64> {
        let now = self.started.elapsed().as_secs();
        let mut state = self.state.lock();
        let (second, lines, left_out) = &mut *state;
        if *second != now {
            (*second, *lines) = (now, 0);
        }
        if *lines >= self.lines_per_s {
            *left_out += 1;
            return None;
        }
        *lines += 1;
        Some(std::mem::take(left_out))
    }
}

/// Logs a panic as one line: the default hook writes several lines around the log, which a machine cannot parse.
fn log_panic(panic: &PanicHookInfo<'_>) {
    let message = panic_text(panic.payload());
    let location = panic.location().map(ToString::to_string).unwrap_or_default();
    let backtrace = Backtrace::capture();
    let captured = backtrace.status() == BacktraceStatus::Captured;
    let backtrace = captured.then(|| tracing::field::display(backtrace));
    tracing::error!(%location, backtrace, "Panicked: {message}");
}

/// Returns the message of a panic, if it was text.
pub(crate) fn panic_text(payload: &dyn Any) -> &str {
    let text = payload.downcast_ref::<&str>().copied();
    text.or_else(|| payload.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message")
}

/// How long a repeated line is counted instead of printed.
const REPEATED_WITHIN: Duration = Duration::from_secs(10);
/// How many lines are remembered.
const LINES_MAX: usize = 64;

/// Recently printed lines, and how often they were repeated since.
#[derive(Debug, Default)]
struct Repeats(BTreeMap<String, (Instant, u64)>);

impl Repeats {
    /// Returns how often the line was repeated without being printed; `None` if this repetition is not printed either.
    fn admit(&mut self, line: &str, now: Instant) -> Option<u64> {
        if let Some((printed, held)) = self.0.get_mut(line) {
            if now.duration_since(*printed) < REPEATED_WITHIN {
                *held += 1;
                return None;
            }
            *printed = now;
            return Some(std::mem::take(held));
        }
        if self.0.len() >= LINES_MAX {
            self.0.retain(|_, (printed, _)| now.duration_since(*printed) < REPEATED_WITHIN);
        }
        if self.0.len() < LINES_MAX {
            self.0.insert(line.to_owned(), (now, 0));
        }
        Some(0)
    }
}

/// Logs an error that may occur hundreds of times a second: repeated lines are counted, not printed.
pub(crate) fn error(what: &str, error: &(impl Display + ?Sized)) {
    static REPEATS: Mutex<Repeats> = Mutex::new(Repeats(BTreeMap::new()));
    let line = format!("{what}: {error}");
    let admitted = REPEATS.lock().admit(&line, Instant::now());
    match admitted {
        Some(0) => tracing::error!("{line}"),
        Some(repeated) => tracing::error!(repeated, "{line} (repeated {repeated} times)"),
        None => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repeated_line_is_counted_and_not_printed() {
        let (mut repeats, start) = (Repeats::default(), Instant::now());
        assert_eq!(repeats.admit("full", start), Some(0));
        assert_eq!(repeats.admit("other", start), Some(0));
        for _ in 0..250 {
            assert_eq!(repeats.admit("full", start + Duration::from_secs(1)), None);
        }
        assert_eq!(repeats.admit("full", start + REPEATED_WITHIN), Some(250));
        assert_eq!(repeats.admit("full", start + REPEATED_WITHIN), None);
    }

    #[test]
    fn the_number_of_remembered_lines_is_bounded() {
        let (mut repeats, start) = (Repeats::default(), Instant::now());
        for number in 0..10 * LINES_MAX {
            assert_eq!(repeats.admit(&number.to_string(), start), Some(0));
        }
        assert_eq!(repeats.0.len(), LINES_MAX);
        repeats.admit("later", start + REPEATED_WITHIN);
        assert_eq!(repeats.0.len(), 1);
    }
}
