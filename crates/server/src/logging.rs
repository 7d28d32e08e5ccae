//! The log: to stderr, as text for people or JSON for machines.

use std::any::Any;
use std::backtrace::{Backtrace, BacktraceStatus};
use std::panic::PanicHookInfo;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::ParseError;

use crate::config::{Log, LogFormat};

#[derive(Debug, thiserror::Error)]
#[error("log.level = \"{level}\" is not understood: {cause}")]
pub struct Error {
    level: String,
    cause: ParseError,
}

/// Starts the log of this process. A second call changes nothing.
pub fn start(log: &Log) -> Result<(), Error> {
    let filter = EnvFilter::try_new(&log.level).map_err(|cause| Error { level: log.level.clone(), cause })?;
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
