//! The shop's time zone.

use app::ports::Calendar;
use domain::time::Timestamp;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Shop {
    time_zone: String,
}

impl Shop {
    /// Returns the calendar of the shop's time zone; `Err` says what is wrong with its name.
    pub fn calendar(&self) -> Result<ZoneCalendar, String> {
        // Only names of the time zone database are allowed: a POSIX rule could mean anything.
        TimeZone::get(&self.time_zone).map(ZoneCalendar).map_err(|_| {
            let name = &self.time_zone;
            format!("shop.time_zone: {name:?} is not in the time zone database; use a name such as \"Asia/Seoul\" or \"UTC\"")
        })
    }
}

/// Calendar days of a time zone.
#[derive(Clone, Debug)]
pub struct ZoneCalendar(TimeZone);

impl Calendar for ZoneCalendar {
    fn day(&self, at: Timestamp) -> i64 {
        let seconds = jiff::Timestamp::from_microsecond(at.micros())
            .map_or(0, |moment| i64::from(self.0.to_offset(moment).seconds()));
        app::ports::FixedOffset(seconds).day(at)
    }
}

#[cfg(test)]
mod tests {
    use app::events::wire_time;

    use super::*;

    fn day(zone: &str, at: &str) -> i64 {
        Shop { time_zone: zone.to_owned() }.calendar().unwrap().day(wire_time::parse(at).unwrap())
    }

    /// The day begins at midnight in the shop's time zone.
    #[test]
    fn a_day_begins_at_midnight_in_the_zone_of_the_shop() {
        assert_eq!(day("UTC", "1970-01-01T23:59:59Z"), 0);
        assert_eq!(day("Asia/Seoul", "1970-01-01T14:59:59Z"), 0);
        assert_eq!(day("Asia/Seoul", "1970-01-01T15:00:00Z"), 1);
        // Daylight saving time is respected.
        assert_eq!(
            day("America/New_York", "2026-07-01T03:59:59Z") + 1,
            day("America/New_York", "2026-07-01T04:00:00Z")
        );
        assert_eq!(
            day("America/New_York", "2026-01-01T04:59:59Z") + 1,
            day("America/New_York", "2026-01-01T05:00:00Z")
        );
    }

    #[test]
    fn an_unknown_time_zone_is_refused_by_name() {
        let refused = Shop { time_zone: "Asia/Atlantis".to_owned() }.calendar().unwrap_err();
        assert!(refused.contains("shop.time_zone") && refused.contains("Asia/Atlantis"), "{refused}");
    }
}
