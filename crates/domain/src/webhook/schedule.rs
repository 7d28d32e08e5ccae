//! The pauses between the attempts of a delivery.

use std::time::Duration;

use crate::word::words;

words! {
    /// A named schedule.
    pub enum Profile {
        /// The configured pauses, with jitter.
        Standard = "standard",
        /// 1, 2, 4 and 8 seconds without jitter, of source 002.
        Source = "source",
    }
}

const JITTER_PERCENT: u64 = 10;

/// When failed deliveries are tried again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schedule {
    pauses: Vec<Duration>,
    has_jitter: bool,
}

impl Schedule {
    pub fn new(profile: Profile, pauses: &[Duration]) -> Schedule {
        match profile {
            Profile::Standard => Schedule { pauses: pauses.to_vec(), has_jitter: true },
            Profile::Source => Schedule { pauses: [1, 2, 4, 8].map(Duration::from_secs).to_vec(), has_jitter: false },
        }
    }

    /// Returns the pause after this many tries; `None` at the end of the schedule. `dice` is a random number; the same
    /// number gives the same pause.
    pub fn pause(&self, tries: i64, dice: u64) -> Option<Duration> {
        let place = usize::try_from(tries.checked_sub(1)?).ok()?;
        let pause = *self.pauses.get(place)?;
        if !self.has_jitter {
            return Some(pause);
        }
        let micros = u64::try_from(pause.as_micros()).unwrap_or(u64::MAX);
        let spread = (micros / 100).saturating_mul(JITTER_PERCENT);
        // From 10 % less to 10 % more.
        let shift = dice % spread.saturating_mul(2).saturating_add(1);
        Some(Duration::from_micros(micros.saturating_sub(spread).saturating_add(shift)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sources_pauses_are_exact() {
        let schedule = Schedule::new(Profile::Source, &[]);
        let pauses: Vec<_> = (1..=5).map(|tries| schedule.pause(tries, 12_345)).collect();
        assert_eq!(pauses, [Some(1), Some(2), Some(4), Some(8), None].map(|s| s.map(Duration::from_secs)));
    }

    #[test]
    fn jitter_stays_within_a_tenth() {
        let schedule = Schedule::new(Profile::Standard, &[Duration::from_secs(10)]);
        for dice in [0, 1, 999_999, 1_000_000, 2_000_000, u64::MAX] {
            let pause = schedule.pause(1, dice).unwrap_or_default();
            assert!((9.0..=11.0).contains(&pause.as_secs_f64()), "{dice}: {pause:?}");
        }
        assert_eq!(schedule.pause(2, 0), None);
        assert_eq!(schedule.pause(0, 0), None);
    }
}
