//! The log: to stderr, as text for people or JSON for machines.

use std::any::Any;
use std::backtrace::{Backtrace, BacktraceStatus};
use std::panic::PanicHookInfo;
use std::time::Instant;

use parking_lot::Mutex;

use tracing_subscriber::EnvFilter;

use crate::config::{Log, LogFormat};

#[derive(Debug, thiserror::Error)]
#[error(
    "log.level = {0:?} is not understood; use error, warn, info, debug, trace or off, or a filter such as \"info,server=debug\""
)]
pub struct Error(String);

/// Starts the log of this process. A second call changes nothing.
pub fn start(log: &Log) -> Result<(), Error> {
    let filter = EnvFilter::try_new(&log.level).map_err(|_| Error(log.level.clone()))?;
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        // It would be printed to the same closed stderr, and panic.
        .log_internal_errors(false)
        .with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr()));
    // Fails when a log was started before, as by the tests of one process.
    let _started = match log.format {
        LogFormat::Text => subscriber.try_init(),
        LogFormat::Json => subscriber.json().flatten_event(true).try_init(),
    };
    std::panic::set_hook(Box::new(log_panic));
    Ok(())
}

/// Lets so many lines a second through and counts the others, for what clients can bring about as often as they like.
pub(crate) struct Thinned {
    lines_per_s: u32,
    started: Instant,
    /// The second, the lines of it, and how many were left out since the last one.
    state: Mutex<(u64, u32, u64)>,
}

impl Thinned {
    pub(crate) fn new(lines_per_s: u32) -> Thinned {
        Thinned { lines_per_s, started: Instant::now(), state: Mutex::new((0, 0, 0)) }
    }

    /// Whether a line may be written, and how many were left out before it.
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

/// The default hook writes several lines around the log, which a machine cannot read.
fn log_panic(panic: &PanicHookInfo<'_>) {
    let message = panic_text(panic.payload());
    let location = panic.location().map(ToString::to_string).unwrap_or_default();
    let backtrace = Backtrace::capture();
    let captured = backtrace.status() == BacktraceStatus::Captured;
    let backtrace = captured.then(|| tracing::field::display(backtrace));
    tracing::error!(%location, backtrace, "Panicked: {message}");
}

/// What a panic said, if it was text.
pub(crate) fn panic_text(payload: &dyn Any) -> &str {
    let text = payload.downcast_ref::<&str>().copied();
    text.or_else(|| payload.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message")
}
