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
    started: Instant,
    total: u64,
}

impl Progress {
    pub(in crate::commands) fn new(total: u64, every: Duration) -> Progress {
        let bar = io::stderr().is_terminal().then(|| {
            let bar = ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::stderr_with_hz(FRAMES_PER_SECOND));
            bar.with_style(ProgressStyle::with_template(TEMPLATE).expect("the template is well formed"))
        });
        Progress { bar, every, printed: Instant::now(), started: Instant::now(), total }
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

    /// Like [`Progress::show`] for a total that is only known now; adds the time left at the present pace.
    pub(in crate::commands) fn show_of(&mut self, done: u64, total: u64, what: &str) {
        self.total = total;
        if let Some(bar) = &self.bar {
            bar.set_length(total);
        }
        let left = time_left(self.started.elapsed(), done, total);
        self.show(done, || format!("{what}{left}"));
    }

    /// Prints a line above the bar.
    pub(in crate::commands) fn print_line(&self, line: &str) {
        match &self.bar {
            Some(bar) => bar.println(line),
            None => note(line),
        }
    }
}

/// Returns ", N s left", once there is a pace to tell from.
fn time_left(elapsed: Duration, done: u64, total: u64) -> String {
    if done == 0 || elapsed < Duration::from_secs(1) {
        return String::new();
    }
    let seconds = elapsed.as_secs_f64() * total.saturating_sub(done) as f64 / done as f64;
    match seconds.ceil() as u64 {
        seconds @ 0..120 => format!(", {seconds} s left"),
        seconds @ 120..7_200 => format!(", {} min left", seconds / 60),
        seconds => format!(", {} h left", seconds / 3_600),
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_left_follows_from_the_pace() {
        let left = |seconds, done, total| time_left(Duration::from_secs(seconds), done, total);
        assert_eq!(left(10, 0, 100), "");
        assert_eq!(left(10, 50, 100), ", 10 s left");
        assert_eq!(left(60, 10, 100), ", 9 min left");
        assert_eq!(left(3_600, 1, 4), ", 3 h left");
        assert_eq!(left(10, 100, 100), ", 0 s left");
    }
}
