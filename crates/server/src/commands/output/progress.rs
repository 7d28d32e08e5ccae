//! Progress of long work on stderr: a bar on a terminal, otherwise a line at intervals.

use std::io::{self, IsTerminal as _};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::commands::output::terminal::note;

/// Redraws per second at most.
const FRAMES_PER_SECOND: u8 = 10;
/// Fits into 80 columns with the longest message.
const TEMPLATE: &str = "{bar:16} {pos}/{len} {wide_msg}";

pub(in crate::commands) struct Progress {
    bar: Option<ProgressBar>,
    /// Interval of plain lines.
    every: Duration,
    printed: Instant,
    total: u64,
}

impl Progress {
    pub(in crate::commands) fn new(total: u64, every: Duration) -> Progress {
        let bar = io::stderr().is_terminal().then(|| {
            let bar = ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::stderr_with_hz(FRAMES_PER_SECOND));
            bar.with_style(ProgressStyle::with_template(TEMPLATE).expect("the template is well formed"))
        });
        Progress { bar, every, printed: Instant::now(), total }
    }

    /// Shows that `done` of the total are done; `message` adds details.
    pub(in crate::commands) fn show(&mut self, done: u64, message: impl FnOnce() -> String) {
        if let Some(bar) = &self.bar {
            bar.set_position(done);
            bar.set_message(message());
        } else if self.printed.elapsed() >= self.every {
            self.printed = Instant::now();
            note(&format!("{done}/{} {}", self.total, message()));
        }
    }

    /// Prints a line above the bar.
    pub(in crate::commands) fn print_line(&self, line: &str) {
        match &self.bar {
            Some(bar) => bar.println(line),
            None => note(line),
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
