//! Webhooks: time-outs, the schedule of retries, and which receivers are allowed.

use std::time::Duration;

use app::webhooks::runner::Policy;
use domain::webhook::{Profile, Schedule};
use serde::{Deserialize, Serialize};

use crate::config::Error;
use crate::runtime::outward::deference::Deference;
use crate::security::webhook_secrets::keys::Keys;

/// The most pauses of a schedule.
const PAUSES_MAX: usize = 40;

#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Webhooks {
    timeout_s: u64,
    pub profile: Profile,
    pub retry_after: Pauses,
    disable_after_h: u64,
    pub concurrency: usize,
    pub endpoint_concurrency: usize,
    late_by_max_s: u64,
    pub allow_private: bool,
    /// Only from the environment, like all secrets.
    #[serde(skip)]
    keys: SecretKeys,
}

/// Keys, which are never printed.
#[derive(Clone, Default)]
struct SecretKeys(Keys);

impl std::fmt::Debug for SecretKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("…")
    }
}

impl Webhooks {
    /// Returns the keys that encrypt the secrets of endpoints at rest.
    pub fn keys(&self) -> Keys {
        self.keys.0.clone()
    }

    pub(in crate::config) fn set_keys(&mut self, given: Option<&str>) -> Result<(), Error> {
        let keys = given.map(Keys::parse).transpose().map_err(Error::WebhookKeys)?;
        self.keys = SecretKeys(keys.unwrap_or_default());
        Ok(())
    }

    pub const fn timeout(&self) -> Duration {
        Duration::from_secs(self.timeout_s)
    }

    pub const fn deference(&self) -> Deference {
        Deference { late_by_max: Duration::from_secs(self.late_by_max_s) }
    }

    pub fn policy(&self) -> Policy {
        Policy {
            schedule: Schedule::new(self.profile, &self.retry_after.0),
            disable_after: Duration::from_secs(self.disable_after_h.saturating_mul(3_600)),
        }
    }

    pub(in crate::config) fn at_least_one(&self) -> [(&'static str, u64); 4] {
        [
            ("webhooks.timeout_s", self.timeout_s),
            ("webhooks.disable_after_h", self.disable_after_h),
            ("webhooks.concurrency", self.concurrency as u64),
            ("webhooks.endpoint_concurrency", self.endpoint_concurrency as u64),
        ]
    }

    pub(in crate::config) fn check(&self) -> Result<(), Error> {
        if self.timeout_s > 60 {
            let (key, given) = ("webhooks.timeout_s", self.timeout_s);
            return Err(Error::OutOfRange { key, given, expected: "at most 60" });
        }
        Ok(())
    }
}

/// Pauses between attempts: numbers with a unit, between commas.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct Pauses(Vec<Duration>);

/// The longest pause, in seconds: 30 days.
const PAUSE_MAX_S: u64 = 30 * 86_400;

const UNITS: [(&str, u64); 4] = [("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1)];

impl TryFrom<String> for Pauses {
    type Error = String;

    fn try_from(text: String) -> Result<Pauses, String> {
        let pause = |word: &str| {
            let word = word.trim();
            let unit = UNITS.iter().find_map(|(unit, seconds)| Some((word.strip_suffix(unit)?, seconds)));
            let parsed = unit.and_then(|(number, seconds)| number.trim().parse::<u32>().ok().map(|n| (n, seconds)));
            let (number, seconds) = parsed
                .filter(|(number, _)| *number > 0)
                .ok_or_else(|| format!("{word:?} is no pause; write a number and s, m, h or d, such as 30m"))?;
            let seconds = u64::from(number) * seconds;
            if seconds > PAUSE_MAX_S {
                return Err(format!("{word:?} is too long; a pause has at most {} days", PAUSE_MAX_S / 86_400));
            }
            Ok(Duration::from_secs(seconds))
        };
        let pauses = text.split(',').map(pause).collect::<Result<Vec<_>, String>>()?;
        if pauses.len() > PAUSES_MAX {
            return Err(format!("{} pauses are too many; at most {PAUSES_MAX} are allowed", pauses.len()));
        }
        Ok(Pauses(pauses))
    }
}

impl From<Pauses> for String {
    fn from(pauses: Pauses) -> String {
        let word = |pause: Duration| {
            let seconds = pause.as_secs();
            let unit = UNITS.iter().find(|(_, unit)| seconds.is_multiple_of(*unit));
            unit.map_or_else(String::new, |(name, unit)| format!("{}{name}", seconds / unit))
        };
        pauses.0.into_iter().map(word).collect::<Vec<_>>().join(",")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_survive_their_text() {
        for text in ["1s", "1s,2s,4s,8s,1m,5m,30m,2h,5h,10h,10h", "90s,1d", "30d"] {
            assert_eq!(String::from(Pauses::try_from(text.to_owned()).unwrap()), text);
        }
        for wrong in ["", "1", "0s", "1s,", "-1s", "1w", "1s;2s", "31d", "2592001s", "999999999d"] {
            assert!(Pauses::try_from(wrong.to_owned()).is_err(), "{wrong}");
        }
        assert!(Pauses::try_from(vec!["1s"; PAUSES_MAX + 1].join(",")).is_err());
    }
}
