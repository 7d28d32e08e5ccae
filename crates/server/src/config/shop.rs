//! The shop's time zone, where its events are analysed, and the systems that it tells.

mod alerts;
mod auth;
mod jwks;
mod keep;
mod log_level;
mod login;
mod notifications;
mod server;
mod traces;
mod webhooks;

use std::path::PathBuf;
use std::time::Duration;

use app::ports::Calendar;
use domain::currency::Currency;
use domain::time::Timestamp;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use super::Error;

pub use alerts::{Alerts, Audit};
pub use auth::Auth;
pub use jwks::Jwks;
pub use keep::Keep;
pub use log_level::is_log_level;
pub use login::Login;
pub use notifications::{MailWay, Notifications, Way};
pub use server::Server;
pub use traces::Traces;
pub use webhooks::Webhooks;

#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Shop {
    time_zone: String,
    currency: String,
}

impl Shop {
    /// Checks all settings, and returns the currency.
    pub(super) fn check(&self) -> Result<Currency, String> {
        self.calendar()?;
        self.currency()
    }

    /// Returns the currency of all amounts; `Err` says what is wrong with its code.
    pub fn currency(&self) -> Result<Currency, String> {
        Currency::from_code(&self.currency).ok_or_else(|| {
            let code = &self.currency;
            format!("shop.currency: {code:?} is not a currency code of ISO 4217; use one such as \"KRW\" or \"USD\"")
        })
    }

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
    fn offset_s(&self, at: Timestamp) -> i64 {
        let moment = jiff::Timestamp::from_microsecond(at.micros());
        moment.map_or(0, |moment| i64::from(self.0.to_offset(moment).seconds()))
    }
}

/// The sinks of the analytics. Without any, its group does not run.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Analytics {
    folder: String,
    file_mib: u64,
    url: String,
    timeout_ms: u64,
}

impl Analytics {
    /// Returns the folder of the file sink.
    pub fn folder(&self) -> Option<PathBuf> {
        (!self.folder.is_empty()).then(|| PathBuf::from(&self.folder))
    }

    pub fn file_bytes_max(&self) -> u64 {
        self.file_mib.saturating_mul(1024 * 1024)
    }

    /// Returns the address of the HTTP sink.
    pub fn url(&self) -> Option<&str> {
        Some(self.url.as_str()).filter(|url| !url.is_empty())
    }

    pub fn timeout(&self) -> Duration {
        Duration::from_millis(self.timeout_ms)
    }

    pub fn is_on(&self) -> bool {
        self.folder().is_some() || self.url().is_some()
    }

    pub(super) fn check(&self) -> Result<(), Error> {
        for (key, given) in [("analytics.file_mib", self.file_mib), ("analytics.timeout_ms", self.timeout_ms)] {
            if given == 0 {
                return Err(Error::OutOfRange { key, given, expected: "1 or more" });
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use app::events::wire_time;
    use app::state::rows::Resolution;

    use super::*;

    fn in_zone(zone: &str) -> Shop {
        Shop { time_zone: zone.to_owned(), currency: "KRW".to_owned() }
    }

    #[test]
    fn an_unknown_currency_is_refused_by_code() {
        let refused = Shop { currency: "WON".to_owned(), ..in_zone("UTC") }.currency().unwrap_err();
        assert!(refused.contains("shop.currency") && refused.contains("WON"), "{refused}");
        assert_eq!(in_zone("UTC").currency(), Ok(Currency::KRW));
    }

    fn day(zone: &str, at: &str) -> i64 {
        in_zone(zone).calendar().unwrap().day(wire_time::parse(at).unwrap())
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
    fn a_day_and_an_hour_start_in_the_zone_of_the_shop() {
        let start = |zone: &str, resolution, at: &str| {
            let calendar = in_zone(zone).calendar().unwrap();
            wire_time::format(calendar.start(resolution, wire_time::parse(at).unwrap()))
        };
        let of = |zone: &str, at: &str| Resolution::ALL.iter().map(|it| start(zone, *it, at)).collect::<Vec<_>>();
        let whole = |times: [&str; 3]| times.map(|at| wire_time::format(wire_time::parse(at).unwrap())).to_vec();
        let seoul = whole(["2026-11-29T15:04:00Z", "2026-11-29T15:00:00Z", "2026-11-29T15:00:00Z"]);
        assert_eq!(of("Asia/Seoul", "2026-11-29T15:04:05Z"), seoul);
        let kolkata = whole(["2026-11-29T15:04:00Z", "2026-11-29T14:30:00Z", "2026-11-28T18:30:00Z"]);
        assert_eq!(of("Asia/Kolkata", "2026-11-29T15:04:05Z"), kolkata);
        // The clocks go back at 06:00 UTC on this day, which began in daylight saving time.
        let new_york = whole(["2026-11-01T20:04:00Z", "2026-11-01T20:00:00Z", "2026-11-01T04:00:00Z"]);
        assert_eq!(of("America/New_York", "2026-11-01T20:04:05Z"), new_york);
    }

    #[test]
    fn an_unknown_time_zone_is_refused_by_name() {
        let refused = in_zone("Asia/Atlantis").calendar().unwrap_err();
        assert!(refused.contains("shop.time_zone") && refused.contains("Asia/Atlantis"), "{refused}");
    }
}
