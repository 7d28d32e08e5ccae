//! How often and when a group tries an event again, as the sources have it: data, one line for each group.

use std::time::Duration;

use crate::log::reactions::Group;

/// The pauses before the second, third, … attempt. After the last of them fails, the event is given up.
pub type Pauses = &'static [Duration];

/// Source 000: five retries, from 100 ms on, half as much again each time, never more than 500 ms.
pub const EXPONENTIAL: Pauses = &[
    Duration::from_millis(100),
    Duration::from_millis(150),
    Duration::from_millis(225),
    Duration::from_millis(337),
    Duration::from_millis(500),
];
/// Source 001 §9.2: three attempts, 2 s apart.
pub const PATIENT: Pauses = &[Duration::from_secs(2); 2];
/// Sources 001 §10.2 and 002 (M-21, M-12): three retries, 1 s apart.
pub const STEADY: Pauses = &[Duration::from_secs(1); 3];

/// A dead letter is sent again so often.
pub const RESEND_EVERY: Duration = Duration::from_secs(300);
/// After so many resends that came to nothing it is left to people.
pub const RESENDS_MAX: i64 = 5;
/// Events of a key that are tried at once, when all goes well.
pub const RUN_MAX: i64 = 64;

impl Group {
    pub const fn pauses(self) -> Pauses {
        match self {
            Group::Stock => EXPONENTIAL,
            Group::Coupon | Group::Point | Group::Completion => PATIENT,
            Group::CouponRequest
            | Group::CouponResult
            | Group::Notices
            | Group::Ranking
            | Group::OrderProcessing
            | Group::OrderRetry
            | Group::Payment => STEADY,
        }
    }

    /// How long after so many failures the next attempt is made; `None` when the event is given up.
    pub fn pause_after(self, failures: i64) -> Option<Duration> {
        let place = usize::try_from(failures - 1).ok()?;
        self.pauses().get(place).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(group: Group, millis: &[u64]) {
        let pauses: Vec<u64> = (1..).map_while(|failures| group.pause_after(failures)).map(whole_millis).collect();
        assert_eq!(pauses, millis, "{}", group.name());
    }

    fn whole_millis(pause: Duration) -> u64 {
        u64::try_from(pause.as_millis()).unwrap()
    }

    #[test]
    fn every_group_gives_up_after_its_sources_attempts() {
        check(Group::Stock, &[100, 150, 225, 337, 500]);
        check(Group::Completion, &[2_000, 2_000]);
        check(Group::CouponRequest, &[1_000, 1_000, 1_000]);
    }
}
