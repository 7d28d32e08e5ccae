//! How long a loop waits between two rounds of work.

use std::time::Duration;

/// Returns the share of a pause that follows `done` units of work; the whole pause follows `full` units or more. So a busy
/// loop gathers work for its next round, and one with little to do is prompt: an order over a log takes several rounds.
pub(crate) fn paced(pause: Duration, done: usize, full: usize) -> Duration {
    let [done, full] = [done.min(full), full.max(1)].map(|units| u32::try_from(units).unwrap_or(u32::MAX));
    pause.saturating_mul(done) / full
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn little_work_is_followed_by_a_short_pause() {
        let pause = Duration::from_millis(20);
        assert_eq!(paced(pause, 0, 32), Duration::ZERO);
        assert_eq!(paced(pause, 8, 32), Duration::from_millis(5));
        for done in [32, usize::MAX] {
            assert_eq!(paced(pause, done, 32), pause);
        }
        assert_eq!(paced(pause, 1, 0), Duration::ZERO);
    }
}
