//! How far long work is, on stderr: a bar where somebody watches, plain lines now and then where not.

use std::io::{self, IsTerminal as _};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Redrawn so often at most.
const FRAMES_PER_SECOND: u8 = 10;
/// With the longest message it fits into 80 columns.
const TEMPLATE: &str = "{bar:16} {pos}/{len} {wide_msg}";

pub(in crate::commands) struct Progress {
    bar: Option<ProgressBar>,
    /// Between two plain lines.
    every: Duration,
    said: Instant,
    total: u64,
}

impl Progress {
    pub(in crate::commands) fn new(total: u64, every: Duration) -> Progress {
        let bar = io::stderr().is_terminal().then(|| {
            let bar = ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::stderr_with_hz(FRAMES_PER_SECOND));
            bar.with_style(ProgressStyle::with_template(TEMPLATE).expect("the template is well formed"))
        });
        Progress { bar, every, said: Instant::now(), total }
    }

    /// `done` of the total are done; `message` says what else there is to know.
    pub(in crate::commands) fn show(&mut self, done: u64, message: impl FnOnce() -> String) {
        if let Some(bar) = &self.bar {
            bar.set_position(done);
            bar.set_message(message());
        } else if self.said.elapsed() >= self.every {
            self.said = Instant::now();
            crate::commands::note(&format!("{done}/{} {}", self.total, message()));
        }
    }

    /// A line that stays.
    pub(in crate::commands) fn tell(&self, line: &str) {
        match &self.bar {
            Some(bar) => bar.println(line),
            None => crate::commands::note(line),
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
