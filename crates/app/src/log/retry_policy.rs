//! The retry policy of each group, from the sources: one line for each group.

use std::time::Duration;

use crate::log::group::Group;

/// The delays before the second, third, … attempt. After the last one fails, the event is dead-lettered.
pub type Pauses = &'static [Duration];

/// Source 000: five retries, from 100 ms on, each 1.5 times the previous, at most 500 ms.
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

/// The interval of resending a dead letter.
pub const RESEND_EVERY: Duration = Duration::from_secs(300);
/// The number of failed resends after which the letter is left to operators.
pub const RESENDS_MAX: i64 = 5;
/// The number of events of a key that are retried together, when all succeed.
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
            | Group::Payment
            // Their events are scheduled; these are the pauses between attempts to send them (C-24).
            | Group::CouponNotifications
            | Group::OrderNotifications => STEADY,
            // Their slice is read again until it is digested.
            Group::CouponStatistics
            | Group::OrderStatistics
            | Group::OrderAnalytics
            | Group::Webhooks
            | Group::Alerts
            | Group::AlertMails => &[],
        }
    }

    /// Returns the delay after this many failures; `None` when the event is dead-lettered.
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
        check(Group::CouponNotifications, &[1_000, 1_000, 1_000]);
    }
}
