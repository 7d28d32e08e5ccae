//! Limits of what a simulation prints.

use std::time::Duration;

/// Failures that are printed; further ones are only counted.
pub(super) const EXAMPLES_MAX: usize = 10;
/// Interval of progress lines if stderr is not a terminal.
pub(super) const LINE_EVERY: Duration = Duration::from_secs(5);
