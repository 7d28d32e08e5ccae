//! Background work leaves the processors to orders in a rush.

use std::time::Duration;

use domain::time::Timestamp;

use crate::runtime::submitter::Submitter;

/// The orders and coupons of a batch from which on there is a rush.
const RUSH: usize = 16;
/// In a rush, work is followed by a rest this many times as long: it gets a tenth of the time.
const REST_PER_WORK: u32 = 9;
/// In a rush, the rest after each call to the outside. A call costs the shop about a tenth of this time.
const REST_PER_CALL: Duration = Duration::from_millis(2);
const REST_MAX: Duration = Duration::from_secs(2);

/// Pauses of background work in a rush. Work that is `late_by_max` late is not paused.
#[derive(Clone, Copy, Debug)]
pub struct Deference {
    pub late_by_max: Duration,
}

impl Deference {
    /// Returns the rest after work, the oldest of which became due at `due`.
    pub(crate) fn after_work(self, work: Duration, due: Timestamp, submitter: &Submitter) -> Duration {
        self.rest(work.saturating_mul(REST_PER_WORK), due, submitter)
    }

    /// Returns the rest after the start of calls, the oldest of which became due at `due`.
    pub(crate) fn after_calls(self, calls: usize, due: Timestamp, submitter: &Submitter) -> Duration {
        self.rest(REST_PER_CALL.saturating_mul(u32::try_from(calls).unwrap_or(u32::MAX)), due, submitter)
    }

    fn rest(self, rest: Duration, due: Timestamp, submitter: &Submitter) -> Duration {
        self.in_turn(rest, submitter.clock.now() - due, submitter.load.rush())
    }

    fn in_turn(self, rest: Duration, late_by: Duration, rush: usize) -> Duration {
        if rush >= RUSH && late_by < self.late_by_max { rest.min(REST_MAX) } else { Duration::ZERO }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);
    const PATIENT: Deference = Deference { late_by_max: Duration::from_secs(60) };

    #[test]
    fn work_rests_in_a_rush_only_and_not_when_it_is_late() {
        assert_eq!(PATIENT.in_turn(SECOND, SECOND, RUSH), SECOND);
        assert_eq!(PATIENT.in_turn(SECOND, SECOND, RUSH - 1), Duration::ZERO);
        assert_eq!(PATIENT.in_turn(SECOND, 60 * SECOND, RUSH), Duration::ZERO);
        assert_eq!(Deference { late_by_max: Duration::ZERO }.in_turn(SECOND, Duration::ZERO, RUSH), Duration::ZERO);
    }

    #[test]
    fn no_rest_is_long() {
        assert_eq!(PATIENT.in_turn(9 * SECOND, SECOND, usize::MAX), REST_MAX);
    }
}
